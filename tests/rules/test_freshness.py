"""
A token is fresh, stale or invalid by its own dates and a margin, and by nothing else.

Instants are written as distances from one made-up noon.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.rules.freshness import Fresh, Freshness, Invalid, Stale, decide, jitter_of, margin_of
from tests.rules.examples import INSTANT, NOW, few

ISSUED_AT = NOW
MARGIN = timedelta(minutes=5)
RANK = {Fresh: 0, Stale: 1, Invalid: 2}

lifetimes = some.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
margins = some.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=3))
jitters = some.floats(min_value=0, max_value=1, exclude_max=True)
offsets = some.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=500))


def _after(
    elapsed: timedelta, *, lifetime: timedelta = timedelta(hours=2), margin: timedelta = MARGIN
) -> Freshness:
    return decide(
        issued_at=ISSUED_AT,
        expires_at=ISSUED_AT + lifetime,
        now=ISSUED_AT + elapsed,
        margin=margin,
    )


def test_a_new_token_is_fresh_until_its_margin_begins() -> None:
    assert _after(timedelta(0)) == Fresh(until=ISSUED_AT + timedelta(hours=2, minutes=-12))


def test_a_token_is_stale_from_the_first_instant_of_its_margin() -> None:
    begins_in = timedelta(hours=2, minutes=-12)
    assert isinstance(_after(begins_in - INSTANT), Fresh)
    assert _after(begins_in) == Stale(until=ISSUED_AT + timedelta(hours=2))


def test_a_token_is_invalid_at_its_last_instant_and_earliest_at() -> None:
    lifetime = timedelta(hours=2)
    assert isinstance(_after(lifetime - INSTANT), Stale)
    assert _after(lifetime) == Invalid(since=ISSUED_AT + lifetime)


def test_a_token_without_an_expiry_is_fresh_for_ever() -> None:
    verdict = decide(
        issued_at=ISSUED_AT, expires_at=None, now=ISSUED_AT + timedelta(days=9999), margin=MARGIN
    )
    assert verdict == Fresh(until=None)


# The margin setting, a tenth of the lifetime and half of it, whichever binds.
@pytest.mark.parametrize(
    ("lifetime", "expected"),
    [
        (timedelta(minutes=30), timedelta(minutes=5)),  # the setting
        (timedelta(hours=8), timedelta(minutes=48)),  # a tenth
        (timedelta(minutes=2), timedelta(minutes=1)),  # half: it is not born stale
        (timedelta(0), timedelta(0)),
    ],
)
def test_the_margin_is_the_setting_or_a_tenth_but_never_more_than_half(
    lifetime: timedelta, expected: timedelta
) -> None:
    assert margin_of(lifetime=lifetime, margin=MARGIN) == expected


@few
@given(lifetime=lifetimes, margin=margins, jitter=jitters)
def test_the_margin_is_at_most_half_of_the_lifetime(
    lifetime: timedelta, margin: timedelta, jitter: float
) -> None:
    widened = margin_of(lifetime=lifetime, margin=margin, jitter=jitter)
    assert timedelta(0) <= margin_of(lifetime=lifetime, margin=margin) <= widened <= lifetime / 2


def test_the_jitter_widens_the_margin_by_a_quarter_at_most() -> None:
    lifetime = timedelta(hours=8)
    assert margin_of(lifetime=lifetime, margin=MARGIN, jitter=0.0) == timedelta(minutes=48)
    assert margin_of(lifetime=lifetime, margin=MARGIN, jitter=1.0) == timedelta(minutes=60)


def test_a_thousand_accounts_linked_at_once_spread_their_jitter_evenly() -> None:
    tenths = [int(jitter_of(account, version=1) * 10) for account in range(1, 1001)]
    assert {tenths.count(tenth) for tenth in range(10)} <= set(range(95, 106))


def test_a_token_keeps_its_jitter_and_its_successor_has_another() -> None:
    assert jitter_of(7, version=3) == jitter_of(7, version=3)
    assert jitter_of(7, version=3) != jitter_of(7, version=4)


@few
@given(lifetime=lifetimes, margin=margins, one=offsets, other=offsets)
def test_a_token_never_becomes_fresher_as_time_passes(
    lifetime: timedelta, margin: timedelta, one: timedelta, other: timedelta
) -> None:
    earlier = _after(min(one, other), lifetime=lifetime, margin=margin)
    later = _after(max(one, other), lifetime=lifetime, margin=margin)
    assert RANK[type(earlier)] <= RANK[type(later)]


@few
@given(lifetime=lifetimes, margin=margins, elapsed=offsets)
def test_the_verdict_changes_when_it_said_that_it_would(
    lifetime: timedelta, margin: timedelta, elapsed: timedelta
) -> None:
    verdict = _after(elapsed, lifetime=lifetime, margin=margin)
    match verdict:
        case Fresh(until=until) | Stale(until=until) if until is not None:
            just_before = _after(until - ISSUED_AT - INSTANT, lifetime=lifetime, margin=margin)
            then = _after(until - ISSUED_AT, lifetime=lifetime, margin=margin)
            assert just_before == verdict
            assert RANK[type(then)] > RANK[type(verdict)]
        case _:
            assert isinstance(verdict, Invalid)
            assert verdict.since == ISSUED_AT + lifetime
