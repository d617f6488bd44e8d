"""
Every order of events about one pair, up to a budget, driven by the rules themselves.

A pair has two sources. At any moment the truth may change, a host may say that the pair was
removed (once, or again), a listing or an ask may begin, arrive or die with its worker, and
one listing may lie by leaving the pair out. What is stored after each event is what
``rules.changes`` and ``rules.asks`` say; only the bookkeeping of the flows is repeated here.

``Without`` takes one safeguard out. This module must not know the database.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from permsync.codehost import PairAnswer
from permsync.model import Durations, Level
from permsync.rules.asks import AskAgain, SaysNo, SaysYes, Standing, judge
from permsync.rules.changes import GrantPlan, Spoken, plan_listing
from tests.rules.pair_states import (
    ACCOUNT,
    REPOSITORY,
    Question,
    Row,
    Side,
    State,
    age_of,
    instant,
    is_wanted,
    maybe_instant,
    ranked,
    stored_of,
    with_side,
)

DURATIONS = Durations()
PAIR = 1
STEP = 2  # events are so far apart that "x and the settle time" fits between two of them
SETTLE = 1


class Without(StrEnum):
    """A safeguard that can be taken out."""

    NOTHING = "nothing"
    FENCE = "fence"
    SECOND_NO = "second no"
    ASKING_AGAIN = "asking again"
    OWN_DECISION = "each source decides for itself"


class BrokenPromiseError(AssertionError):
    """A promise was broken; the message says which."""


@dataclass(slots=True)
class Search:
    """All states within the budget, each looked at once."""

    without: Without = Without.NOTHING
    seen: set[State] = field(default_factory=set)

    def run(self, start: State, *, most: int) -> int:
        """Look at every state; returns how many. Raises ``BrokenPromiseError``."""
        waiting = deque([ranked(start)])
        while waiting and len(self.seen) < most:
            state = waiting.popleft()
            if state in self.seen:
                continue
            self.seen.add(state)
            self._check_end(state)
            waiting.extend(ranked(after) for after in self._events(state))
        return len(self.seen)

    # What may happen

    def _events(self, state: State) -> Iterator[State]:
        now = replace(state, now=state.now + STEP)
        yield from self._world(now)
        for source in (ACCOUNT, REPOSITORY):
            yield from self._listing(now, source)
        yield from self._asks(now)

    def _world(self, state: State) -> Iterator[State]:
        for source in (ACCOUNT, REPOSITORY):
            side = state.sides[source]
            if state.changes_left:
                changed = replace(side, truth=not side.truth, steady=False)
                yield replace(
                    with_side(state, source, changed), changes_left=state.changes_left - 1
                )
        if state.hooks_left and not all(side.truth for side in state.sides):
            yield replace(state, inbox=(state.now,), hooks_left=state.hooks_left - 1)
        for received in state.inbox:
            again = self._remove(state, received)
            yield again  # the worker died before it could take the notice off
            yield replace(again, inbox=())

    def _listing(self, state: State, source: int) -> Iterator[State]:
        side = state.sides[source]
        if side.listing is None:
            if side.listings_left:
                begun = Question(state.now, side.truth)
                left = side.listings_left - 1
                yield with_side(state, source, replace(side, listing=begun, listings_left=left))
            return
        yield with_side(state, source, replace(side, listing=None))  # its worker died
        for saw in {side.listing.saw, side.truth}:
            yield self._apply_listing(state, source, saw=saw)
        if state.lies_left:
            lied = replace(state, lies_left=0)
            yield self._apply_listing(lied, source, saw=False)

    def _asks(self, state: State) -> Iterator[State]:
        truth = state.sides[ACCOUNT].truth
        if state.ask is None:
            if state.wants_ask is not None and state.wants_ask < state.now and state.asks_left:
                begun = Question(state.now, truth)
                yield replace(state, ask=begun, asks_left=state.asks_left - 1)
            return
        yield replace(state, ask=None)  # its worker died; the wish is durable
        for saw in {state.ask.saw, truth}:
            yield self._apply_ask(state, saw=saw)

    # What the flows do with it

    def _apply_listing(self, state: State, source: int, *, saw: bool) -> State:
        side = state.sides[source]
        assert side.listing is not None
        began = side.listing.began
        fenced = any(at >= began and one in (None, source) for one, at in state.fences)
        stored = {} if side.row is None else {PAIR: stored_of(side.row)}
        plan = plan_listing(
            stored,
            {PAIR: Level.READ} if saw else {},
            Spoken(
                started_at=instant(began),
                complete=True,
                listed_at=maybe_instant(side.listed_at),
                soft=DURATIONS.evidence_soft,
                fenced=frozenset({PAIR}) if fenced else frozenset(),
            ),
            hold_above=50,
        )
        row = self._row_after(plan, side, began)
        after = replace(
            side,
            row=row,
            listing=None,
            listed_at=began,
            listed_to=state.now,
            wants_listing=False,
        )
        if side.row is not None and row is None:
            after = replace(after, last_no=state.now)
        applied = with_side(state, source, after)
        if source == ACCOUNT and state.wants_ask is not None and state.wants_ask <= began:
            applied = replace(applied, wants_ask=None)
        if plan.miss or (fenced and (saw or stored)):
            applied = self._want(applied, source)
        if side.row is not None and row is None:
            applied = self._let_go(applied, source)
        return self._check(state, applied, source, saw=saw)

    def _row_after(self, plan: GrantPlan[int], side: Side, began: int) -> Row | None:
        if PAIR in plan.insert:
            return Row(as_of=None, missed=False, yes_at=began)
        row = side.row
        if row is None or PAIR in plan.delete:
            return None
        if PAIR in plan.miss:
            if self.without is Without.SECOND_NO:
                return None
            return replace(row, missed=True, as_of=max(row.as_of or 0, side.listed_at or 0))
        if PAIR in plan.clear:
            return Row(as_of=None, missed=False, yes_at=began)
        return row

    def _apply_ask(self, state: State, *, saw: bool) -> State:
        side, question = state.sides[ACCOUNT], state.ask
        assert question is not None
        bars = [at for one, at in state.fences if one in (None, ACCOUNT)]
        ruling = judge(
            PairAnswer(Level.READ if saw else None),
            Standing(
                listed_to=maybe_instant(side.listed_to),
                fenced_at=maybe_instant(max(bars, default=None)),
                is_missed=side.row is not None and side.row.missed,
                left_out=False,
            ),
            asked_at=instant(question.began),
            arrived_at=instant(state.now),
            failures=0,
            durations=DURATIONS,
        )
        answered = replace(state, ask=None)
        match ruling:
            case SaysYes():
                row = Row(as_of=question.began, missed=False, yes_at=question.began)
                done = replace(with_side(answered, ACCOUNT, replace(side, row=row)), wants_ask=None)
            case SaysNo():
                gone = replace(side, row=None, last_no=state.now)
                done = replace(with_side(answered, ACCOUNT, gone), wants_ask=None)
                done = self._fence(done, ACCOUNT, state.now)
                if side.row is not None:
                    done = self._let_go(done, ACCOUNT)
            case AskAgain():
                done = self._want(replace(answered, wants_ask=None), ACCOUNT)
            case _:
                raise AssertionError(ruling)
        return self._check(state, done, ACCOUNT, saw=saw)

    def _remove(self, state: State, received: int) -> State:
        """R9: rows aged up to the notice leave, both sources are fenced and asked."""
        sides = tuple(
            replace(
                side,
                row=None if side.row is None or age_of(side) <= received else side.row,
                steady=False,
            )
            for side in state.sides
        )
        hooked = max(state.hooked, received + SETTLE)
        removed = replace(state, sides=(sides[0], sides[1]), hooked=hooked)
        removed = self._fence(removed, None, received + SETTLE)
        for source in (ACCOUNT, REPOSITORY):
            removed = self._want(removed, source, at=received + SETTLE)
        return removed

    def _let_go(self, state: State, source: int) -> State:
        """R8: the other source is asked, if it still holds the pair."""
        other = 1 - source
        if state.sides[other].row is None:
            return state
        if self.without is Without.OWN_DECISION:
            return with_side(state, other, replace(state.sides[other], row=None))
        return self._want(state, other)

    def _want(self, state: State, source: int, at: int | None = None) -> State:
        if self.without is Without.ASKING_AGAIN:
            return state
        if source == REPOSITORY:
            return with_side(state, source, replace(state.sides[source], wants_listing=True))
        return replace(state, wants_ask=state.now if at is None else at)

    def _fence(self, state: State, source: int | None, at: int) -> State:
        if self.without is Without.FENCE:
            return state
        return replace(state, fences=state.fences | {(source, at)})

    # What must hold

    def _check(self, before: State, after: State, source: int, *, saw: bool) -> State:
        other = 1 - source
        if before.sides[other].row != after.sides[other].row:
            raise BrokenPromiseError("I4: a source's word changed the row of another")
        side = after.sides[source]
        if side.row is not None:
            new = before.sides[source].row is None
            if new and side.row.yes_at <= after.hooked:
                raise BrokenPromiseError("I1: a statement from before the notice was believed")
            if side.row.yes_at <= side.last_no:
                raise BrokenPromiseError("I2: a yes outlived a no that came later")
        elif saw and not is_wanted(after, source):
            raise BrokenPromiseError("I3: a yes was passed over and nobody looks again")
        held = before.sides[source].row is not None
        if held and side.row is None and side.steady:
            raise BrokenPromiseError("promise 3: one wrong listing took access away")
        return after

    def _check_end(self, state: State) -> None:
        """I5: truth frozen and all that is under way or wanted done, belief is the truth."""
        calm = replace(state, changes_left=0, lies_left=0, hooks_left=0, ask=None)
        calm = replace(calm, now=calm.now + STEP)
        for received in calm.inbox:
            calm = self._remove(calm, received)
        calm = replace(calm, inbox=())
        for _ in range(2):
            for source in (ACCOUNT, REPOSITORY):
                calm = self._list_once(calm, source)
                calm = self._drain_asks(calm)
        for side in calm.sides:
            if (side.row is not None) is not side.truth:
                raise BrokenPromiseError("I5: belief stays away from the truth")

    def _list_once(self, state: State, source: int) -> State:
        side = state.sides[source]
        begun = replace(side, listing=Question(state.now + STEP, side.truth))
        started = replace(with_side(state, source, begun), now=state.now + 2 * STEP)
        return self._apply_listing(started, source, saw=side.truth)

    def _drain_asks(self, state: State) -> State:
        while state.wants_ask is not None:
            began = max(state.now, state.wants_ask) + STEP
            question = Question(began, state.sides[ACCOUNT].truth)
            state = replace(state, ask=question, now=began + STEP)
            state = self._apply_ask(state, saw=question.saw)
        return state
