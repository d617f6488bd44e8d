"""
How often an idle link is refreshed, so that its refresh token does not die of disuse.

Not more often: on a strict host every refresh ends the old access token and is one more
chance to lose the new one. This module must not know who else refreshes; every refresh
begins the time anew.
"""

from datetime import timedelta

from permsync.model import Durations

LIFE_SHARE = 4
JITTER_SHARE = 0.1


def keep_alive_in(
    refresh_life: timedelta | None, durations: Durations, *, jitter: float
) -> timedelta:
    """
    When to refresh a link that nobody uses, from its last refresh on.

    ``refresh_life`` is what its refresh token lives unused, ``None`` where that is not
    known; ``jitter`` in [0, 1) brings it forward, so that links made together part.
    """
    quarter = refresh_life / LIFE_SHARE if refresh_life is not None else durations.keep_alive
    return min(quarter, durations.keep_alive) * (1 - JITTER_SHARE * jitter)
