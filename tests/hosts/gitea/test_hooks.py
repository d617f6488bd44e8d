"""Gitea's webhooks: every event of HOSTS 6.5 that concerns us, and how a delivery is proved."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from permsync.codehost.notices import Notice, PersonChanged, RepositoryGone, Unknown
from permsync.codehost.signatures import Delivery, Refusal
from tests.hosts.deliveries import hooks_of, notice_of, reading_of

SECRET = "It's a Secret to Everybody"
BODY = {
    "repository": {"id": 74, "full_name": "acme/engine", "private": True},
    "organization": {"id": 3, "login": "acme"},
    "sender": {"id": 41, "login": "ada"},
}

EVENTS: list[tuple[str, dict[str, Any], Notice]] = [
    ("repository", {**BODY, "action": "deleted"}, RepositoryGone("74")),
    ("repository", {**BODY, "action": "created"}, PersonChanged("41")),
    ("repository", {**BODY, "action": "renamed"}, Unknown()),
    ("repository", {"action": "deleted", "repository": {"id": "74"}}, Unknown()),
    ("fork", {**BODY, "forkee": {"id": 5}}, PersonChanged("41")),
    ("push", BODY, Unknown()),
    ("status", BODY, Unknown()),
]


def _sent(body: bytes, **headers: str) -> Delivery:
    named = {f"x-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Delivery(named, body, datetime.now(UTC))


def _refused(delivery: Delivery) -> Refusal | None:
    return hooks_of("gitea").refusal(delivery, (SECRET,), tolerance=timedelta(minutes=1))


def _digest(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, "sha256").hexdigest()


@pytest.mark.parametrize(("event", "body", "notice"), EVENTS)
def test_an_event_is_a_notice_in_ids(event: str, body: dict[str, Any], notice: Notice) -> None:
    assert notice_of("gitea", body, {"x-gitea-event": event}) == notice


def test_copies_of_githubs_headers_name_no_event() -> None:
    gone = {**BODY, "action": "deleted"}
    assert notice_of("gitea", gone, {"x-github-event": "repository"}) == Unknown()


def test_a_delivery_is_named_by_giteas_own_header() -> None:
    headers = {"x-github-delivery": "g-1", "x-gitea-delivery": "d-1"}
    assert reading_of("gitea", BODY, headers).delivery_id == "d-1"


def test_the_signature_is_bare_digits() -> None:
    """HOSTS 9.1: the algorithm of GitHub's example, without its prefix."""
    digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert _refused(_sent(b"Hello, World!", gitea_signature=digits)) is None
    prefixed = _sent(b"Hello, World!", gitea_signature=f"sha256={digits}")
    assert _refused(prefixed) is Refusal.SIGNATURE_WRONG


def test_fake_18_without_a_secret_the_signature_is_empty_and_refused() -> None:
    assert _refused(_sent(b"{}", gitea_signature="")) is Refusal.SIGNATURE_EMPTY


def test_a_copy_of_the_signature_under_githubs_name_proves_nothing() -> None:
    copied = _sent(b"{}", hub_signature_256=f"sha256={_digest(b'{}')}")
    assert _refused(copied) is Refusal.SIGNATURE_MISSING


def test_fake_18_forgejos_delivery_with_everybodys_headers_is_proved_and_read() -> None:
    """services/webhook/shared/payloader.go sends five families of names."""
    body = json.dumps({**BODY, "action": "deleted"}).encode()
    sent = _sent(
        body,
        **{
            f"{family}_{name}": value
            for family in ("forgejo", "gitea", "gogs", "github")
            for name, value in (("event", "repository"), ("delivery", "d-1"))
        },
        forgejo_signature=_digest(body),
        gitea_signature=_digest(body),
        hub_signature_256=f"sha256={_digest(body)}",
    )
    assert _refused(sent) is None
    assert hooks_of("gitea").parse(sent).notice == RepositoryGone("74")


def test_a_form_is_refused_because_its_signature_is_of_something_else() -> None:
    """Gitea signs the JSON inside; the guide says which content type to choose."""
    payload = json.dumps(BODY)
    form = b"payload=%7B%7D"
    assert _refused(_sent(form, gitea_signature=_digest(payload.encode()))) is (
        Refusal.SIGNATURE_WRONG
    )
