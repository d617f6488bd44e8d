"""GitHub's webhooks: every event of HOSTS 2.6, as its schemas write it."""

from datetime import timedelta
from typing import Any

import pytest

from permsync.codehost.notices import (
    AuthorizationRevoked,
    CoverageGrew,
    CoverageShrank,
    HookGone,
    MemberAdded,
    MemberRemoved,
    Notice,
    OwnerChanged,
    OwnerMemberRemoved,
    PersonChanged,
    Ping,
    ReadersChanged,
    RepositoryChanged,
    RepositoryGone,
    RepositoryMadePrivate,
    RepositoryMadePublic,
    RepositoryTransferred,
    Unknown,
)
from permsync.codehost.signatures import Delivery, Refusal
from tests.hosts.deliveries import delivered, hooks_of, notice_of, reading_of

REPOSITORY = {"id": 9, "full_name": "acme/engine", "private": False, "owner": {"id": 3}}
ORGANIZATION = {"id": 3, "login": "acme"}
ADA = {"id": 7, "login": "ada"}
GRACE = {"id": 8, "login": "grace"}
IN_ORGANIZATION = {"membership": {"user": ADA, "role": "member"}, "organization": ORGANIZATION}
ABOUT = {"repository": REPOSITORY, "organization": ORGANIZATION, "sender": GRACE}
INSTALLATION = {"installation": {"id": 1, "account": ORGANIZATION}, "sender": GRACE}
TEAM = {"team": {"id": 5, "slug": "core"}, "organization": ORGANIZATION, "sender": GRACE}

EVENTS: list[tuple[str, str | None, dict[str, Any], Notice]] = [
    ("ping", None, {"zen": "Keep it logically awesome.", **ABOUT}, Ping()),
    ("meta", "deleted", {"hook_id": 1, **ABOUT}, HookGone()),
    ("member", "removed", {"member": ADA, **ABOUT}, MemberRemoved("7", "9")),
    ("member", "added", {"member": ADA, **ABOUT}, MemberAdded("7", "9")),
    ("member", "edited", {"member": ADA, **ABOUT}, MemberAdded("7", "9")),
    ("membership", "added", {"member": ADA, **TEAM}, PersonChanged("7")),
    ("membership", "removed", {"member": ADA, **TEAM}, PersonChanged("7")),
    ("team", "added_to_repository", {**TEAM, "repository": REPOSITORY}, ReadersChanged("9")),
    ("team", "removed_from_repository", {**TEAM, "repository": REPOSITORY}, ReadersChanged("9")),
    ("team", "edited", {**TEAM, "repository": REPOSITORY}, ReadersChanged("9")),
    ("team", "edited", TEAM, OwnerChanged("3")),
    ("team", "deleted", TEAM, OwnerChanged("3")),
    ("team", "deleted", {**TEAM, "repository": REPOSITORY}, OwnerChanged("3")),
    ("team", "created", TEAM, Unknown()),
    ("team_add", None, {**TEAM, "repository": REPOSITORY}, ReadersChanged("9")),
    ("organization", "member_removed", IN_ORGANIZATION, OwnerMemberRemoved("7", "3")),
    ("organization", "member_added", IN_ORGANIZATION, PersonChanged("7")),
    ("organization", "member_invited", {"organization": ORGANIZATION}, Unknown()),
    ("organization", "deleted", {"organization": ORGANIZATION}, OwnerChanged("3")),
    ("organization", "renamed", {"organization": ORGANIZATION}, OwnerChanged("3")),
    ("org_block", "blocked", {"blocked_user": ADA, **ABOUT}, OwnerMemberRemoved("7", "3")),
    ("org_block", "unblocked", {"blocked_user": ADA, **ABOUT}, PersonChanged("7")),
    ("repository", "privatized", ABOUT, RepositoryMadePrivate("9")),
    ("repository", "publicized", ABOUT, RepositoryMadePublic("9")),
    ("repository", "deleted", ABOUT, RepositoryGone("9")),
    ("repository", "transferred", ABOUT, RepositoryTransferred("9")),
    ("repository", "renamed", ABOUT, RepositoryChanged("9")),
    ("repository", "archived", ABOUT, RepositoryChanged("9")),
    ("repository", "unarchived", ABOUT, RepositoryChanged("9")),
    ("repository", "edited", ABOUT, RepositoryChanged("9")),
    ("repository", "created", ABOUT, PersonChanged("8")),
    ("public", None, ABOUT, RepositoryMadePublic("9")),
    ("installation", "created", INSTALLATION, CoverageGrew("3")),
    ("installation", "unsuspend", INSTALLATION, CoverageGrew("3")),
    ("installation", "new_permissions_accepted", INSTALLATION, CoverageGrew("3")),
    ("installation", "deleted", INSTALLATION, CoverageShrank("3")),
    ("installation", "suspend", INSTALLATION, CoverageShrank("3")),
    ("installation_repositories", "added", INSTALLATION, CoverageGrew("3")),
    ("installation_repositories", "removed", INSTALLATION, CoverageShrank("3")),
    ("installation_target", "renamed", {"account": ORGANIZATION}, OwnerChanged("3")),
    ("github_app_authorization", "revoked", {"sender": ADA}, AuthorizationRevoked("7")),
    ("push", None, ABOUT, Unknown()),
    ("issue_comment", "deleted", ABOUT, Unknown()),
]


@pytest.mark.parametrize(("event", "action", "body", "notice"), EVENTS)
def test_an_event_is_a_notice_in_ids(
    event: str, action: str | None, body: dict[str, Any], notice: Notice
) -> None:
    content = body if action is None else {"action": action, **body}
    assert notice_of("github", content, {"x-github-event": event}) == notice


def test_the_delivery_is_named_by_the_guid_that_a_redelivery_keeps() -> None:
    headers = {"x-github-event": "ping", "x-github-delivery": "72d3162e-cc78"}
    told = reading_of("github", {}, headers)
    assert (told.event, told.delivery_id) == ("ping", "72d3162e-cc78")


def test_fake_18_a_gitea_request_carrying_x_github_event_is_refused() -> None:
    headers = {
        "x-github-event": "repository",
        "x-gitea-event": "repository",
        "x-hub-signature-256": "sha256=00",
    }
    refused = hooks_of("github").refusal(
        delivered({}, headers), ("secret",), tolerance=timedelta(minutes=1)
    )
    assert refused is Refusal.FOREIGN_HOST


def test_the_older_signature_is_not_looked_at() -> None:
    """SHA-1 of the same body, which GitHub still sends beside the other."""
    old = delivered({}, {"x-hub-signature": "sha1=6ad5b51d4bfb4e6ed0dc9d1a7ae8e63c4a3a5bd2"})
    assert isinstance(old, Delivery)
    refused = hooks_of("github").refusal(old, ("secret",), tolerance=timedelta(minutes=1))
    assert refused is Refusal.SIGNATURE_MISSING
