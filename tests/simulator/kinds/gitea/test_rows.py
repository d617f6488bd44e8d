"""The shapes of Gitea's rows: what is told to whom, and units of a team."""

import pytest

from permsync.simulator.kinds.gitea.rows import (
    owner_row,
    permission_row,
    repository_row,
    team_row,
    user_row,
)
from permsync.simulator.repositories import (
    Account,
    AccountState,
    Level,
    Namespace,
    OwnerVisibility,
    Repository,
    Visibility,
)

ADA = Account("ada", 7, "{u-7}", "7:x", "ada", "Ada", "ada@example.com", site_admin=True)


@pytest.mark.parametrize(
    ("state", "active", "prohibited"),
    [("active", True, False), ("blocked", True, True), ("deactivated", False, False)],
)
def test_a_persons_state_is_told_to_few(
    state: AccountState, *, active: bool, prohibited: bool
) -> None:
    account = Account("ada", 7, "{u-7}", "7:x", "ada", "Ada", "a@example.com", state)
    told, hidden = user_row(account, told=True), user_row(account, told=False)
    assert (told["active"], told["prohibit_login"]) == (active, prohibited)
    assert (hidden["active"], hidden["prohibit_login"]) == (False, False)


def test_a_site_administrator_is_told_to_few() -> None:
    assert user_row(ADA, told=True)["is_admin"]
    assert not user_row(ADA, told=False)["is_admin"]


@pytest.mark.parametrize(
    ("visibility", "owner", "private", "internal"),
    [
        ("private", "private", True, False),
        ("public", "private", False, True),
        ("public", "limited", False, False),
        ("public", "public", False, False),
    ],
)
def test_internal_is_what_a_private_owner_calls_public(
    visibility: Visibility, owner: OwnerVisibility, *, private: bool, internal: bool
) -> None:
    space = Namespace(3, "{w-3}", "guild", visibility=owner)
    one = Repository(9, "{r-9}", "guild", "engine", visibility=visibility)
    row = repository_row(one, space, base="http://x/git", level=30, administers=False)
    assert (row["private"], row["internal"]) == (private, internal)
    assert row["owner"] == owner_row(space)
    assert row["owner"]["visibility"] == owner
    assert row["clone_url"] == "http://x/git/guild/engine.git"


@pytest.mark.parametrize(
    ("level", "push", "pull"),
    [(Level.NONE, False, False), (Level.REPORTER, False, True), (Level.DEVELOPER, True, True)],
)
def test_permissions_are_about_the_code(level: Level, *, push: bool, pull: bool) -> None:
    space, one = Namespace(3, "{w}", "guild"), Repository(9, "{r}", "guild", "engine")
    row = repository_row(one, space, base="", level=level, administers=True)
    assert row["permissions"] == {"admin": True, "push": push, "pull": pull}


@pytest.mark.parametrize(
    ("level", "name", "permission", "code"),
    [
        (Level.OWNER, "Owners", "owner", "owner"),
        (Level.MAINTAINER, "level-40", "admin", "admin"),
        (Level.DEVELOPER, "level-30", "none", "write"),
        (Level.REPORTER, "level-20", "none", "read"),
        (Level.GUEST, "level-10", "none", "none"),
    ],
)
def test_a_team_says_what_it_may_do_unit_by_unit(
    level: Level, name: str, permission: str, code: str
) -> None:
    row = team_row(Namespace(3, "{w-3}", "guild"), level)
    assert (row["id"], row["name"], row["permission"]) == (300 + level, name, permission)
    assert row["units_map"]["repo.code"] == code


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (Level.OWNER, "owner"),
        (Level.MAINTAINER, "admin"),
        (Level.DEVELOPER, "write"),
        (Level.REPORTER, "read"),
        (Level.NONE, "none"),
    ],
)
def test_an_effective_permission_is_one_word(level: Level, word: str) -> None:
    assert permission_row(ADA, level)["permission"] == word
