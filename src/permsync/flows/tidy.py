"""
Throws away what is over: finished jobs' log rows and ended sessions.

This module must not touch evidence, history or the audit trail.
"""

from permsync.flows.deps import Services
from permsync.rules.asks import longest_ask
from permsync.store import fences, queue_claims, sessions


async def tidy(services: Services) -> None:
    """Forget old log rows of the queue, dead sessions, and fences that hold nothing off."""
    async with services.database.begin() as connection:
        await queue_claims.drop_log(connection, kept_in=services.durations.sync_every)
        await sessions.delete_expired(connection)
        await fences.sweep(connection, ask_in=longest_ask(services.durations))
