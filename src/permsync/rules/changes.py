"""
What a listing changes: stored rows against observed ones.

What is decided here: which rows to write, so that an unchanged listing writes none
(EVIDENCE R3 to R6, R11, R12). Both listings are planned by the same rule; the key of a row
is a repository where an account was listed, and a person where a repository was. This
module must not know SQL; keys are the store's.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from permsync.codehost import ListedRepository
from permsync.model import Level, Repository, Visibility

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """One row of the listing's source: level, own age, and whether it was missed once."""

    level: Level
    as_of: datetime | None
    missed: bool


@dataclass(frozen=True, slots=True)
class GrantPlan(Generic[K]):
    """
    The rows to write.

    ``insert`` and ``relevel`` map to the level; ``clear`` takes a miss back; ``miss`` is a
    first no and ``delete`` a second; ``renew`` gets the listing's start as its age, and so
    do those inserted rows that are ``dated``. ``held`` means that so many first noes are
    not believed yet (R6): only additions are left.
    """

    insert: Mapping[K, Level]
    relevel: Mapping[K, Level]
    clear: frozenset[K] = frozenset()
    miss: frozenset[K] = frozenset()
    delete: frozenset[K] = frozenset()
    renew: frozenset[K] = frozenset()
    dated: frozenset[K] = frozenset()
    held: bool = False


@dataclass(frozen=True, slots=True)
class Spoken(Generic[K]):
    """
    How far a listing may speak.

    ``listed_at`` is when its source last spoke completely, ``gap_ages`` what counts instead
    for the rows of owners that it left out then. ``left_out`` are the rows, stored or
    observed, of owners that it leaves out now. ``fenced`` it may not speak about at all.
    ``confirms`` says that the listing before this one was held.
    """

    started_at: datetime
    complete: bool
    listed_at: datetime | None
    soft: timedelta
    fenced: frozenset[K] = frozenset()
    left_out: frozenset[K] = frozenset()
    gap_ages: Mapping[K, datetime | None] | None = None
    confirms: bool = False


def plan_listing(
    stored: Mapping[K, StoredGrant],
    observed: Mapping[K, Level],
    spoken: Spoken[K],
    *,
    hold_above: int,
) -> GrantPlan[K]:
    """
    Plan any listing: complete, complete but for gaps, or partial.

    More than ``hold_above`` first noes at once are held: the next complete listing applies,
    and each of its absences is a second no (R6).
    """
    if not spoken.complete:
        return _plan_partial(stored, observed, spoken)
    left_out = spoken.left_out
    plan = plan_complete(
        _without(stored, left_out),
        _without(observed, left_out),
        fenced=spoken.fenced,
        confirms_at=spoken.started_at if spoken.confirms else None,
    )
    if not spoken.confirms and len(plan.miss) > hold_above:
        additions = {**plan.insert, **_of_gaps(stored, observed, spoken).insert}
        return GrantPlan(additions, {}, dated=frozenset(additions), held=True)
    if not left_out:
        return plan
    gaps = _of_gaps(stored, observed, spoken)
    return replace(
        plan,
        insert={**plan.insert, **gaps.insert},
        relevel={**plan.relevel, **gaps.relevel},
        renew=gaps.renew,
        dated=gaps.dated,
    )


def _of_gaps(
    stored: Mapping[K, StoredGrant], observed: Mapping[K, Level], spoken: Spoken[K]
) -> GrantPlan[K]:
    """R4: what is seen of an owner that is otherwise left out counts as from a partial listing."""
    left_out = spoken.left_out
    return _plan_partial(_only(stored, left_out), _only(observed, left_out), spoken)


def _plan_partial(
    stored: Mapping[K, StoredGrant], observed: Mapping[K, Level], spoken: Spoken[K]
) -> GrantPlan[K]:
    return plan_partial(
        stored,
        observed,
        listed_at=spoken.listed_at,
        gap_ages=spoken.gap_ages,
        started_at=spoken.started_at,
        soft=spoken.soft,
        fenced=spoken.fenced,
    )


def _without(rows: Mapping[K, V], keys: frozenset[K]) -> Mapping[K, V]:
    return {key: row for key, row in rows.items() if key not in keys} if keys else rows


def _only(rows: Mapping[K, V], keys: frozenset[K]) -> Mapping[K, V]:
    return {key: row for key, row in rows.items() if key in keys}


