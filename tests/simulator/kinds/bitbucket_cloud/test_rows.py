"""Bitbucket Cloud's words for levels, people and repositories."""

import pytest

from permsync.simulator.kinds.bitbucket_cloud.rows import permission, repository_row, user_row
from permsync.simulator.repositories import Account, Level, Namespace, Repository


@pytest.mark.parametrize(
    ("level", "word"),
    [
        (Level.GUEST, "none"),
        (Level.REPORTER, "read"),
        (Level.DEVELOPER, "write"),
        (Level.MAINTAINER, "admin"),
        (Level.OWNER, "admin"),
    ],
)
def test_a_level_has_one_of_four_words(level: Level, word: str) -> None:
    assert permission(level) == word


def test_everything_that_is_not_public_is_private() -> None:
    owner = Namespace(1, "{w}", "northwind")
    rows = [
        repository_row("http://h", Repository(2, "{r}", "northwind", "api", shown), owner=owner)
        for shown in ("private", "internal", "public")
    ]
    assert [row["is_private"] for row in rows] == [True, True, False]
    assert rows[0]["workspace"]["slug"] == "northwind"


def test_a_person_is_named_by_nickname_only() -> None:
    row = user_row(Account("ada", 1, "{u}", "1:a", "ada", "Ada", "ada@example.com"))
    assert (row["nickname"], row["uuid"], row["account_id"]) == ("ada", "{u}", "1:a")
    assert "email" not in row
