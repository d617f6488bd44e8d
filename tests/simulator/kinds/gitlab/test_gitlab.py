"""What GitLab's system hooks say of what happens, and how they are proved."""

import base64
import hashlib
import hmac
import json

import pytest

from permsync.simulator.happenings import What
from tests.simulator.tellings import AT_SECONDS, PEOPLE, SECRET, digest, made, said

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LEFT_AND_JOINED: tuple[What, ...] = ("joined", "left")


@pytest.mark.parametrize(
    ("what", "event"),
    [
        ("granted", "user_add_to_team"),
        ("regraded", "user_update_for_team"),
        ("revoked", "user_remove_from_team"),
        ("joined", "user_add_to_group"),
        ("left", "user_remove_from_group"),
        ("created", "project_create"),
        ("removed", "project_destroy"),
        ("renamed", "project_rename"),
        ("transferred", "project_transfer"),
        ("made_private", "project_update"),
        ("made_internal", "project_update"),
        ("made_public", "project_update"),
    ],
)
def test_gitlab_names_the_event(what: What, event: str) -> None:
    ((name, body),) = said("gitlab", what, was="core/old")
    assert name == event
    if what in PEOPLE:
        assert body["user_id"] == 7
    else:
        assert body["project_id"] == 9


def test_gitlab_says_nothing_of_an_ended_consent() -> None:
    assert said("gitlab", "authorization_revoked", repository=None) == []


def test_a_ping_is_a_push() -> None:
    assert [event for event, _ in said("gitlab", "ping")] == ["push"]


def test_what_has_no_facts_is_said_without_them() -> None:
    bare = {"person": None, "repository": None, "owner": None}
    for what in LEFT_AND_JOINED:
        ((_, body),) = said("gitlab", what, **bare)
        assert "7" not in str(body)


def test_the_token_itself_is_sent_and_the_event_stands_in_the_body() -> None:
    sent = made("gitlab")
    assert sent.headers["X-Gitlab-Token"] == SECRET
    assert sent.headers["X-Gitlab-Event"] == "System Hook"
    assert json.loads(sent.body)["event_name"] == "member"


def test_a_digest_can_be_asked_for_in_its_place() -> None:
    sent = made("gitlab", "signature")
    assert sent.headers["X-Hub-Signature"] == f"sha256={digest(sent.body)}"


def test_the_newer_form_signs_id_time_and_body() -> None:
    sent = made("gitlab", "signed", secret=KEY)
    key = base64.b64decode(KEY.removeprefix("whsec_"))
    signed = f"{sent.id}.{AT_SECONDS}.".encode() + sent.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert sent.headers["webhook-signature"] == f"v1,{expected}"
    assert sent.headers["webhook-id"] == sent.headers["Idempotency-Key"] == sent.id
    assert "X-Gitlab-Token" not in sent.headers
