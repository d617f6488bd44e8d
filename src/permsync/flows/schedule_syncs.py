"""
Queues the syncs that are due, a bounded batch at a time, spread out.

This module must not decide when an account or a repository is due; the last run wrote that
down.
"""

from permsync.flows.deps import Services
from permsync.store import queue_due

MOST = 500


async def schedule_syncs(services: Services) -> int:
    """Queue what is due; returns how many jobs are new."""
    spread_in = services.durations.schedule_every
    async with services.database.begin() as connection:
        new = await queue_due.enqueue_due(connection, spread_in=spread_in, most=MOST)
        return new + await queue_due.enqueue_due_repositories(
            connection, spread_in=spread_in, most=MOST
        )
