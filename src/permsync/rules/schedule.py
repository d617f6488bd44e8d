"""
When an account is synced next, and in which order work is done.

This module must not know the queue or the clock; chance is an argument.
"""

from datetime import datetime, timedelta

from permsync.model import Durations, RunState, Trigger

PRIORITY: dict[Trigger, int] = {
    Trigger.PERSON: 40,
    Trigger.LINKED: 30,
    Trigger.CONFIRM: 20,
    Trigger.SCHEDULE: 10,
}
JITTER_SHARE = 0.1
ASKED_WITHIN = 24  # times the short interval: a person asked about in the last day


def cadence(*, asked_at: datetime | None, now: datetime, durations: Durations) -> timedelta:
    """How often to sync: often for people somebody asks about, daily for the others."""
    lately = asked_at is not None and now - asked_at < durations.sync_every_asked * ASKED_WITHIN
    return durations.sync_every_asked if lately else durations.sync_every


def next_sync_in(
    *,
    outcome: RunState,
    failures: int,
    every: timedelta,
    durations: Durations,
    jitter: float,
    retry_in: timedelta | None = None,
) -> timedelta:
    """
    Plan the next run after one that ended with ``outcome``.

    ``failures`` counts those in a row, this one included; ``jitter`` is in [0, 1). A wish
    of the host to wait is never undercut.
    """
    spread = 1 + JITTER_SHARE * (2 * jitter - 1)
    if outcome is RunState.SUCCEEDED:
        planned = every * spread
    else:
        planned = min(durations.sync_backoff * 2 ** min(failures - 1, 20), every) * spread
    return max(planned, retry_in or timedelta())
