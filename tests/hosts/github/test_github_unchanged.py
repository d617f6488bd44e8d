"""GitHub's word that a page is as it was: a 304, unless it says that something is left out."""

import pytest

from permsync.codehost import Response
from permsync.hosts import create, registry
from tests.hosts.exchanges import settings_of


def _vouches(status: int, kind: str = "github", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return create(settings_of(kind)).vouches(Response(status, named, b""))


def test_an_answer_that_nothing_was_modified_vouches() -> None:
    assert _vouches(304)


@pytest.mark.parametrize("status", [200, 301, 403])
def test_any_other_answer_does_not(status: int) -> None:
    assert not _vouches(status)


def test_an_answer_that_leaves_organisations_out_does_not() -> None:
    assert not _vouches(304, x_github_sso="partial-results; organizations=1")


def test_only_github_asks_for_nothing_in_return() -> None:
    """Elsewhere a 304 counts like any answer (HOSTS 3.2, 4.2, 5.4)."""
    free = {kind for kind, host in registry().items() if host.manners.free_unchanged}
    assert free == {"github"}


def test_only_bitbucket_cloud_counts_all_people_together() -> None:
    """HOSTS 1.3 #25: about a thousand an hour, and no answer says how many are left."""
    shared = {kind: host.manners.hourly for kind, host in registry().items() if host.manners.shared}
    assert shared == {"bitbucket_cloud": 1_000}
