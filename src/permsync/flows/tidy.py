"""
Throws away what is over: finished jobs' log rows, ended sessions, tokens nobody will try.

This module must not touch evidence, history or the audit trail.
"""

from permsync.flows.deps import Services
from permsync.rules.asks import longest_ask
from permsync.store import fences, queue_claims, refresh_attempts, sessions


async def tidy(services: Services) -> None:
    """Forget log rows, sessions and tokens nobody can use, and fences that hold nothing off."""
    durations = services.durations
    async with services.database.begin() as connection:
        await queue_claims.drop_log(connection, kept_in=durations.sync_every)
        await sessions.delete_expired(connection)
        await refresh_attempts.forget_over(connection, kept_in=durations.candidate)
        await fences.sweep(connection, ask_in=longest_ask(durations))
