"""
Who may spend what is left of a credential's requests at a host.

What is decided here: background work leaves a share to people who wait, a limit that the
host has set stops everybody, how long one is waited for, and what is worth writing down.
This module must not know how a host counts or who asks.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from permsync.model import Trigger

# What background work leaves of a window to people who pressed a button or just linked.
RESERVED_SHARE = 0.2
URGENT = frozenset({Trigger.PERSON, Trigger.LINKED})

# Below this share a window is noted again each time that so much more of it was spent.
LOW_SHARE = 0.5
STEP_SHARE = 0.05

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What one credential may still ask at a host, as last learned.

    ``limited_until`` is set while the host refuses everything.
    """

    limit: int
    remaining: int
    resets_at: datetime
    limited_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """So many ``requests`` may be sent; ``None`` where nothing limits them."""

    requests: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent before."""

    wait_in: timedelta


def reserved(budget: Budget) -> int:
    """How many requests of the window are kept for people who wait."""
    return int(budget.limit * RESERVED_SHARE)


def admit(budget: Budget | None, *, trigger: Trigger, now: datetime, needed: int = 1) -> Go | Wait:
    """
    Decide how much of what is left work with this ``trigger`` may spend.

    Background work that needs more than is left waits for the next window, or several would
    each get a part in every window and none come to its end. Half of what it may ever have is
    enough to begin: by then it has read so much that it waits for the rest (:func:`patience`).
    """
    if budget is None:
        return Go()
    if budget.limited_until is not None and budget.limited_until > now:
        return Wait(budget.limited_until - now)
    if budget.resets_at <= now:
        return Go()
    if trigger in URGENT:
        free, least = budget.remaining, 1
    else:
        free = budget.remaining - reserved(budget)
        least = max(1, min(needed, (budget.limit - reserved(budget)) // 2))
    return Go(free) if free >= least else Wait(budget.resets_at - now)


def patience(limit_wait: timedelta, *, pages_read: int) -> timedelta:
    """
    How long a run waits for a host rather than begin again later, when its budget is new.

    Beginning again asks for every page anew, and a listing longer than one window would never
    end: each page that was read is worth one wait more.
    """
    return limit_wait * (1 + pages_read)


def spend(budget: Budget | None, *, requests: int, hourly: int, now: datetime) -> Budget:
    """
    Count requests that no answer counts; a negative number gives unspent ones back.

    The host's own window rolls; ours begins with the first request after the last one.
    """
    if budget is None or budget.resets_at <= now:
        limited = budget.limited_until if budget else None
        budget = Budget(hourly, hourly, now + WINDOW, limited)
    return replace(budget, remaining=max(0, min(budget.limit, budget.remaining - requests)))


def latest(told: Budget | None, known: Budget | None, *, now: datetime) -> Budget | None:
    """What this run was told last, else what is stored; a limit that is stored counts too."""
    if told is None or told.resets_at <= now:
        return known
    return replace(told, limited_until=known.limited_until if known else None)


def learn(known: Budget | None, told: Budget, *, now: datetime) -> Budget | None:
    """
    What is worth writing down of what a host told; ``None`` if nothing is.

    A window is written when it is first seen, and again while less than half is left, each
    time that a twentieth more was spent.
    """
    if known is None or known.resets_at <= now:
        return told
    is_low = told.remaining < told.limit * LOW_SHARE
    is_step = known.remaining - told.remaining >= told.limit * STEP_SHARE
    return replace(told, limited_until=known.limited_until) if is_low and is_step else None


def limit(budget: Budget | None, *, wait_in: timedelta, now: datetime) -> Budget:
    """The host refuses everything for so long."""
    until = now + wait_in
    if budget is None:
        return Budget(0, 0, until, until)
    return replace(budget, limited_until=max(until, budget.limited_until or until))
