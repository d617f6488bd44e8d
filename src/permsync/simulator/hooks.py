"""
Webhooks of a host: where they go, how they are proved, and what each kind puts into headers.

Composing is all that happens here; postman.py sends. A fault that is in the request itself
(a wrong signature, another host's headers, padding) is put in here as well.
"""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Literal

import msgspec

from permsync.simulator.faults import HookFaults

Style = Literal["signature", "token", "signed"]
KEY = "whsec_"


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


@dataclass(slots=True)
class Outgoing:
    """One delivery, ready to be sent; `status` is the answer's, 0 before and without one."""

    id: str
    event: str
    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 0


def new_id() -> str:
    """What names a delivery."""
    return str(uuid.uuid4())


def compose(
    hook: Hook, *, kind: str, event: str, content: object, at_seconds: int, faults: HookFaults
) -> Outgoing:
    """The delivery of one event, with the faults that are in it already."""
    if kind == "gitlab" and isinstance(content, dict):
        content = {"event_name": event, **content}
    body = msgspec.json.encode(content)
    if faults.padding_bytes:
        body = body[:-1] + b',"padding":"' + b"x" * faults.padding_bytes + b'"}'
    delivery_id = new_id()
    headers = {"content-type": "application/json", "user-agent": f"{kind}-hookshot"}
    headers |= _named(kind, hook, event=event, delivery_id=delivery_id)
    headers |= _proof(kind, hook, body, delivery_id=delivery_id, at_seconds=at_seconds)
    if faults.as_gitea:
        headers |= {"X-Gitea-Event": event, "X-Gitea-Delivery": delivery_id}
        headers |= {"X-Gitea-Signature": _digest(hook.secret.encode(), body).hex()}
        headers |= {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery_id}
    return Outgoing(delivery_id, event, hook.url, _spoiled(headers, faults), body)


def renamed(sent: Outgoing) -> Outgoing:
    """The same delivery under a new id in its headers, as somebody who kept it would send it."""
    fresh = new_id()
    headers = {name: fresh if value == sent.id else value for name, value in sent.headers.items()}
    return Outgoing(fresh, sent.event, sent.url, headers, sent.body)


def _named(kind: str, hook: Hook, *, event: str, delivery_id: str) -> dict[str, str]:
    """What says who sends what."""
    match kind:
        case "github":
            return {
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": delivery_id,
                "X-GitHub-Hook-ID": str(hook.id),
                "X-GitHub-Hook-Installation-Target-Type": "organization",
            }
        case "gitlab":
            return {
                "X-Gitlab-Event": "System Hook",
                "X-Gitlab-Event-UUID": str(uuid.uuid4()),
                "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, hook.url)),
                "Idempotency-Key": delivery_id,
            }
        case "bitbucket_cloud":
            return {
                "X-Event-Key": event,
                "X-Hook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, hook.url)),
                "X-Request-UUID": delivery_id,
                "X-Attempt-Number": "1",
            }
        case _:
            return {"X-Event-Key": event, "X-Request-Id": delivery_id}


def _proof(
    kind: str, hook: Hook, body: bytes, *, delivery_id: str, at_seconds: int
) -> dict[str, str]:
    """What proves it; GitHub sends the older digest beside the newer."""
    if hook.style == "token":
        return {"X-Gitlab-Token": hook.secret}
    if hook.style == "signed":
        key = base64.b64decode(hook.secret.removeprefix(KEY))
        signed = f"{delivery_id}.{at_seconds}.".encode() + body
        return {
            "webhook-id": delivery_id,
            "webhook-timestamp": str(at_seconds),
            "webhook-signature": "v1," + base64.b64encode(_digest(key, signed)).decode(),
        }
    signature = "sha256=" + _digest(hook.secret.encode(), body).hex()
    if kind != "github":
        return {"X-Hub-Signature": signature}
    older = hmac.new(hook.secret.encode(), body, hashlib.sha1).hexdigest()
    return {"X-Hub-Signature-256": signature, "X-Hub-Signature": f"sha1={older}"}


def _digest(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()


PROOFS = (
    "X-Hub-Signature",
    "X-Hub-Signature-256",
    "X-Gitlab-Token",
    "X-Gitea-Signature",
    "webhook-signature",
)


def _spoiled(headers: dict[str, str], faults: HookFaults) -> dict[str, str]:
    match faults.signature:
        case "right":
            return headers
        case "missing":
            return {name: value for name, value in headers.items() if name not in PROOFS}
        case "empty":
            return {name: "" if name in PROOFS else value for name, value in headers.items()}
        case "wrong":
            return {
                name: value[:-4] + "0000" if name in PROOFS else value
                for name, value in headers.items()
            }
