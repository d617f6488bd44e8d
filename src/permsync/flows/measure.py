"""
Measures what the database holds: circuits that are open, and what is late, unknown or waiting.

They are facts of all processes together, so whichever is asked tells the same: a round, which
any worker may do, would leave its own figures behind in a process that does no more rounds.
This module must not know who asks.
"""

from datetime import timedelta

from permsync.flows.deps import Services
from permsync.store import (
    circuits,
    refresh_attempts,
    refreshes,
    revocations,
    webhook_deliveries,
)


async def measure(services: Services) -> None:
    """Set the gauges of every host to what is stored now."""
    async with services.database.begin() as connection:
        oldest = await refreshes.load_oldest_due(connection)
        opened = await circuits.load_open(connection)
        uncertain = await refresh_attempts.count_uncertain(connection)
        unrevoked = await revocations.count_open(connection)
        notices = await webhook_deliveries.load_backlog(connection)
    metrics = services.metrics
    for name, one in services.hosts.items():
        metrics.oldest_due.labels(name).set(oldest.get(name, timedelta()).total_seconds())
        metrics.circuit_open.labels(name).set(one.client_digest in opened)
        metrics.uncertain.labels(name).set(uncertain.get(name, 0))
        metrics.webhook_backlog.labels(name).set(notices.get(name, 0))
    metrics.revocation_backlog.clear()
    # A host that is not configured any more may still be owed some.
    for name in {*services.hosts, *unrevoked}:
        metrics.revocation_backlog.labels(name).set(unrevoked.get(name, 0))
