"""
Explicit-state search: every state that any order of moves can reach, each looked at once.

It knows nothing of what it searches. Breadth first, so that the way to a fault is a shortest
one, and a reader can follow it move by move.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)
MOST_STATES = 2_000_000


@dataclass(frozen=True, slots=True)
class Fault(Generic[S]):
    """A state that must not be, what is wrong with it, and the moves that lead there."""

    what: str
    state: S
    moves: tuple[str, ...]

    def __str__(self) -> str:
        steps = "\n".join(f"  {number}. {move}" for number, move in enumerate(self.moves, 1))
        return f"{self.what}, after\n{steps}\n  {self.state}"


@dataclass(frozen=True, slots=True)
class Found(Generic[S]):
    """How many states there are, and the first one that must not be."""

    states: int
    fault: Fault[S] | None


def explore(
    start: S,
    *,
    moves: Callable[[S], Iterable[tuple[str, S]]],
    wrong: Callable[[S], str | None],
    seen: Callable[[S], object] = lambda _: None,
) -> Found[S]:
    """
    Visit every state that can be reached; stop at the first that is ``wrong``.

    ``seen`` is called once for each state, to count things about them.
    """
    came_from: dict[S, tuple[S, str] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        if (what := wrong(state)) is not None:
            return Found(len(came_from), Fault(what, state, _way_to(state, came_from)))
        seen(state)
        for name, after in moves(state):
            if after not in came_from:
                came_from[after] = (state, name)
                waiting.append(after)
        assert len(came_from) <= MOST_STATES, "the model grew beyond what a test can search"
    return Found(len(came_from), None)


def _way_to(state: S, came_from: dict[S, tuple[S, str] | None]) -> tuple[str, ...]:
    steps = []
    while (step := came_from[state]) is not None:
        state, name = step
        steps.append(name)
    return tuple(reversed(steps))
