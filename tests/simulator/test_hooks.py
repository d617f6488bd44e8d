"""Deliveries as each kind composes them: headers, proofs, and the faults that are inside."""

import base64
import hashlib
import hmac
import json

import pytest

from permsync.simulator.faults import HookFaults
from permsync.simulator.hooks import PROOFS, Hook, Outgoing, Style, compose, renamed

SECRET = "It's a Secret to Everybody"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONTENT = {"project_id": 7}


def made(
    kind: str, style: Style = "signature", secret: str = SECRET, faults: HookFaults | None = None
) -> Outgoing:
    """One delivery of this kind."""
    hook = Hook(3, "http://127.0.0.1:1/x", secret, style)
    return compose(
        hook,
        kind=kind,
        event="member",
        content=CONTENT,
        at_seconds=1614265330,
        faults=faults or HookFaults(),
    )


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_github_signs_the_body_and_names_event_and_delivery() -> None:
    sent = made("github")
    assert sent.headers["X-Hub-Signature-256"] == signature(sent.body)
    assert sent.headers["X-Hub-Signature"].startswith("sha1=")
    assert sent.headers["X-GitHub-Event"] == "member"
    assert sent.headers["X-GitHub-Delivery"] == sent.id
    assert json.loads(sent.body) == CONTENT


@pytest.mark.parametrize(
    ("kind", "named"),
    [("bitbucket_cloud", "X-Request-UUID"), ("bitbucket_datacenter", "X-Request-Id")],
)
def test_bitbucket_signs_in_the_older_header(kind: str, named: str) -> None:
    sent = made(kind)
    assert sent.headers["X-Hub-Signature"] == signature(sent.body)
    assert "X-Hub-Signature-256" not in sent.headers
    assert sent.headers["X-Event-Key"] == "member"
    assert sent.headers[named] == sent.id


def test_gitlab_sends_the_token_itself_and_the_event_in_the_body() -> None:
    sent = made("gitlab", "token")
    assert sent.headers["X-Gitlab-Token"] == SECRET
    assert sent.headers["X-Gitlab-Event"] == "System Hook"
    assert json.loads(sent.body)["event_name"] == "member"


def test_gitlabs_newer_form_signs_id_time_and_body() -> None:
    sent = made("gitlab", "signed", KEY)
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    signed = f"{sent.id}.1614265330.".encode() + sent.body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent.headers["webhook-signature"] == f"v1,{digest}"
    assert sent.headers["webhook-id"] == sent.headers["Idempotency-Key"] == sent.id
    assert "X-Gitlab-Token" not in sent.headers


@pytest.mark.parametrize("kind", ["github", "gitlab", "bitbucket_cloud"])
def test_a_proof_may_be_missing_empty_or_wrong(kind: str) -> None:
    right = {name for name in made(kind).headers if name in PROOFS}
    assert right
    missing = made(kind, faults=HookFaults(signature="missing")).headers
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
