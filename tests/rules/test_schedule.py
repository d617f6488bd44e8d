"""
When an account is synced next: often for those asked about, later after failures.

Chance is an argument, so every figure here is exact or a bound.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.model import Durations, RunState, Trigger
from permsync.rules.schedule import JITTER_SHARE, PRIORITY, cadence, next_sync_in
from tests.rules.examples import INSTANT, NOW, few

DURATIONS = Durations()
DAY = timedelta(days=1)
MIDDLE = 0.5  # the jitter that leaves an interval as it is
UNFINISHED = [RunState.PARTIAL, RunState.FAILED, RunState.ABANDONED]

jitters = some.floats(min_value=0, max_value=1, exclude_max=True)
waits = some.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3))
outcomes = some.sampled_from([RunState.SUCCEEDED, *UNFINISHED])
streaks = some.integers(min_value=1, max_value=10_000)


def _after(
    outcome: RunState,
    *,
    failures: int = 0,
    jitter: float = MIDDLE,
    retry_in: timedelta | None = None,
) -> timedelta:
    return next_sync_in(
        outcome=outcome,
        failures=failures,
        every=DAY,
        durations=DURATIONS,
        jitter=jitter,
        retry_in=retry_in,
    )


def test_what_a_person_waits_for_comes_first() -> None:
    assert sorted(PRIORITY, key=lambda one: -PRIORITY[one]) == list(Trigger)


def test_no_two_triggers_share_a_priority() -> None:
    assert len(set(PRIORITY.values())) == len(Trigger)


def test_an_account_is_synced_often_while_somebody_asks_about_its_person() -> None:
    asked_at = NOW - DAY + INSTANT
    assert cadence(asked_at=asked_at, now=NOW, durations=DURATIONS) == DURATIONS.sync_every_asked


@pytest.mark.parametrize("asked_at", [None, NOW - DAY, NOW - 30 * DAY])
def test_an_account_that_nobody_asked_about_lately_is_synced_daily(
    asked_at: datetime | None,
) -> None:
    assert cadence(asked_at=asked_at, now=NOW, durations=DURATIONS) == DURATIONS.sync_every


def test_a_success_is_followed_by_the_usual_interval() -> None:
    assert _after(RunState.SUCCEEDED) == DAY


@pytest.mark.parametrize("outcome", UNFINISHED)
@pytest.mark.parametrize(("failures", "doublings"), [(1, 1), (2, 2), (3, 4), (6, 32)])
def test_each_failure_in_a_row_doubles_the_wait(
    outcome: RunState, failures: int, doublings: int
) -> None:
    assert _after(outcome, failures=failures) == DURATIONS.sync_backoff * doublings


@pytest.mark.parametrize("failures", [13, 22, 10_000])
def test_a_failing_account_is_tried_as_often_as_a_healthy_one_at_the_least(failures: int) -> None:
    assert _after(RunState.FAILED, failures=failures) == DAY


@few
@given(outcome=outcomes, failures=streaks, jitter=jitters, wish=waits)
def test_a_wish_of_the_host_to_wait_is_never_undercut(
    outcome: RunState, failures: int, jitter: float, wish: timedelta
) -> None:
    planned = _after(outcome, failures=failures, jitter=jitter, retry_in=wish)
    assert planned >= wish


@few
@given(outcome=outcomes, failures=streaks, jitter=jitters)
def test_jitter_moves_an_interval_by_a_tenth_at_most(
    outcome: RunState, failures: int, jitter: float
) -> None:
    plain = _after(outcome, failures=failures)
    moved = _after(outcome, failures=failures, jitter=jitter)
    assert abs(moved - plain) <= plain * JITTER_SHARE


def test_jitter_spreads_over_the_whole_band() -> None:
    earliest = _after(RunState.SUCCEEDED, jitter=0)
    latest = _after(RunState.SUCCEEDED, jitter=1 - 1e-9)
    assert earliest == DAY * (1 - JITTER_SHARE)
    assert latest == pytest.approx(DAY * (1 + JITTER_SHARE), abs=timedelta(seconds=1))
