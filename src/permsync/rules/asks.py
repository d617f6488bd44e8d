"""
What the answer to an ask changes: one pair, one source, and only if nothing later spoke.

What is decided here: whether an answer may speak at all, and what follows where it is no
verdict (EVIDENCE R7). This module must not know how a host answers, or SQL.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from permsync.codehost import Failure, PairAnswer
from permsync.model import Durations, Level


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is known of the pair when its answer has arrived.

    ``listed_to`` is when the source's last listing ended, ``fenced_at`` the newest fence
    before the pair; ``left_out`` that the source says it leaves the owner out now.
    """

    listed_to: datetime | None
    fenced_at: datetime | None
    is_missed: bool
    left_out: bool


@dataclass(frozen=True, slots=True)
class SaysYes:
    """The pair is held as of the question's start."""

    level: Level


@dataclass(frozen=True, slots=True)
class SaysNo:
    """The pair leaves this source, and nothing begun before the answer brings it back."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Something spoke later than the question; ask once more, not before this instant."""

    earliest_at: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """No verdict, and the pair is in doubt: ask again after a wait."""

    due_in: timedelta


@dataclass(frozen=True, slots=True)
class LetGo:
    """No verdict, and none is needed before the next listing."""


Ruling = SaysYes | SaysNo | AskAgain | Retry | LetGo


def longest_ask(durations: Durations) -> timedelta:
    """From question to commit: three tries, once more with another token, and the pauses."""
    return durations.api_deadline * 8


def judge(
    answer: PairAnswer | Failure,
    standing: Standing,
    *,
    asked_at: datetime,
    arrived_at: datetime,
    failures: int,
    durations: Durations,
) -> Ruling:
    """
    Rule on an answer that arrived at ``arrived_at`` to a question begun at ``asked_at``.

    ``failures`` counts the answers before this one that were no verdict.
    """
    bars = [one for one in (standing.listed_to, standing.fenced_at) if one is not None]
    if any(asked_at <= one for one in bars):
        return AskAgain(earliest_at=max(bars))
    if arrived_at - asked_at > longest_ask(durations):
        return AskAgain(earliest_at=arrived_at)
    if isinstance(answer, PairAnswer):
        if answer.level is not None:
            return SaysYes(answer.level)
        # Whoever is left out of listings is hidden from asks too: that is no verdict.
        if not standing.left_out:
            return SaysNo()
    if not standing.is_missed and standing.fenced_at is None:
        return LetGo()
    wish = answer.retry_in if isinstance(answer, Failure) else None
    backoff = min(durations.sync_backoff * 2 ** min(failures, 20), durations.sync_every)
    return Retry(due_in=max(backoff, wish or timedelta()))
