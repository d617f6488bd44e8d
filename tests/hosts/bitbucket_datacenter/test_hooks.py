"""Bitbucket Data Center's webhooks: every event of HOSTS 5.6, as "Event payload" writes it."""

from datetime import timedelta
from typing import Any

import pytest

from permsync.codehost.notices import (
    Notice,
    OwnerChanged,
    PersonChanged,
    Ping,
    RepositoryChanged,
    Unknown,
)
from permsync.codehost.signatures import Refusal
from tests.hosts.deliveries import delivered, hooks_of, notice_of, reading_of

ACTOR = {"name": "ada", "id": 3, "active": True}
OLD = {"slug": "engine", "id": 84, "project": {"key": "ACME", "id": 5}, "public": True}

EVENTS: list[tuple[str, dict[str, Any], Notice]] = [
    ("diagnostics:ping", {"test": True}, Ping()),
    ("repo:modified", {"actor": ACTOR, "old": OLD, "new": OLD}, RepositoryChanged("84")),
    ("repo:forked", {"actor": ACTOR, "repository": OLD}, PersonChanged("3")),
    ("project:modified", {"actor": ACTOR, "old": {"id": 5}, "new": {"id": 5}}, OwnerChanged("5")),
    ("repo:refs_changed", {"actor": ACTOR, "repository": OLD}, Unknown()),
    ("mirror:repo_synchronized", {"repository": OLD}, Unknown()),
]


@pytest.mark.parametrize(("event", "body", "notice"), EVENTS)
def test_an_event_is_a_notice_in_ids(event: str, body: dict[str, Any], notice: Notice) -> None:
    assert notice_of("bitbucket_datacenter", body, {"x-event-key": event}) == notice


def test_a_delivery_is_named_by_its_request() -> None:
    headers = {"x-event-key": "diagnostics:ping", "x-request-id": "r-1"}
    assert reading_of("bitbucket_datacenter", {}, headers).delivery_id == "r-1"


def test_fake_18_an_empty_signature_is_refused() -> None:
    refused = hooks_of("bitbucket_datacenter").refusal(
        delivered({}, {"x-hub-signature": ""}), ("secret",), tolerance=timedelta(minutes=1)
    )
    assert refused is Refusal.SIGNATURE_EMPTY