def plan_complete(
    stored: Mapping[K, StoredGrant],
    observed: Mapping[K, Level],
    *,
    fenced: frozenset[K] = frozenset(),
    confirms_at: datetime | None = None,
) -> GrantPlan[K]:
    """
    R3: a complete listing adds, clears and, on the second no, removes.

    About a ``fenced`` row this listing may not speak, neither yes nor no. ``confirms_at``
    is its start where it confirms a held one: then an absence is a second no, unless the
    pair was given a yes that began later.
    """
    absent = stored.keys() - observed.keys() - fenced
    seen = stored.keys() & observed.keys() - fenced
    second = frozenset(key for key in absent if _is_second(stored[key], confirms_at))
    return GrantPlan(
        insert={key: observed[key] for key in observed.keys() - stored.keys() - fenced},
        relevel={key: observed[key] for key in seen if stored[key].level != observed[key]},
        clear=frozenset(key for key in seen if stored[key].missed),
        miss=frozenset(absent - second),
        delete=second,
    )


def _is_second(row: StoredGrant, confirms_at: datetime | None) -> bool:
    if row.missed:
        return True
    return confirms_at is not None and (row.as_of is None or row.as_of <= confirms_at)


def plan_partial(
    stored: Mapping[K, StoredGrant],
    observed: Mapping[K, Level],
    *,
    listed_at: datetime | None,
    started_at: datetime,
    soft: timedelta,
    gap_ages: Mapping[K, datetime | None] | None = None,
    fenced: frozenset[K] = frozenset(),
) -> GrantPlan[K]:
    """R5: a partial listing only adds, and renews the age of seen rows older than soft."""
    seen = stored.keys() & observed.keys() - fenced
    insert = {key: observed[key] for key in observed.keys() - stored.keys() - fenced}
    ages = gap_ages or {}
    return GrantPlan(
        insert=insert,
        relevel={key: observed[key] for key in seen if stored[key].level != observed[key]},
        renew=frozenset(
            key
            for key in seen
            if _is_old(stored[key], ages.get(key, listed_at), started_at=started_at, soft=soft)
        ),
        dated=frozenset(insert),
    )


def _is_old(
    row: StoredGrant, listed_at: datetime | None, *, started_at: datetime, soft: timedelta
) -> bool:
    dates = [row.as_of] if row.missed else [row.as_of, listed_at]
    known = [one for one in dates if one is not None]
    return not known or started_at - max(known) > soft


OPENNESS = {Visibility.PRIVATE: 0, Visibility.INTERNAL: 1, Visibility.PUBLIC: 2}


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """
    What a listing says anew about repositories.

    ``insert`` are unknown ids; ``rename`` have another name; ``moved`` another owner (R11:
    their rows are deleted first); ``narrow`` and ``widen`` another visibility; ``reopen``
    are open ones whose ``open_seen_at`` is due to be rewritten; ``back`` were said to be
    deleted and are seen after all.
    """

    insert: tuple[ListedRepository, ...] = ()
    rename: tuple[ListedRepository, ...] = ()
    moved: tuple[ListedRepository, ...] = ()
    narrow: tuple[ListedRepository, ...] = ()
    widen: tuple[ListedRepository, ...] = ()
    reopen: tuple[ListedRepository, ...] = ()
    back: tuple[ListedRepository, ...] = ()


def plan_repositories(
    stored: Mapping[str, Repository],
    observed: Iterable[ListedRepository],
    *,
    started_at: datetime,
    settle: timedelta,
    hard: timedelta,
) -> RepositoryPlan:
    """
    Compare by immutable id; names are never compared to find a repository.

    Narrowing counts at once; widening only from a listing begun after the last change of
    visibility and the host's settle time, so that an older listing never reopens (I10).
    """
    new, renamed, moved, narrowed, widened, reopened, back = [], [], [], [], [], [], []
    for one in observed:
        known = stored.get(one.external_id)
        if known is None:
            new.append(one)
            continue
        if known.gone_at is not None and started_at > known.gone_at + settle:
            back.append(one)
        if known.full_name != one.full_name:
            renamed.append(one)
        if known.owner_id != one.owner_id:
            moved.append(one)
        step = OPENNESS[one.visibility] - OPENNESS[known.visibility]
        if step < 0:
            narrowed.append(one)
        elif step > 0 and started_at > known.visibility_at + settle:
            widened.append(one)
        elif step == 0 and _open_is_old(known, started_at=started_at, hard=hard):
            reopened.append(one)
    return RepositoryPlan(
        insert=tuple(new),
        rename=tuple(renamed),
        moved=tuple(moved),
        narrow=tuple(narrowed),
        widen=tuple(widened),
        reopen=tuple(reopened),
        back=tuple(back),
    )


def _open_is_old(known: Repository, *, started_at: datetime, hard: timedelta) -> bool:
    """R12: rewritten at most every quarter of the hard age, for few writes."""
    if known.visibility is Visibility.PRIVATE:
        return False
    return known.open_seen_at is None or started_at - known.open_seen_at > hard / 4
