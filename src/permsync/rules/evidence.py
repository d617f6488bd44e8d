"""
How old a piece of evidence is, and whether it still counts.

Age is kept per listing, not per row: an unchanged listing makes every row of its source
younger without writing one of them. This module must not know who asks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from permsync.model import Source


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    A stored grant and the listing of its source.

    ``listed_at`` is when that source's last complete listing started, or, where it left the
    repository's owner out, the last one that did not (R4). ``ended_at`` is when access
    through this account last ended; ``ended_wholly`` that the host itself disabled the
    account, which no source outlives (R10).
    """

    source: Source
    as_of: datetime | None
    missed: bool
    listed_at: datetime | None
    ended_at: datetime | None = None
    ended_wholly: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Older than ``soft`` is stale, older than ``hard`` does not count (settings)."""

    soft: timedelta
    hard: timedelta


@dataclass(frozen=True, slots=True)
class Counts:
    """The evidence counts up to and at ``until``; it is as of ``as_of``."""

    as_of: datetime
    until: datetime
    stale: bool


@dataclass(frozen=True, slots=True)
class TooOld:
    """It counted once; a new listing may make it count again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It was taken before access ended and never counts again."""


def age_of(evidence: Evidence) -> datetime | None:
    """The instant this evidence speaks of; ``None`` where nothing dates it."""
    if evidence.missed or evidence.listed_at is None:
        return evidence.as_of
    return max(evidence.as_of or evidence.listed_at, evidence.listed_at)


def weigh(evidence: Evidence, *, now: datetime, limits: Limits) -> Counts | TooOld | Ended:
    """Decide whether this evidence counts at ``now``."""
    as_of = age_of(evidence)
    if as_of is None:
        return TooOld()
    account_bound = evidence.source is Source.ACCOUNT_LISTING or evidence.ended_wholly
    if account_bound and evidence.ended_at is not None and as_of <= evidence.ended_at:
        return Ended()
    if now - as_of > limits.hard:
        return TooOld()
    return Counts(as_of=as_of, until=as_of + limits.hard, stale=now - as_of > limits.soft)
