"""
What the property tests of the rules share: one noon, and how many examples are enough.

The rules are small and pure, so a few examples each find what is wrong within some runs;
all of ``tests/rules`` together has to stay near a second.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import settings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)

# No deadline: a slow machine is no defect of a rule.
few = settings(max_examples=12, deadline=None, database=None)


def ago(hours: float) -> datetime:
    """The instant this many hours before noon."""
    return NOW - timedelta(hours=hours)
