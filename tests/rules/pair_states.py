"""
The state of one pair in the search over all orders of events, and its smallest form.

Two states are the same where nothing but the distance of their instants differs: only the
order matters to a rule. This module must not know which events there are.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from permsync.model import Level
from permsync.rules.changes import StoredGrant
from tests.rules.examples import NOW

ACCOUNT, REPOSITORY = 0, 1


@dataclass(frozen=True, slots=True)
class Row:
    """A stored grant; ``yes_at`` is when the statement began that it rests on."""

    as_of: int | None
    missed: bool
    yes_at: int


@dataclass(frozen=True, slots=True)
class Question:
    """A listing or an ask under way, and what was true when it began."""

    began: int
    saw: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One source: what is true, what is stored, and what is under way or wanted."""

    truth: bool = True
    row: Row | None = None
    listed_at: int | None = None
    listed_to: int | None = None
    listing: Question | None = None
    listings_left: int = 3
    wants_listing: bool = False
    last_no: int = -1
    steady: bool = True  # the truth never changed and nobody said that it did


@dataclass(frozen=True, slots=True)
class State:
    """Everything about the pair; the budgets keep the number of states finite."""

    now: int = 0
    sides: tuple[Side, Side] = (Side(), Side())
    fences: frozenset[tuple[int | None, int]] = frozenset()
    wants_ask: int | None = None  # not before this
    ask: Question | None = None
    inbox: tuple[int, ...] = ()
    hooked: int = -1  # nothing begun up to here may bring the pair back
    changes_left: int = 2
    asks_left: int = 3
    hooks_left: int = 1
    lies_left: int = 1


def with_side(state: State, source: int, side: Side) -> State:
    """The state with one source otherwise."""
    sides = (side, state.sides[1]) if source == ACCOUNT else (state.sides[0], side)
    return replace(state, sides=sides)


def is_wanted(state: State, source: int) -> bool:
    """Whether somebody looks again at what this source says."""
    if source == REPOSITORY:
        return state.sides[source].wants_listing
    return state.wants_ask is not None


def age_of(side: Side) -> int:
    """The age of a row, as ``rules.evidence`` has it."""
    assert side.row is not None
    own = side.row.as_of if side.row.as_of is not None else -1
    listed = side.listed_at if side.listed_at is not None else -1
    return own if side.row.missed else max(own, listed)


def stored_of(row: Row) -> StoredGrant:
    """The row as the rules take it."""
    return StoredGrant(Level.READ, maybe_instant(row.as_of), row.missed)


def instant(at: int) -> datetime:
    """A number of the search as the rules take it."""
    return NOW + timedelta(seconds=at)


def maybe_instant(at: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if at is None else instant(at)


def ranked(state: State) -> State:
    """The same state with small numbers: only the order of instants matters."""
    asked = state.ask.began if state.ask is not None else None
    instants = {state.now, state.hooked, state.wants_ask, asked, *state.inbox}
    instants |= {at for _, at in state.fences}
    for side in state.sides:
        instants |= {side.last_no, side.listed_at, side.listed_to}
        if side.row is not None:
            instants |= {side.row.yes_at, side.row.as_of}
        if side.listing is not None:
            instants.add(side.listing.began)
    known = sorted({-1, *(at for at in instants if at is not None)})
    order = {at: rank for rank, at in enumerate(known, start=-1)}

    def maybe(at: int | None) -> int | None:
        return None if at is None else order[at]

    def of_side(side: Side) -> Side:
        row = side.row
        if row is not None:
            row = replace(row, as_of=maybe(row.as_of), yes_at=order[row.yes_at])
        listing = side.listing
        if listing is not None:
            listing = replace(listing, began=order[listing.began])
        return replace(
            side,
            row=row,
            listing=listing,
            listed_at=maybe(side.listed_at),
            listed_to=maybe(side.listed_to),
            last_no=order[side.last_no],
        )

    ask = state.ask
    return replace(
        state,
        now=order[state.now],
        sides=(of_side(state.sides[0]), of_side(state.sides[1])),
        fences=frozenset((source, order[at]) for source, at in state.fences),
        wants_ask=maybe(state.wants_ask),
        ask=replace(ask, began=order[ask.began]) if ask is not None else None,
        inbox=tuple(order[at] for at in state.inbox),
        hooked=order[state.hooked],
    )
