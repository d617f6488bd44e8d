"""
``docs/failures.md`` is what ``docs/generate_failures.py`` writes today, and shows all there is.

Rewrite a stale page with ``python -m docs.generate_failures``.
"""

import pytest

from docs.generate_failures import PAGE, RETRIES, page
from permsync.codehost import FailureKind
from permsync.hosts import built_in
from permsync.rules.failures import Retry


def test_the_page_says_what_the_rules_and_the_hosts_say_today() -> None:
    assert PAGE.read_text(encoding="utf-8").splitlines() == page().splitlines()


@pytest.mark.parametrize("kind", FailureKind)
def test_the_page_shows_a_failure(kind: FailureKind) -> None:
    assert f"| `{kind}` |" in page()


def test_the_page_shows_every_host() -> None:
    assert all(host.title in page() for host in built_in().values())


def test_every_way_to_ask_again_is_put_in_words() -> None:
    assert set(RETRIES) == set(Retry)
