"""
What a listing changes: a first no only marks, a second removes, a partial one only adds.

Repositories are small numbers here; ``_carry_out`` is what the store does with a plan.
"""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from permsync.model import Level
from permsync.rules.changes import GrantPlan, StoredGrant, plan_complete, plan_partial
from tests.rules.examples import INSTANT, NOW, ago, few

Rows = Mapping[int, StoredGrant]

SOFT = NOW - ago(26)
HELD = StoredGrant(level=Level.READ, as_of=None, missed=False)
MISSED = StoredGrant(level=Level.READ, as_of=ago(30), missed=True)
NOTHING: GrantPlan[int] = GrantPlan(insert={}, relevel={})

levels = some.sampled_from(Level)
ids = some.integers(min_value=1, max_value=6)
ages = some.none() | some.integers(min_value=0, max_value=100).map(ago)
listings = some.dictionaries(ids, levels, max_size=6)
fences = some.frozensets(ids, max_size=3)
stored_rows = some.dictionaries(
    ids,
    some.builds(StoredGrant, level=levels, as_of=ages, missed=some.booleans()),
    max_size=6,
)


def _partial(
    rows: Rows, observed: Mapping[int, Level], *, fenced: frozenset[int] = frozenset()
) -> GrantPlan[int]:
    return plan_partial(rows, observed, listed_at=ago(50), started_at=NOW, soft=SOFT, fenced=fenced)


def _carry_out(rows: Rows, plan: GrantPlan[int]) -> dict[int, StoredGrant]:
    after = dict(rows)
    for id_, level in {**plan.insert, **plan.relevel}.items():
        before = after.get(id_, HELD)
        after[id_] = replace(before, level=level)
    for id_ in plan.clear | plan.miss:
        after[id_] = replace(after[id_], missed=id_ in plan.miss)
    for id_ in plan.delete:
        del after[id_]
    return after


def test_a_repository_that_was_not_stored_is_inserted_with_its_level() -> None:
    assert plan_complete({}, {1: Level.WRITE}) == GrantPlan(insert={1: Level.WRITE}, relevel={})


def test_a_changed_level_is_one_row() -> None:
    plan = plan_complete({1: HELD, 2: HELD}, {1: Level.ADMIN, 2: Level.READ})
    assert plan == GrantPlan(insert={}, relevel={1: Level.ADMIN})


def test_a_first_no_only_marks() -> None:
    assert plan_complete({1: HELD}, {}) == GrantPlan(insert={}, relevel={}, miss=frozenset({1}))


def test_a_second_no_removes() -> None:
    assert plan_complete({1: MISSED}, {}) == GrantPlan(insert={}, relevel={}, delete=frozenset({1}))


def test_a_yes_takes_a_miss_back() -> None:
    plan = plan_complete({1: MISSED}, {1: Level.READ})
    assert plan == GrantPlan(insert={}, relevel={}, clear=frozenset({1}))


def test_about_a_fenced_repository_a_complete_listing_says_neither_yes_nor_no() -> None:
    rows = {1: HELD, 2: MISSED, 3: MISSED}
    observed = {3: Level.READ, 4: Level.READ}
    assert plan_complete(rows, observed, fenced=frozenset({1, 2, 3, 4})) == NOTHING


def test_a_partial_listing_adds_and_takes_a_changed_level() -> None:
    plan = _partial(
        {1: StoredGrant(Level.READ, NOW, missed=False)}, {1: Level.ADMIN, 2: Level.READ}
    )
    assert plan == GrantPlan({2: Level.READ}, {1: Level.ADMIN}, dated=frozenset({2}))


def test_about_a_fenced_repository_a_partial_listing_says_nothing() -> None:
    rows = {1: StoredGrant(Level.WRITE, ago(50), missed=False)}
    observed = {1: Level.READ, 2: Level.READ}
    assert _partial(rows, observed, fenced=frozenset({1, 2})) == NOTHING


def test_a_partial_listing_renews_a_seen_row_that_is_older_than_soft() -> None:
    """R5: fewer writes than dating every row that was seen."""
    rows = {
        1: StoredGrant(Level.READ, NOW - SOFT, missed=False),
        2: StoredGrant(Level.READ, NOW - SOFT - INSTANT, missed=False),
    }
    assert _partial(rows, dict.fromkeys(rows, Level.READ)).renew == {2}


def test_a_row_is_as_young_as_the_last_complete_listing_before_a_partial_one() -> None:
    plan = plan_partial({1: HELD}, {1: Level.READ}, listed_at=ago(3), started_at=NOW, soft=SOFT)
    assert plan == NOTHING


def test_a_missed_row_is_as_old_as_itself_for_a_partial_listing() -> None:
    plan = plan_partial({1: MISSED}, {1: Level.READ}, listed_at=ago(3), started_at=NOW, soft=SOFT)
    assert plan.renew == {1}


def test_a_seen_row_that_nothing_dates_is_renewed() -> None:
    plan = plan_partial({1: HELD}, {1: Level.READ}, listed_at=None, started_at=NOW, soft=SOFT)
    assert plan.renew == {1}


@few
@given(rows=stored_rows, fenced=fences)
def test_a_listing_equal_to_the_rows_writes_none(
    rows: dict[int, StoredGrant], fenced: frozenset[int]
) -> None:
    """I8: fenced or not, and whatever the rows' own ages are."""
    held = {id_: replace(row, missed=False) for id_, row in rows.items()}
    observed = {id_: row.level for id_, row in rows.items()}
    assert plan_complete(held, observed, fenced=fenced) == NOTHING


@few
@given(rows=stored_rows, observed=listings)
def test_one_listing_removes_only_what_was_missed_before(
    rows: dict[int, StoredGrant], observed: dict[int, Level]
) -> None:
    after = _carry_out(rows, plan_complete(rows, observed))
    gone = rows.keys() - after.keys()
    assert gone == {id_ for id_ in rows.keys() - observed.keys() if rows[id_].missed}


@few
@given(rows=stored_rows, observed=listings)
def test_two_equal_listings_leave_what_they_saw_and_nothing_else(
    rows: dict[int, StoredGrant], observed: dict[int, Level]
) -> None:
    """I5: with the truth frozen, belief is what the source can see."""
    once = _carry_out(rows, plan_complete(rows, observed))
    twice = _carry_out(once, plan_complete(once, observed))
    assert {id_: row.level for id_, row in twice.items()} == observed
    assert not any(row.missed for row in twice.values())


@few
@given(rows=stored_rows, observed=listings, fenced=fences)
def test_a_fenced_row_is_left_as_it_is(
    rows: dict[int, StoredGrant], observed: dict[int, Level], fenced: frozenset[int]
) -> None:
    for plan in (
        plan_complete(rows, observed, fenced=fenced),
        _partial(rows, observed, fenced=fenced),
    ):
        after = _carry_out(rows, plan)
        assert all(after.get(id_) == rows.get(id_) for id_ in fenced)
        assert not plan.renew & fenced


@few
@given(rows=stored_rows, observed=listings)
def test_a_partial_listing_never_removes_and_never_marks(
    rows: dict[int, StoredGrant], observed: dict[int, Level]
) -> None:
    plan = _partial(rows, observed)
    assert not plan.delete | plan.miss
    assert _carry_out(rows, plan).keys() == rows.keys() | observed.keys()


@few
@given(rows=stored_rows, observed=listings)
def test_a_partial_listing_renews_only_rows_that_it_saw(
    rows: dict[int, StoredGrant], observed: dict[int, Level]
) -> None:
    assert _partial(rows, observed).renew <= rows.keys() & observed.keys()
