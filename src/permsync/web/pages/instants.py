"""
Instants as people read them: how long ago, with the exact UTC instant beside it.

This module must not know the clock; ``now`` is an argument.
"""

from datetime import UTC, datetime, timedelta

STEPS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)


def relative(at: datetime, *, now: datetime) -> str:
    """``5 minutes ago``, ``in 2 hours``, ``just now``: the largest whole unit."""
    distance = abs(now - at)
    for step, word in STEPS:
        count = distance // step
        if count:
            words = f"{count} {word}{'s' if count > 1 else ''}"
            return f"{words} ago" if at <= now else f"in {words}"
    return "just now"


def exact(at: datetime) -> str:
    """The instant in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
