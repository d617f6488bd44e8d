"""Who may spend what is left: people who wait first, nobody while the host refuses everything."""

from datetime import UTC, datetime, timedelta

import pytest

from permsync.model import Trigger
from permsync.rules.budget import (
    URGENT,
    WINDOW,
    Budget,
    Go,
    Wait,
    admit,
    latest,
    learn,
    limit,
    patience,
    reserved,
    spend,
)

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOW + 30 * MINUTE


def budget(remaining: int, *, resets_at: datetime = LATER, limited: bool = False) -> Budget:
    """A window of a thousand requests."""
    return Budget(1_000, remaining, resets_at, NOW + MINUTE if limited else None)


@pytest.mark.parametrize("trigger", Trigger)
def test_where_nothing_is_known_nothing_limits(trigger: Trigger) -> None:
    assert admit(None, trigger=trigger, now=NOW) == Go()


@pytest.mark.parametrize("trigger", Trigger)
def test_while_a_host_refuses_everything_everybody_waits(trigger: Trigger) -> None:
    assert admit(budget(900, limited=True), trigger=trigger, now=NOW) == Wait(MINUTE)


@pytest.mark.parametrize("trigger", Trigger)
def test_a_window_that_is_over_limits_nobody(trigger: Trigger) -> None:
    over = Budget(1_000, 0, NOW, NOW - MINUTE)
    assert admit(over, trigger=trigger, now=NOW) == Go()


def test_people_who_wait_may_spend_everything() -> None:
    assert {Trigger.PERSON, Trigger.LINKED} == URGENT
    assert admit(budget(3), trigger=Trigger.PERSON, now=NOW) == Go(3)
    assert admit(budget(0), trigger=Trigger.LINKED, now=NOW) == Wait(30 * MINUTE)


@pytest.mark.parametrize("trigger", sorted(set(Trigger) - URGENT))
def test_background_work_leaves_what_is_reserved(trigger: Trigger) -> None:
    kept = reserved(budget(0))
    assert kept == 200
    assert admit(budget(kept + 3), trigger=trigger, now=NOW) == Go(3)
    assert admit(budget(kept), trigger=trigger, now=NOW) == Wait(30 * MINUTE)


@pytest.mark.parametrize("trigger", sorted(set(Trigger) - URGENT))
def test_background_work_that_needs_more_than_is_left_waits_for_a_window_that_holds_it(
    trigger: Trigger,
) -> None:
    kept = reserved(budget(0))
    least = budget(kept + 300)
    assert admit(least, trigger=trigger, now=NOW, needed=300) == Go(300)
    assert admit(least, trigger=trigger, now=NOW, needed=301) == Wait(30 * MINUTE)
    assert admit(budget(kept + 400), trigger=trigger, now=NOW, needed=5_000) == Go(400)
    assert admit(budget(kept + 399), trigger=trigger, now=NOW, needed=5_000) == Wait(30 * MINUTE)


def test_people_who_wait_begin_with_what_is_left() -> None:
    assert admit(budget(3), trigger=Trigger.PERSON, now=NOW, needed=300) == Go(3)


def test_the_more_was_read_the_longer_a_run_waits_rather_than_begin_again() -> None:
    assert patience(MINUTE, pages_read=0) == MINUTE
    assert patience(MINUTE, pages_read=59) == timedelta(hours=1)


def test_requests_that_no_answer_counts_are_counted_here() -> None:
    first = spend(None, requests=20, hourly=1_000, now=NOW)
    assert first == Budget(1_000, 980, NOW + WINDOW)
    assert spend(first, requests=20, hourly=1_000, now=NOW).remaining == 960


def test_unspent_requests_come_back_and_never_more_than_there_were() -> None:
    assert spend(budget(980), requests=-15, hourly=1_000, now=NOW).remaining == 995
    assert spend(budget(995), requests=-15, hourly=1_000, now=NOW).remaining == 1_000
    assert spend(budget(5), requests=20, hourly=1_000, now=NOW).remaining == 0


def test_a_new_window_begins_full_and_remembers_a_limit() -> None:
    over = Budget(1_000, 0, NOW, NOW + MINUTE)
    assert spend(over, requests=1, hourly=1_000, now=NOW) == Budget(
        1_000, 999, NOW + WINDOW, NOW + MINUTE
    )


def test_a_window_is_written_when_it_is_first_seen() -> None:
    told = budget(999)
    assert learn(None, told, now=NOW) == told
    assert learn(Budget(1_000, 0, NOW), told, now=NOW) == told


@pytest.mark.parametrize(
    ("was", "told", "is_written"),
    [
        (1_000, 501, False),  # plenty is left
        (500, 451, False),  # low, and not a twentieth more was spent
        (500, 450, True),
        (1_000, 499, True),
        (400, 420, False),  # an answer that came late
    ],
)
def test_a_known_window_is_written_again_only_when_it_runs_low(
    was: int, told: int, *, is_written: bool
) -> None:
    learned = learn(budget(was, limited=True), budget(told), now=NOW)
    assert learned == (budget(told, limited=True) if is_written else None)


def test_what_a_run_was_told_last_counts_more_than_what_is_stored() -> None:
    assert latest(budget(3), budget(900, limited=True), now=NOW) == budget(3, limited=True)
    assert latest(budget(3), None, now=NOW) == budget(3)


@pytest.mark.parametrize("told", [None, Budget(1_000, 3, NOW)])
def test_what_was_told_of_a_window_that_is_over_counts_no_more(told: Budget | None) -> None:
    assert latest(told, budget(900), now=NOW) == budget(900)


def test_a_limit_holds_until_its_wait_is_over_and_a_shorter_one_does_not_end_it() -> None:
    limited = limit(budget(900), wait_in=2 * MINUTE, now=NOW)
    assert limited.limited_until == NOW + 2 * MINUTE
    assert limit(limited, wait_in=MINUTE, now=NOW) == limited


def test_a_limit_of_an_unknown_window_ends_with_its_wait() -> None:
    limited = limit(None, wait_in=MINUTE, now=NOW)
    assert admit(limited, trigger=Trigger.PERSON, now=NOW) == Wait(MINUTE)
    assert admit(limited, trigger=Trigger.SCHEDULE, now=NOW + MINUTE) == Go()
