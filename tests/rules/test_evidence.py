"""
How old a stored grant is, and whether it still counts.

A row is as old as its source's last listing unless it was missed; every instant here is
a number of hours before one made-up noon.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from permsync.model import Source
from permsync.rules.evidence import Counts, Ended, Evidence, Limits, TooOld, age_of, weigh
from tests.rules.examples import INSTANT, NOW, ago, few

LIMITS = Limits(soft=timedelta(hours=26), hard=timedelta(hours=72))
ROW = Evidence(
    source=Source.ACCOUNT_LISTING, as_of=None, missed=False, listed_at=ago(1), ended_at=None
)

instants = some.none() | some.integers(min_value=0, max_value=100).map(ago)
rows = some.builds(
    Evidence,
    source=some.sampled_from(Source),
    as_of=instants,
    missed=some.booleans(),
    listed_at=instants,
    ended_at=instants,
)


def _weigh(row: Evidence, *, now: datetime = NOW) -> Counts | TooOld | Ended:
    return weigh(row, now=now, limits=LIMITS)


def test_a_row_is_as_old_as_the_last_listing_of_its_source() -> None:
    assert age_of(ROW) == ago(1)


def test_a_younger_row_keeps_its_own_age() -> None:
    """A partial listing dates the rows it saw (R5)."""
    assert age_of(replace(ROW, as_of=ago(2), listed_at=ago(30))) == ago(2)


def test_a_later_listing_makes_an_older_row_young_without_a_write() -> None:
    assert age_of(replace(ROW, as_of=ago(30), listed_at=ago(1))) == ago(1)


def test_a_missed_row_keeps_the_age_it_had_when_it_was_missed() -> None:
    """The listing that did not contain it says nothing for it (R3)."""
    assert age_of(replace(ROW, as_of=ago(30), missed=True)) == ago(30)


def test_a_row_of_a_source_that_was_never_listed_has_its_own_age_only() -> None:
    assert age_of(replace(ROW, as_of=ago(3), listed_at=None)) == ago(3)
    assert age_of(replace(ROW, listed_at=None)) is None


def test_a_row_that_nothing_dates_does_not_count() -> None:
    assert _weigh(replace(ROW, listed_at=None)) == TooOld()
    assert _weigh(replace(ROW, missed=True)) == TooOld()


def test_young_evidence_counts_until_the_hard_age() -> None:
    assert _weigh(ROW) == Counts(as_of=ago(1), until=ago(1) + LIMITS.hard, stale=False)


def test_evidence_is_stale_only_when_it_is_older_than_the_soft_age() -> None:
    at_soft = replace(ROW, listed_at=NOW - LIMITS.soft)
    past_soft = replace(ROW, listed_at=NOW - LIMITS.soft - INSTANT)
    assert _weigh(at_soft) == Counts(as_of=NOW - LIMITS.soft, until=ago(-46), stale=False)
    assert _weigh(past_soft) == Counts(
        as_of=NOW - LIMITS.soft - INSTANT, until=ago(-46) - INSTANT, stale=True
    )


def test_evidence_counts_at_the_hard_age_and_not_past_it() -> None:
    assert isinstance(_weigh(replace(ROW, listed_at=NOW - LIMITS.hard)), Counts)
    assert _weigh(replace(ROW, listed_at=NOW - LIMITS.hard - INSTANT)) == TooOld()


def test_what_the_persons_token_listed_before_access_ended_never_counts_again() -> None:
    """R10: also evidence of the very instant at which access ended."""
    assert _weigh(replace(ROW, ended_at=ago(1))) == Ended()
    assert isinstance(_weigh(replace(ROW, ended_at=ago(1) - INSTANT)), Counts)


def test_the_end_of_a_credential_says_nothing_about_another_source() -> None:
    """R10: what a connection lists does not hang on the person's token."""
    row = replace(ROW, source=Source.REPO_LISTING, ended_at=ago(0))
    assert isinstance(_weigh(row), Counts)


@few
@given(row=rows)
def test_a_row_counts_exactly_as_long_as_it_says(row: Evidence) -> None:
    weight = _weigh(row)
    if isinstance(weight, Counts):
        assert _weigh(row, now=weight.until) == replace(weight, stale=True)
        assert _weigh(row, now=weight.until + INSTANT) == TooOld()
    else:
        later = _weigh(row, now=NOW + timedelta(hours=1))
        assert type(later) is type(weight)


@few
@given(row=rows)
def test_a_miss_never_makes_a_row_younger(row: Evidence) -> None:
    missed, seen = (age_of(replace(row, missed=miss)) for miss in (True, False))
    assert missed is None or (seen is not None and missed <= seen)


def test_what_the_host_disabled_ends_the_word_of_every_source() -> None:
    """R10: a repository's own listing outlives a lost credential, not a disabled account."""
    listed = replace(ROW, source=Source.REPO_LISTING, ended_at=ago(0.5))
    assert isinstance(_weigh(listed), Counts)
    assert isinstance(_weigh(replace(listed, ended_wholly=True)), Ended)
