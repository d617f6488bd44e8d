"""
How many runs of this process may wait long for a host, which keeps their places of work.

What is decided here: a run counts once, however many of its questions wait, and those at one
host leave places to whoever is in a hurry there. This module must not know why anybody waits.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SHARE = 4


@dataclass(slots=True)
class LongWaits:
    """At most ``most`` runs wait at each host; by run, how many of its questions do."""

    most: int
    _waiting: dict[str, Counter[int]] = field(default_factory=dict)

    @classmethod
    def among(cls, places: int) -> "LongWaits":
        """A share of a worker's places, and none where it has few."""
        return cls(most=places // SHARE)

    @contextmanager
    def place(self, host: str, *, run: int) -> Iterator[bool]:
        """Hold a place for a question of this run, or say that there is none."""
        waiting = self._waiting.setdefault(host, Counter())
        if run not in waiting and len(waiting) >= self.most:
            yield False
            return
        waiting[run] += 1
        try:
            yield True
        finally:
            waiting[run] -= 1
            if not waiting[run]:
                del waiting[run]
