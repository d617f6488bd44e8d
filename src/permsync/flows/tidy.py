"""
Throws away what is over: jobs' log rows, sessions, tokens nobody will try, webhooks, rules.

A rule that is over stopped counting by its age, so that sweeping it changes no answer. This
module must not touch evidence, history or the audit trail.
"""

from permsync.flows.deps import Services
from permsync.rules.asks import longest_ask
from permsync.store import (
    explicit_rules,
    fences,
    queue_claims,
    refresh_attempts,
    sessions,
    webhook_deliveries,
)

BATCH = 1_000
# Hosts that send more than they were asked to fill the inbox with what concerns nobody.
MOST_WEBHOOKS = 100_000


async def tidy(services: Services) -> None:
    """Forget log rows, sessions, tokens, fences, webhooks and rules that nothing stands on."""
    durations = services.durations
    async with services.database.begin() as connection:
        await queue_claims.drop_log(connection, kept_in=durations.sync_every)
        await sessions.delete_expired(connection)
        await refresh_attempts.forget_over(connection, kept_in=durations.candidate)
        await fences.sweep(connection, ask_in=longest_ask(durations))
        await webhook_deliveries.forget(
            connection, kept_in=durations.webhook_kept, most=MOST_WEBHOOKS
        )
    await _sweep_rules(services)


async def _sweep_rules(services: Services) -> None:
    """In transactions of :data:`BATCH` rows, so that none holds its locks for long."""
    deleted = BATCH
    while deleted == BATCH:
        async with services.database.begin() as connection:
            deleted = await explicit_rules.delete_expired(connection, most=BATCH)
