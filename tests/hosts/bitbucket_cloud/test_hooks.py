"""Bitbucket Cloud's webhooks: every event of HOSTS 4.6, as "Event payloads" writes it."""

from datetime import timedelta
from typing import Any

import pytest

from permsync.codehost.notices import (
    Notice,
    OwnerChanged,
    PersonChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
    Unknown,
)
from permsync.codehost.signatures import Refusal
from tests.hosts.deliveries import delivered, hooks_of, notice_of, reading_of

ENGINE = "{673A6070-3421-46c9-9d48-90745f7bfe8e}"
KEPT = ENGINE.lower()
ACTOR = "{d301aafa-d676-4ee0-88be-962be7417567}"
BODY = {"actor": {"uuid": ACTOR, "account_id": "557058"}, "repository": {"uuid": ENGINE}}
PRIVATE = {**BODY, "repository": {"uuid": ENGINE, "is_private": True}}
PUBLIC = {**BODY, "repository": {"uuid": ENGINE, "is_private": False}}

EVENTS: list[tuple[str, dict[str, Any], Notice]] = [
    ("repo:updated", PRIVATE, RepositoryMadePrivate(KEPT)),
    ("repo:updated", PUBLIC, RepositoryMadePublic(KEPT)),
    ("repo:updated", BODY, RepositoryChanged(KEPT)),
    ("repo:transfer", PRIVATE, RepositoryTransferred(KEPT)),
    ("repo:deleted", PRIVATE, RepositoryGone(KEPT)),
    ("repo:created", PRIVATE, PersonChanged(ACTOR)),
    ("repo:imported", PRIVATE, PersonChanged(ACTOR)),
    ("repo:fork", PRIVATE, PersonChanged(ACTOR)),
    ("project:updated", {"project": {"workspace": {"uuid": ENGINE}}}, OwnerChanged(KEPT)),
    ("project:updated", {"project": {"uuid": ENGINE}}, Unknown()),
    ("repo:push", PRIVATE, Unknown()),
    ("repo:deleted", {"repository": {"uuid": "engine or what"}}, Unknown()),
    ("repo:deleted", {"repository": {"uuid": 7}}, Unknown()),
]


@pytest.mark.parametrize(("event", "body", "notice"), EVENTS)
def test_an_event_is_a_notice_in_ids(event: str, body: dict[str, Any], notice: Notice) -> None:
    assert notice_of("bitbucket_cloud", body, {"x-event-key": event}) == notice


def test_a_delivery_is_named_by_the_request_that_its_retries_repeat() -> None:
    headers = {"x-event-key": "repo:push", "x-request-uuid": "u-1", "x-attempt-number": "2"}
    assert reading_of("bitbucket_cloud", {}, headers).delivery_id == "u-1"


def test_a_webhook_without_a_secret_sends_no_signature_and_is_refused() -> None:
    refused = hooks_of("bitbucket_cloud").refusal(
        delivered({}), ("secret",), tolerance=timedelta(minutes=1)
    )
    assert refused is Refusal.SIGNATURE_MISSING
