"""
Remembers about whom this process was asked lately, so that a check writes next to nothing.

The database keeps the truth and has its own limit (``flows.check.note_asked``); this only
spares it the question. What is forgotten here is asked there once more. This module must
not know why it matters that somebody asks.
"""

from datetime import timedelta

# A person costs about a hundred bytes; beyond this the longest known are forgotten.
MOST_PEOPLE = 10_000
# Of the interval at which the database notes: late by a part of it, never by a whole.
SHARE = 0.5


class AskedLately:
    """The people of the last while, oldest first."""

    def __init__(self, *, every: timedelta, most: int = MOST_PEOPLE) -> None:
        self._every_seconds = every.total_seconds() * SHARE
        self._most = most
        self._since: dict[int, float] = {}

    def add(self, user_id: int, *, boottime_seconds: float) -> bool:
        """Remember this person; true where it is worth telling the database."""
        known_since = self._since.get(user_id)
        if known_since is not None and boottime_seconds - known_since < self._every_seconds:
            return False
        self._since.pop(user_id, None)
        self._since[user_id] = boottime_seconds
        if len(self._since) > self._most:
            del self._since[next(iter(self._since))]
        return True
