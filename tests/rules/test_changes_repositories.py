"""
What a listing says anew about repositories: closing counts at once, opening only later.

Repositories are found by the host's immutable id; a name never finds one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import ListedRepository
from permsync.model import Repository, Visibility
from permsync.rules.changes import OPENNESS, RepositoryPlan, plan_repositories
from tests.rules.examples import INSTANT, NOW, ago, few

SETTLE = timedelta(seconds=15)
HARD = timedelta(hours=72)
OPEN = [Visibility.INTERNAL, Visibility.PUBLIC]

KNOWN = Repository(
    id=1,
    host="github",
    external_id="7",
    owner_id="acme-id",
    full_name="acme/one",
    visibility=Visibility.PRIVATE,
    visibility_at=ago(100),
)
SEEN = ListedRepository(
    external_id="7",
    owner_id="acme-id",
    owner="acme",
    full_name="acme/one",
    visibility=Visibility.PRIVATE,
)

visibilities = some.sampled_from(Visibility)
starts = some.integers(min_value=0, max_value=100).map(ago)


def _plan(
    known: Repository | None, seen: ListedRepository, *, started_at: datetime = NOW
) -> RepositoryPlan:
    stored = {known.external_id: known} if known is not None else {}
    return plan_repositories(stored, [seen], started_at=started_at, settle=SETTLE, hard=HARD)


def _shown(visibility: Visibility) -> ListedRepository:
    return replace(SEEN, visibility=visibility)


def _believed(visibility: Visibility, *, open_seen_at: datetime | None = None) -> Repository:
    return replace(KNOWN, visibility=visibility, open_seen_at=open_seen_at)


def test_an_unchanged_private_repository_writes_nothing() -> None:
    assert _plan(KNOWN, SEEN) == RepositoryPlan()


def test_an_unknown_id_is_new() -> None:
    assert _plan(None, SEEN) == RepositoryPlan(insert=(SEEN,))


def test_a_known_name_under_another_id_is_another_repository() -> None:
    """Somebody deleted a repository and made a new one of the same name."""
    successor = replace(SEEN, external_id="8")
    assert _plan(KNOWN, successor) == RepositoryPlan(insert=(successor,))


def test_another_name_of_the_same_id_is_a_rename() -> None:
    renamed = replace(SEEN, full_name="acme/two")
    assert _plan(KNOWN, renamed) == RepositoryPlan(rename=(renamed,))


def test_another_owner_of_the_same_id_is_a_move() -> None:
    """R11: who may read it now is the new owner's word."""
    moved = replace(SEEN, owner_id="labs-id")
    assert _plan(KNOWN, moved) == RepositoryPlan(moved=(moved,))


def test_one_repository_may_be_renamed_moved_and_closed_by_one_listing() -> None:
    changed = replace(SEEN, owner_id="labs-id", full_name="labs/one")
    plan = _plan(_believed(Visibility.PUBLIC), changed)
    assert plan == RepositoryPlan(rename=(changed,), moved=(changed,), narrow=(changed,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Visibility.PUBLIC, Visibility.INTERNAL),
        (Visibility.PUBLIC, Visibility.PRIVATE),
        (Visibility.INTERNAL, Visibility.PRIVATE),
    ],
)
def test_closing_counts_at_once_even_from_an_older_listing(
    before: Visibility, after: Visibility
) -> None:
    seen = _shown(after)
    started_at = KNOWN.visibility_at - timedelta(hours=1)
    assert _plan(_believed(before), seen, started_at=started_at) == RepositoryPlan(narrow=(seen,))


def test_opening_counts_from_a_listing_begun_after_the_host_settled() -> None:
    settled_at = KNOWN.visibility_at + SETTLE
    seen = _shown(Visibility.PUBLIC)
    assert _plan(KNOWN, seen, started_at=settled_at) == RepositoryPlan()
    assert _plan(KNOWN, seen, started_at=settled_at + INSTANT) == RepositoryPlan(widen=(seen,))


def test_one_that_was_gone_is_back_from_a_listing_begun_after_the_host_settled() -> None:
    gone = replace(KNOWN, gone_at=ago(1))
    assert _plan(gone, SEEN) == RepositoryPlan(back=(SEEN,))
    assert _plan(gone, SEEN, started_at=ago(1)) == RepositoryPlan()


@pytest.mark.parametrize("visibility", OPEN)
def test_openness_is_dated_again_after_a_quarter_of_the_hard_age(visibility: Visibility) -> None:
    """R12: for few writes."""
    seen = _shown(visibility)
    young = _believed(visibility, open_seen_at=NOW - HARD / 4)
    due = _believed(visibility, open_seen_at=NOW - HARD / 4 - INSTANT)
    assert _plan(young, seen) == RepositoryPlan()
    assert _plan(due, seen) == RepositoryPlan(reopen=(seen,))


def test_an_open_repository_that_nothing_dates_is_dated() -> None:
    seen = _shown(Visibility.PUBLIC)
    assert _plan(_believed(Visibility.PUBLIC), seen) == RepositoryPlan(reopen=(seen,))


def test_what_the_hosts_page_holds_stays_in_its_order() -> None:
    listed = [replace(SEEN, external_id=id_) for id_ in ("3", "1", "2")]
    plan = plan_repositories({}, listed, started_at=NOW, settle=SETTLE, hard=HARD)
    assert plan.insert == tuple(listed)


def test_the_visibilities_are_ordered_from_closed_to_open() -> None:
    assert sorted(OPENNESS, key=lambda one: OPENNESS[one]) == list(Visibility)


@few
@given(before=visibilities, after=visibilities, changed_at=starts, started_at=starts)
def test_a_listing_begun_before_the_last_change_never_opens(
    before: Visibility, after: Visibility, changed_at: datetime, started_at: datetime
) -> None:
    """I10."""
    known = replace(_believed(before), visibility_at=changed_at)
    plan = _plan(known, _shown(after), started_at=started_at)
    assert not plan.widen or started_at > changed_at + SETTLE


@few
@given(believed=visibilities, open_seen_at=some.none() | starts, started_at=starts)
def test_openness_is_never_dated_back(
    believed: Visibility, open_seen_at: datetime | None, started_at: datetime
) -> None:
    known = _believed(believed, open_seen_at=open_seen_at)
    plan = _plan(known, _shown(believed), started_at=started_at)
    assert not plan.reopen or open_seen_at is None or started_at > open_seen_at
