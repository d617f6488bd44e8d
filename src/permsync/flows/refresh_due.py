"""
Drains the refreshes that are due though nobody waits: repetitions, retries, idle links.

What is decided here: each host is drained by itself, the longest due first, with no more in
flight than its bound, and no longer than until the next round; a refresh that somebody
waits for comes before. When a refresh is due was written down by the last one. This module
must not decide what a refresh does.
"""

import asyncio

from permsync.errors import PermsyncError
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.refresh_account import refresh_account
from permsync.rules.refresh.circuit import Blocked, plan_pass
from permsync.rules.refresh.claim import Hopeless, Wait, Withheld
from permsync.store import circuits, refreshes
from permsync.store.engine import database_now
from permsync.telemetry import Event, logger

BATCHES = 8  # rounds of one host's bound that are read at once
log = logger(__name__)


async def refresh_due(services: Services) -> int:
    """Refresh what is due at every host; returns how many accounts were taken up."""
    until_seconds = services.clock.boottime() + services.durations.sweep_every.total_seconds()
    counts = await asyncio.gather(
        *(_drain(services, one, until_seconds=until_seconds) for one in services.hosts.values())
    )
    return sum(counts)


async def _drain(services: Services, one: ConfiguredHost, *, until_seconds: float) -> int:
    """Batch after batch, until nothing is due, time is up or a batch got nowhere."""
    taken = 0
    while services.clock.boottime() < until_seconds:
        due = await _load_due(services, one)
        room = asyncio.Semaphore(services.in_flight.limit_each)
        moved = await asyncio.gather(*(_refresh(services, each, room) for each in due))
        taken += len(due)
        if not any(moved):
            break
    return taken


async def _load_due(services: Services, one: ConfiguredHost) -> list[int]:
    """The next batch; behind an open circuit nothing, behind a half-open one the probe."""
    async with services.database.begin() as connection:
        circuit = await circuits.load(connection, one.client_digest)
        passage = plan_pass(circuit, now=await database_now(connection))
        if isinstance(passage, Blocked):
            return []
        limit = 1 if passage.probes else services.in_flight.limit_each * BATCHES
        return await refreshes.load_due(connection, host=one.name, limit=limit)


async def _refresh(services: Services, account_id: int, room: asyncio.Semaphore) -> bool:
    """Refresh one account; false where it is to be left alone for now."""
    async with room:
        try:
            plan = await refresh_account(services, account_id)
        except PermsyncError as error:
            # One damaged account must not keep the others waiting.
            log.exception(Event.JOB_FAILED, account=account_id, error_code=error.code)
            plan = None
    if plan is None or isinstance(plan, Wait | Hopeless | Withheld):
        until = plan.until if isinstance(plan, Wait) else None
        async with services.database.single() as connection:
            later_in = services.durations.refresh_backoff_most
            await refreshes.postpone(connection, account_id, until=until, later_in=later_in)
        return False
    return True
