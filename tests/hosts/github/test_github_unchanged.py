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


def test_github_counts_no_answer_that_nothing_was_modified() -> None:
    assert registry()["github"].manners.free_unchanged
