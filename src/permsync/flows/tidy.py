"""
Throws away what is over: log rows, sessions, tokens nobody will try, webhooks, rules, history.

A rule that is over stopped counting by its age, so that sweeping it changes no answer. A run
that is forgotten leaves its changes, which are the history. This module must not touch
evidence, changes or the audit trail.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from permsync.flows.deps import Services
from permsync.rules.asks import longest_ask
from permsync.store import (
    explicit_rules,
    fences,
    queue_claims,
    refresh_attempts,
    run_history,
    sessions,
    webhook_deliveries,
)
from permsync.store.engine import Connection

BATCH = 1_000
# Hosts that send more than they were asked to fill the inbox with what concerns nobody.
MOST_WEBHOOKS = 100_000


async def tidy(services: Services) -> None:
    """Forget log rows, sessions, tokens, fences, webhooks, rules, runs and refreshes of old."""
    durations = services.durations
    async with services.database.begin() as connection:
        await queue_claims.drop_log(connection, kept_in=durations.sync_every)
        await sessions.delete_expired(connection)
        await refresh_attempts.forget_over(connection, kept_in=durations.candidate)
        await fences.sweep(connection, ask_in=longest_ask(durations))
        await webhook_deliveries.forget(
            connection, kept_in=durations.webhook_kept, most=MOST_WEBHOOKS
        )
    await _sweep(services, lambda one: explicit_rules.delete_expired(one, most=BATCH))
    kept_in = durations.runs_kept
    for history in (run_history, refresh_attempts):
        forget = partial(history.forget, kept_in=kept_in, most=BATCH)
        await _sweep(services, forget)


async def _sweep(services: Services, delete: Callable[[Connection], Awaitable[int]]) -> None:
    """In transactions of :data:`BATCH` rows, so that none holds its locks for long."""
    deleted = BATCH
    while deleted == BATCH:
        async with services.database.begin() as connection:
            deleted = await delete(connection)
