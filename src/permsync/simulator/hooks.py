"""
Webhooks of a host: where they go, how they are proved, and how a delivery is put together.

Composing is all that happens here; postman.py sends. A fault that is in the request itself
(a wrong signature, another host's headers, padding) is put in here as well. What a kind writes
into headers is its letterhead; no kind is known here.
"""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from permsync.simulator.faults import HookFaults

Style = Literal["signature", "token", "signed"]
# An event's name and its body, as a kind words what happened.
Said = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class Hook:
    """
    Where a host tells what happens.

    `signature` is a digest of the body, `token` the secret itself (GitLab), `signed` GitLab's
    newer form after Standard Webhooks, whose secret begins with `whsec_`.
    """

    id: int
    url: str
    secret: str
    style: Style = "signature"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What names one delivery: its event, its id, its second."""

    event: str
    delivery_id: str
    at_seconds: int


@dataclass(frozen=True, slots=True)
class Letterhead:
    """
    What a kind's deliveries carry in their headers.

    `named` says who sends what, `proved` that it is them; `event_field` is where a body names
    its event as well, if it does. `style` is how hooks are usually proved there.
    """

    named: Callable[[Hook, Stamp], dict[str, str]]
    proved: Callable[[Hook, Stamp, bytes], dict[str, str]]
    event_field: str = ""
    style: Style = "signature"


@dataclass(slots=True)
class Outgoing:
    """One delivery, ready to be sent; `status` is the answer's, 0 before and without one."""

    id: str
    event: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 0


def unsigned() -> Letterhead:
    """The letterhead of a kind that sends nothing."""
    return Letterhead(lambda _hook, _stamp: {}, lambda _hook, _stamp, _body: {})


def new_id() -> str:
    """What names a delivery."""
    return str(uuid.uuid4())


def compose(
    hook: Hook,
    *,
    head: Letterhead,
    event: str,
    content: object,
    at_seconds: int,
    faults: HookFaults,
) -> Outgoing:
    """The delivery of one event, with the faults that are in it already."""
    if head.event_field and isinstance(content, dict):
        content = {head.event_field: event, **content}
    body = msgspec.json.encode(content)
    if faults.padding_bytes:
        body = body[:-1] + b',"padding":"' + b"x" * faults.padding_bytes + b'"}'
    stamp = Stamp(event, new_id(), at_seconds)
    headers = {"content-type": "application/json", "user-agent": "hookshot"}
    headers |= head.named(hook, stamp)
    proof = head.proved(hook, stamp, body)
    if faults.as_gitea:
        headers |= {"X-Gitea-Event": event, "X-Gitea-Delivery": stamp.delivery_id}
        headers |= {"X-GitHub-Event": event, "X-GitHub-Delivery": stamp.delivery_id}
        proof |= {"X-Gitea-Signature": digest_of(hook, body).hex()}
    headers |= _spoiled(proof, faults)
    return Outgoing(stamp.delivery_id, event, hook.url, headers, body)


def renamed(sent: Outgoing) -> Outgoing:
    """The same delivery under a new id in its headers, as somebody who kept it would send it."""
    fresh = new_id()
    headers = {name: fresh if value == sent.id else value for name, value in sent.headers.items()}
    return Outgoing(fresh, sent.event, sent.url, headers, sent.body)


def digest_of(hook: Hook, body: bytes) -> bytes:
    """HMAC-SHA256 of a body under the hook's secret, which is what most kinds sign with."""
    return hmac.new(hook.secret.encode(), body, hashlib.sha256).digest()


def _spoiled(proof: dict[str, str], faults: HookFaults) -> dict[str, str]:
    match faults.signature:
        case "right":
            return proof
        case "missing":
            return {}
        case "empty":
            return dict.fromkeys(proof, "")
        case "wrong":
            return {name: f"{value[:-4]}0000" for name, value in proof.items()}
