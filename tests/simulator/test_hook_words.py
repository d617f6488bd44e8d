"""What each kind says of what happens there, and what it says nothing of (HOSTS 1.1)."""

from typing import Any, get_args

import pytest

from permsync.simulator.happenings import Happening, What
from permsync.simulator.hook_words import WORDS
from permsync.simulator.host import Kind
from permsync.simulator.repositories import Account, Namespace, Repository

ADA = Account("ada", 7, "{u-7}", "7:x", "ada", "Ada", "ada@example.com")
CORE = Namespace(3, "{w-3}", "core")
ENGINE = Repository(9, "{r-9}", "core", "engine", members={"ada": 30})
PEOPLE: tuple[What, ...] = ("granted", "regraded", "revoked", "joined", "left")


def said(kind: Kind, what: What, **about: Any) -> list[tuple[str, dict[str, Any]]]:
    """What this kind says about Ada and the engine."""
    facts = {"person": ADA, "repository": ENGINE, "owner": CORE, **about}
    return WORDS[kind](Happening(what, **facts))


@pytest.mark.parametrize(
    ("what", "event", "action"),
    [
        ("granted", "member", "added"),
        ("regraded", "member", "edited"),
        ("revoked", "member", "removed"),
        ("joined", "organization", "member_added"),
        ("left", "organization", "member_removed"),
        ("created", "repository", "created"),
        ("removed", "repository", "deleted"),
        ("renamed", "repository", "renamed"),
        ("transferred", "repository", "transferred"),
        ("made_private", "repository", "privatized"),
        ("authorization_revoked", "github_app_authorization", "revoked"),
    ],
)
def test_github_says_it_with_an_action(what: What, event: str, action: str) -> None:
    ((name, body),) = said("github", what)
    assert (name, body["action"]) == (event, action)


def test_github_says_twice_that_a_repository_became_public() -> None:
    assert [name for name, _ in said("github", "made_public")] == ["repository", "public"]


def test_github_names_people_by_id_beside_login_and_mail() -> None:
    ((_, body),) = said("github", "revoked")
    assert body["member"] == {"id": 7, "login": "ada", "email": "ada@example.com", "type": "User"}
    assert body["repository"]["id"] == 9
    ((_, left),) = said("github", "left", repository=None)
    assert left["membership"]["user"]["id"] == 7
    assert left["organization"]["id"] == 3


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


def test_bitbucket_says_nothing_about_people() -> None:
    kinds: tuple[Kind, ...] = ("bitbucket_cloud", "bitbucket_datacenter", "openid")
    for kind in kinds:
        for what in PEOPLE:
            assert said(kind, what) == []


def test_bitbucket_cloud_says_what_became_of_a_repository() -> None:
    events = {
        "created": "repo:created",
        "removed": "repo:deleted",
        "renamed": "repo:updated",
        "transferred": "repo:transfer",
        "made_private": "repo:updated",
    }
    for what in get_args(What):
        told = said("bitbucket_cloud", what, was="core/old")
        if what in events:
            ((event, body),) = told
            assert event == events[what]
            assert body["repository"]["uuid"] == "{r-9}"


def test_data_center_says_names_only() -> None:
    ((event, body),) = said("bitbucket_datacenter", "renamed", was="core/old")
    assert (event, body["new"]["id"]) == ("repo:modified", 9)
    assert said("bitbucket_datacenter", "removed") == []
    assert said("bitbucket_datacenter", "made_private") == []


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_ping_is_said_where_there_is_one(kind: Kind) -> None:
    told = WORDS[kind](Happening("ping"))
    assert [event for event, _ in told] == {
        "github": ["ping"],
        "gitlab": ["push"],
        "bitbucket_datacenter": ["diagnostics:ping"],
    }.get(kind, [])


def test_what_has_no_facts_is_said_without_them() -> None:
    bare = {"person": None, "repository": None, "owner": None}
    for kind in get_args(Kind):
        for what in ("joined", "left"):
            for _, body in said(kind, what, **bare):
                assert "7" not in str(body)
