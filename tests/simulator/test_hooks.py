"""Deliveries as each kind composes them: headers, proofs, and the faults that are inside."""

import hashlib
import hmac
import json

import pytest

from permsync.simulator.faults import HookFaults
from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Hook, Outgoing, Style, compose, renamed, unsigned
from permsync.simulator.kinds import roles
from permsync.simulator.repositories import Account, Namespace, Repository

FACTS = (
    Account("ada", 7, "{u-7}", "7:x", "ada", "Ada", "ada@example.com"),
    Repository(9, "{r-9}", "core", "engine"),
    Namespace(3, "{w-3}", "core"),
    "core/old",
)
SECRET = "It's a Secret to Everybody"
SENDERS = [kind for kind, role in roles().items() if role.says(Happening("renamed", *FACTS))]
CONTENT = {"project_id": 7}


def made(
    kind: str, style: Style = "signature", secret: str = SECRET, faults: HookFaults | None = None
) -> Outgoing:
    """One delivery of this kind."""
    hook = Hook(3, "http://127.0.0.1:1/x", secret, style)
    return compose(
        hook,
        head=roles()[kind].letterhead,
        event="member",
        content=CONTENT,
        at_seconds=1614265330,
        faults=faults or HookFaults(),
    )


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("kind", SENDERS)
def test_a_proof_may_be_missing_empty_or_wrong(kind: str) -> None:
    missing = made(kind, faults=HookFaults(signature="missing")).headers
    right = made(kind).headers.keys() - missing.keys()
    assert right
    assert not right & set(missing)
    empty = made(kind, faults=HookFaults(signature="empty")).headers
    assert {empty[name] for name in right} == {""}
    wrong = made(kind, faults=HookFaults(signature="wrong"))
    assert all(wrong.headers[name] != signature(wrong.body) for name in right)


def test_a_gitea_carries_githubs_headers_beside_its_own() -> None:
    sent = made("github", faults=HookFaults(as_gitea=True))
    assert sent.headers["X-Gitea-Event"] == sent.headers["X-GitHub-Event"] == "member"
    assert "sha256=" + sent.headers["X-Gitea-Signature"] == signature(sent.body)


def test_padding_is_signed_too() -> None:
    sent = made("github", faults=HookFaults(padding_bytes=1_000))
    assert len(sent.body) > 1_000
    assert json.loads(sent.body)["project_id"] == 7
    assert sent.headers["X-Hub-Signature-256"] == signature(sent.body)


def test_the_same_delivery_may_come_under_another_id() -> None:
    sent = made("github")
    other = renamed(sent)
    assert other.id != sent.id
    assert other.headers["X-GitHub-Delivery"] == other.id
    assert other.body == sent.body
    assert other.headers["X-Hub-Signature-256"] == sent.headers["X-Hub-Signature-256"]


def test_a_kind_without_hooks_proves_and_names_nothing() -> None:
    sent = compose(
        Hook(3, "http://127.0.0.1:1/x", SECRET),
        head=unsigned(),
        event="member",
        content=[],
        at_seconds=0,
        faults=HookFaults(),
    )
    assert set(sent.headers) == {"content-type", "user-agent"}
