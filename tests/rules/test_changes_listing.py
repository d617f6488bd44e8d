"""
How far a listing may speak: gaps, holds, and which of its noes is a second one.

Rows are small numbers; those from 10 on belong to an owner that the listing left out.
"""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from permsync.model import Level
from permsync.rules.changes import GrantPlan, Spoken, StoredGrant, plan_listing
from tests.rules.examples import NOW, ago, few

SOFT = NOW - ago(26)
HELD = StoredGrant(level=Level.READ, as_of=None, missed=False)
MISSED = replace(HELD, as_of=ago(30), missed=True)
NOTHING: GrantPlan[int] = GrantPlan(insert={}, relevel={})
COMPLETE: Spoken[int] = Spoken(started_at=NOW, complete=True, listed_at=ago(1), soft=SOFT)
GAP = replace(COMPLETE, left_out=frozenset(range(10, 20)))
CONFIRMS = replace(COMPLETE, confirms=True)

ids = some.integers(min_value=1, max_value=19)
rows_of = some.dictionaries(
    ids,
    some.builds(
        StoredGrant,
        level=some.sampled_from(Level),
        as_of=some.none() | some.integers(min_value=0, max_value=100).map(ago),
        missed=some.booleans(),
    ),
    max_size=8,
)
listings = some.dictionaries(ids, some.sampled_from(Level), max_size=8)


def plan(
    stored: Mapping[int, StoredGrant],
    observed: Mapping[int, Level],
    spoken: Spoken[int] = COMPLETE,
    *,
    hold_above: int = 50,
) -> GrantPlan[int]:
    return plan_listing(stored, observed, spoken, hold_above=hold_above)


def test_the_rows_of_an_owner_that_was_left_out_are_neither_missed_nor_renewed() -> None:
    """R4: the rest of the listing is complete."""
    assert plan({1: HELD, 10: HELD, 11: MISSED}, {}, GAP) == replace(NOTHING, miss=frozenset({1}))


def test_what_is_seen_of_an_owner_that_was_left_out_is_added_with_its_own_age() -> None:
    found = plan({}, {1: Level.READ, 10: Level.WRITE}, GAP)
    assert found.insert == {1: Level.READ, 10: Level.WRITE}
    assert found.dated == {10}


def test_a_row_of_a_gap_is_as_old_as_the_gap_and_renewed_once_it_is_older_than_soft() -> None:
    old = replace(GAP, gap_ages={10: ago(27), 11: ago(25)})
    seen = {10: Level.READ, 11: Level.READ}
    assert plan({10: HELD, 11: HELD}, seen, old) == replace(NOTHING, renew=frozenset({10}))


def test_a_changed_level_inside_a_gap_is_one_row() -> None:
    assert plan({10: HELD}, {10: Level.ADMIN}, GAP) == replace(NOTHING, relevel={10: Level.ADMIN})


def test_as_many_first_noes_as_allowed_are_believed_and_one_more_is_held() -> None:
    """R6: no ratio, and what is second anyway is not counted."""
    rows = {1: HELD, 2: HELD, 3: MISSED}
    assert plan(rows, {}, hold_above=2).miss == {1, 2}
    assert plan({**rows, 4: HELD}, {}, hold_above=2) == replace(NOTHING, held=True)


def test_a_held_listing_still_adds_and_each_addition_has_its_own_age() -> None:
    found = plan({1: HELD, 2: MISSED}, {2: Level.READ, 3: Level.READ}, hold_above=0)
    assert found == GrantPlan({3: Level.READ}, {}, dated=frozenset({3}), held=True)


def test_a_held_listing_adds_what_it_saw_inside_a_gap_too() -> None:
    found = plan({1: HELD}, {10: Level.READ}, GAP, hold_above=0)
    assert found == GrantPlan({10: Level.READ}, {}, dated=frozenset({10}), held=True)


def test_the_listing_after_a_held_one_applies_and_each_absence_is_a_second_no() -> None:
    rows = dict.fromkeys(range(1, 5), HELD)
    assert plan(rows, {1: Level.READ}, CONFIRMS, hold_above=0).delete == {2, 3, 4}


def test_a_yes_that_began_after_the_confirming_listing_outlives_its_no() -> None:
    """Only an ask can have begun later; the pair is missed once and asked about again."""
    younger = replace(HELD, as_of=NOW + (NOW - ago(1)))
    found = plan({1: younger, 2: replace(HELD, as_of=NOW)}, {}, CONFIRMS)
    assert found.miss == {1}
    assert found.delete == {2}


def test_a_partial_listing_removes_nothing_though_a_listing_was_held() -> None:
    partial = replace(CONFIRMS, complete=False)
    assert plan({1: HELD, 2: MISSED}, {}, partial, hold_above=0) == NOTHING


@few
@given(rows=rows_of, observed=listings, fenced=some.frozensets(ids, max_size=3))
def test_a_hold_writes_only_rows_that_were_not_there(
    rows: dict[int, StoredGrant], observed: dict[int, Level], fenced: frozenset[int]
) -> None:
    """I7: no age of a stored row moves."""
    held = plan(rows, observed, replace(GAP, fenced=fenced), hold_above=-1)
    assert held.held
    assert not held.insert.keys() & (rows.keys() | fenced)
    assert held == GrantPlan(held.insert, {}, dated=frozenset(held.insert), held=True)


@few
@given(rows=rows_of)
def test_a_listing_equal_to_young_rows_writes_none_though_owners_were_left_out(
    rows: dict[int, StoredGrant],
) -> None:
    """I8, gap or not."""
    held = {id_: replace(row, missed=False) for id_, row in rows.items()}
    observed = {id_: row.level for id_, row in held.items()}
    assert plan(held, observed, GAP) == NOTHING
    seen = {id_: level for id_, level in observed.items() if id_ not in GAP.left_out}
    assert plan(held, seen, GAP) == NOTHING
