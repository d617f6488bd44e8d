"""An idle link is refreshed four times within its refresh token's life, or every two weeks."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.rules.refresh.keep_alive import keep_alive_in
from tests.rules.examples import few
from tests.rules.refresh.scenes import DURATIONS

DAY = timedelta(days=1)
lives = some.none() | some.timedeltas(min_value=timedelta(seconds=1), max_value=1000 * DAY)
jitters = some.floats(min_value=0, max_value=1, exclude_max=True)


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (30 * DAY, 7.5 * DAY),  # Gitea: 730 hours
        (90 * DAY, 14 * DAY),  # Bitbucket: a quarter would be 22 days
        (184 * DAY, 14 * DAY),  # GitHub: six months
        (None, 14 * DAY),  # GitLab: until it is used
        (timedelta(hours=1), timedelta(minutes=15)),
    ],
)
def test_a_link_is_kept_alive(life: timedelta | None, expected: timedelta) -> None:
    assert keep_alive_in(life, DURATIONS, jitter=0.0) == expected


@few
@given(life=lives, jitter=jitters)
def test_the_jitter_brings_it_forward_by_a_tenth_at_most(
    life: timedelta | None, jitter: float
) -> None:
    latest = keep_alive_in(life, DURATIONS, jitter=0.0)
    assert latest * 0.9 <= keep_alive_in(life, DURATIONS, jitter=jitter) <= latest
