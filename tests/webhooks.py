"""
Webhooks as tests send them: signed by hand, from nothing but what HOSTS says of each host.

Neither the product nor the simulator vouches for another here, but for kinds that are not
written down: their deliveries are the simulator's. This module must not know what a test asks.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from permsync.flows.drain_webhooks import drain_webhooks
from permsync.flows.receive_webhook import DRAIN, Received, receive_webhook
from permsync.model import Account
from permsync.simulator.faults import HookFaults
from permsync.simulator.hooks import Hook, Letterhead, Stamp, compose
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Repository
from tests.flows.scenes import column, queued, rows
from tests.world import KINDS, World

SECRET = "the secret of every test's webhook"
OLD_SECRET = "the secret before that one, still known"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = (SECRET, OLD_SECRET, KEY)
WAITING = "SELECT count(*) FROM webhook_delivery WHERE waits"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery, ready to be sent, once or more often."""

    host: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


def hooked(world: World, *hosts: str) -> World:
    """The same world, where these hosts, or all, have secrets for webhooks."""
    made = {
        name: replace(one, webhook_secrets=SECRETS if not hosts or name in hosts else ())
        for name, one in world.services.hosts.items()
    }
    return replace(world, services=replace(world.services, hosts=made))


def github(event: str, content: Mapping[str, Any], *, secret: str = SECRET) -> Sent:
    """A delivery of GitHub."""
    body = json.dumps(content).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": f"guid-{next(_numbers)}",
        "x-hub-signature-256": "sha256=" + digest_of(secret.encode(), body).hex(),
    }
    return Sent("github", headers, body)


def gitlab(event: str, content: Mapping[str, Any], *, token: str = SECRET) -> Sent:
    """A delivery of GitLab, proved by its token."""
    body = json.dumps({"event_name": event, **content}).encode()
    headers = {
        "content-type": "application/json",
        "x-gitlab-event": "System Hook",
        "x-gitlab-token": token,
        "idempotency-key": f"key-{next(_numbers)}",
    }
    return Sent("gitlab", headers, body)


def gitlab_signed(event: str, content: Mapping[str, Any], *, at_seconds: int) -> Sent:
    """A delivery of GitLab, proved by a signature."""
    sent = gitlab(event, content)
    number = f"msg_{next(_numbers)}"
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    signature = digest_of(key, f"{number}.{at_seconds}.".encode() + sent.body)
    headers = {
        "webhook-id": number,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
    return Sent("gitlab", headers, sent.body)


def bitbucket(host: str, event: str, content: Mapping[str, Any]) -> Sent:
    """A delivery of Bitbucket, Cloud or Data Center."""
    body = json.dumps(content).encode()
    number = f"request-{next(_numbers)}"
    headers = {
        "content-type": "application/json",
        "x-event-key": event,
        "x-request-uuid": number,
        "x-request-id": number,
        "x-hub-signature": "sha256=" + digest_of(SECRET.encode(), body).hex(),
    }
    return Sent(host, headers, body)


def made(host: str, event: str, content: Mapping[str, Any]) -> Sent:
    """A proved delivery of any host of the sample world."""
    match KINDS[host]:
        case "github":
            return github(event, content)
        case "gitlab":
            return gitlab(event, content)
        case "bitbucket_cloud" | "bitbucket_datacenter":
            return bitbucket(host, event, content)
        case kind:
            return _composed(host, kind, event, content)


def proofs_of(host: str, body: bytes) -> dict[str, str]:
    """The headers by which any host would prove this body."""
    sent, head = made(host, "event", {}), roles()[KINDS[host]].letterhead
    proof = head.proved(_hook(head), Stamp("event", "id", 0), body)
    spoken = {name.lower(): value for name, value in proof.items()}
    return {name: value for name, value in spoken.items() if name in sent.headers}


def _hook(head: Letterhead) -> Hook:
    return Hook(1, "http://127.0.0.1:1/hooks", SECRET, head.style)


def _composed(host: str, kind: str, event: str, content: Mapping[str, Any]) -> Sent:
    head, said = roles()[kind].letterhead, dict(content)
    one = compose(
        _hook(head), head=head, event=event, content=said, at_seconds=0, faults=HookFaults()
    )
    headers = {name.lower(): value for name, value in one.headers.items()}
    return Sent(host, headers, one.body)


def digest_of(key: bytes, body: bytes) -> bytes:
    """HMAC-SHA256, by the standard library."""
    return hmac.new(key, body, "sha256").digest()


async def receive(world: World, sent: Sent) -> Received:
    """Send it to the service."""
    return await receive_webhook(
        world.services, host=sent.host, headers=sent.headers, body=sent.body
    )


async def waiting(world: World) -> int:
    """How many deliveries wait in the inbox."""
    (number,) = await column(world.services.database, WAITING)
    return int(number)


async def inbox(world: World) -> list[dict[str, Any]]:
    """Every delivery in the inbox, by age."""
    return await rows(world.services.database, "SELECT * FROM webhook_delivery ORDER BY id")


def member(account: Account, one: Repository) -> dict[str, Any]:
    """The fields of a GitLab event about a person and a project."""
    return {"user_id": int(account.external_id), "project_id": one.id}


async def heed(world: World, *sent: Sent) -> int:
    """Receive these and carry out everything that waits."""
    for one in sent:
        await receive(world, one)
    return await drain_webhooks(world.services)


async def jobs(world: World) -> set[str]:
    """The kinds of jobs that wait besides the round itself."""
    return await queued(world.services.database) - {DRAIN}
