"""Which repositories an installation of a GitHub App reaches."""

import pytest

from permsync.simulator.repositories import Installation, Repository

REPOSITORY = Repository(7, "{u}", "acme", "api")


def test_a_full_name_is_owner_and_name() -> None:
    assert REPOSITORY.full_name == "acme/api"


@pytest.mark.parametrize(
    ("installation", "covered"),
    [
        (Installation(1, "c", "acme"), True),
        (Installation(1, "c", "other"), False),
        (Installation(1, "c", "acme", "selected", [7]), True),
        (Installation(1, "c", "acme", "selected", [8]), False),
        (Installation(1, "c", "acme", suspended_at=1.0), False),
    ],
)
def test_an_installation_covers_its_namespace_or_a_selection(
    installation: Installation, *, covered: bool
) -> None:
    assert installation.covers(REPOSITORY) is covered
