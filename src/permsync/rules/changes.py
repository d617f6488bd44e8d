"""
What a listing changes: stored rows against observed ones.

What is decided here: which rows to write, so that an unchanged listing writes none
(EVIDENCE R3, R5, R11, R12). This module must not know SQL; ids are the store's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from permsync.codehost import ListedRepository
from permsync.model import Level, Repository, Visibility


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """One row of the listing's source: level, own age, and whether it was missed once."""

    level: Level
    as_of: datetime | None
    missed: bool


@dataclass(frozen=True, slots=True)
class GrantPlan:
    """
    The rows to write, as repository ids.

    ``insert`` and ``relevel`` map to the level; ``clear`` takes a miss back; ``miss`` is a
    first no and ``delete`` a second; ``renew`` gets the listing's start as its age.
    """

    insert: Mapping[int, Level]
    relevel: Mapping[int, Level]
    clear: frozenset[int] = frozenset()
    miss: frozenset[int] = frozenset()
    delete: frozenset[int] = frozenset()
    renew: frozenset[int] = frozenset()


def plan_complete(
    stored: Mapping[int, StoredGrant],
    observed: Mapping[int, Level],
    *,
    fenced: frozenset[int] = frozenset(),
) -> GrantPlan:
    """
    R3: a complete listing adds, clears and, on the second no, removes.

    About a ``fenced`` repository this listing may not speak, neither yes nor no.
    """
    absent = stored.keys() - observed.keys() - fenced
    seen = stored.keys() & observed.keys() - fenced
    return GrantPlan(
        insert={id_: observed[id_] for id_ in observed.keys() - stored.keys() - fenced},
        relevel={id_: observed[id_] for id_ in seen if stored[id_].level != observed[id_]},
        clear=frozenset(id_ for id_ in seen if stored[id_].missed),
        miss=frozenset(id_ for id_ in absent if not stored[id_].missed),
        delete=frozenset(id_ for id_ in absent if stored[id_].missed),
    )


def plan_partial(
    stored: Mapping[int, StoredGrant],
    observed: Mapping[int, Level],
    *,
    listed_at: datetime | None,
    started_at: datetime,
    soft: timedelta,
    fenced: frozenset[int] = frozenset(),
) -> GrantPlan:
    """R5: a partial listing only adds, and renews the age of seen rows older than soft."""
    seen = stored.keys() & observed.keys() - fenced
    return GrantPlan(
        insert={id_: observed[id_] for id_ in observed.keys() - stored.keys() - fenced},
        relevel={id_: observed[id_] for id_ in seen if stored[id_].level != observed[id_]},
        renew=frozenset(
            id_ for id_ in seen if _is_old(stored[id_], listed_at, started_at=started_at, soft=soft)
        ),
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
    are open ones whose ``open_seen_at`` is due to be rewritten.
    """

    insert: tuple[ListedRepository, ...] = ()
    rename: tuple[ListedRepository, ...] = ()
    moved: tuple[ListedRepository, ...] = ()
    narrow: tuple[ListedRepository, ...] = ()
    widen: tuple[ListedRepository, ...] = ()
    reopen: tuple[ListedRepository, ...] = ()


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
    new, renamed, moved, narrowed, widened, reopened = [], [], [], [], [], []
    for one in observed:
        known = stored.get(one.external_id)
        if known is None:
            new.append(one)
            continue
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
    )


def _open_is_old(known: Repository, *, started_at: datetime, hard: timedelta) -> bool:
    """R12: rewritten at most every quarter of the hard age, for few writes."""
    if known.visibility is Visibility.PRIVATE:
        return False
    return known.open_seen_at is None or started_at - known.open_seen_at > hard / 4
