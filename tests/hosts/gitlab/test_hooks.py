"""GitLab's webhooks: every event of HOSTS 3.6, as "System hooks" and "Webhook events" write it."""

from datetime import timedelta
from typing import Any

import pytest

from permsync.codehost.notices import (
    MemberAdded,
    MemberRemoved,
    Notice,
    OwnerChanged,
    OwnerMemberRemoved,
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

SYSTEM = {"x-gitlab-event": "System Hook"}
TEAM = {
    "access_level": "Maintainer",
    "project_id": 74,
    "project_path_with_namespace": "jsmith/storecloud",
    "user_id": 41,
    "user_email": "johnsmith@example.com",
    "user_username": "johnsmith",
    "project_visibility": "private",
}
GROUP = {"group_id": 78, "group_path": "storecloud", "user_id": 41, "user_username": "johnsmith"}
PROJECT = {"project_id": 74, "path_with_namespace": "jsmith/storecloud", "owners": []}

EVENTS: list[tuple[str, dict[str, Any], Notice]] = [
    ("user_add_to_team", TEAM, MemberAdded("41", "74")),
    ("user_update_for_team", TEAM, MemberAdded("41", "74")),
    ("user_remove_from_team", TEAM, MemberRemoved("41", "74")),
    ("user_add_to_group", GROUP, PersonChanged("41")),
    ("user_update_for_group", GROUP, PersonChanged("41")),
    ("user_remove_from_group", GROUP, OwnerMemberRemoved("41", "78")),
    ("user_rename", {"user_id": 41, "username": "js"}, PersonChanged("41")),
    ("user_destroy", {"user_id": 41}, PersonChanged("41")),
    ("user_failed_login", {"user_id": 41, "state": "blocked"}, PersonChanged("41")),
    ("user_create", {"user_id": 41}, Unknown()),
    ("project_create", {**PROJECT, "project_visibility": "private"}, Unknown()),
    ("project_destroy", {**PROJECT, "project_visibility": "internal"}, RepositoryGone("74")),
    ("project_rename", {**PROJECT, "project_visibility": "internal"}, RepositoryChanged("74")),
    ("project_transfer", {**PROJECT, "project_visibility": "x"}, RepositoryTransferred("74")),
    ("project_update", {**PROJECT, "project_visibility": "private"}, RepositoryMadePrivate("74")),
    ("project_update", {**PROJECT, "project_visibility": "public"}, RepositoryMadePublic("74")),
    ("project_update", {**PROJECT, "project_visibility": "internal"}, RepositoryChanged("74")),
    ("project_update", PROJECT, RepositoryChanged("74")),
    ("group_create", {"group_id": 78}, Unknown()),
    ("group_destroy", {"group_id": 78}, OwnerChanged("78")),
    ("group_rename", {"group_id": 78, "path": "better"}, OwnerChanged("78")),
    ("subgroup_destroy", {"group_id": 79, "parent_group_id": 78}, OwnerChanged("79")),
    ("repository_update", {"project_id": 74, "user_id": 41}, Unknown()),
    ("push", {"project_id": 74, "user_id": 41}, Unknown()),
]


@pytest.mark.parametrize(("event", "body", "notice"), EVENTS)
def test_an_event_is_a_notice_in_ids(event: str, body: dict[str, Any], notice: Notice) -> None:
    assert notice_of("gitlab", {"event_name": event, **body}, SYSTEM) == notice


def test_the_header_does_not_name_the_event() -> None:
    """Every system hook says the same there, and nothing signs it."""
    headers = {"x-gitlab-event": "user_remove_from_team"}
    assert notice_of("gitlab", TEAM, headers) == Unknown()


def test_a_delivery_is_named_by_what_its_retries_keep() -> None:
    headers = {"x-gitlab-event-uuid": "c", "idempotency-key": "b", "webhook-id": "a"}
    names = []
    while headers:
        names.append(reading_of("gitlab", {}, headers).delivery_id)
        headers.popitem()
    assert names == ["a", "b", "c"]


def test_gitlab_with_a_wrong_token_is_refused() -> None:
    sent = delivered(TEAM, {"x-gitlab-token": "wrong"})
    refused = hooks_of("gitlab").refusal(sent, ("right",), tolerance=timedelta(minutes=1))
    assert refused is Refusal.SIGNATURE_WRONG
