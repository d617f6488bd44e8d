"""
The table of faults: what strikes, and what it allows.

A fault is a coroutine that plays with a scene; what it is called and allowed stands here.
``tests.chaos.matrix`` plays every one against every policy.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from tests.chaos.scene import Scene

# The same token again at +1, +5 and +15 minutes after the first refusal (REFRESH 3).
REPETITIONS = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One row of the table.

    ``most_posts`` is how often a token may be presented where the account lives on; where
    the host refuses for good the repetitions of the protocol come on top.

    ``reused``: the network or a paused process lets the host see a token twice, which
    family hosts punish whatever a client does. ``ended``: the account is meant to end.
    ``alone``: it strikes every lane or needs the whole machine, so nothing runs beside it.
    ``most_lost``: so many accounts may be lost where the host forgives nothing.
    ``big``: it takes too long for a quick run.
    """

    name: str
    act: Callable[[Scene], Awaitable[None]]
    most_posts: int = 1
    reused: bool = False
    ended: bool = False
    most_lost: int = 1
    alone: bool = False
    big: bool = False


def table(*groups: Iterable[Fault]) -> dict[str, Fault]:
    """Every fault by its name, in order."""
    return {fault.name: fault for group in groups for fault in group}
