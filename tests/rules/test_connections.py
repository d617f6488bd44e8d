"""Which connection lists a repository."""

from dataclasses import dataclass

import pytest

from permsync.model import Repository, Visibility
from permsync.rules.connections import connection_for
from tests.rules.examples import NOW


@dataclass(frozen=True)
class Token:
    """A connection, as far as it matters here."""

    name: str
    host: str
    owners: frozenset[str]


ACME = Token("acme", "github", frozenset({"acme"}))
ALL = Token("all", "github", frozenset({"*"}))
GROUP = Token("group", "gitlab", frozenset({"platform"}))


def repository(host: str, full_name: str) -> Repository:
    return Repository(1, host, "7", "3", full_name, Visibility.PRIVATE, NOW)


@pytest.mark.parametrize(
    ("host", "full_name", "chosen"),
    [
        ("github", "ACME/engine", ACME),
        ("github", "orbit/engine", ALL),
        ("gitlab", "platform/tools/engine", GROUP),
        ("gitlab", "research/engine", None),
        ("gitlab", "#7", None),
    ],
)
def test_the_first_connection_that_covers_the_owner_lists_it(
    host: str, full_name: str, chosen: Token | None
) -> None:
    assert connection_for(repository(host, full_name), (GROUP, ACME, ALL)) is chosen
