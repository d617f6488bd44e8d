"""
Instants as people read them.

This module must not know a page.
"""

from datetime import timedelta

import pytest

from permsync.web.pages.instants import exact, relative
from tests.web.pages.instant import NOW


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=1), "1 second ago"),
        (timedelta(minutes=5, seconds=9), "5 minutes ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_an_instant_is_told_in_its_largest_whole_unit(distance: timedelta, words: str) -> None:
    assert relative(NOW - distance, now=NOW) == words


def test_the_exact_instant_is_utc() -> None:
    assert exact(NOW) == "2026-05-17 12:00:00 UTC"
