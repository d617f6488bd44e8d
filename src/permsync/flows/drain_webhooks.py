"""
Carries out what waits in the inbox of webhooks, those that close something first.

What is decided here: a delivery is marked in the transaction of its effects, so that a crash
repeats it and nothing does it twice; one that fails does not keep the others waiting, is
tried again later, and is given up in the end, until its host sends it again. This module
must not know what a notice leads to.
"""

from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services
from permsync.flows.heed_notice import heed_notice
from permsync.store import webhook_deliveries
from permsync.store.webhook_deliveries import Waiting
from permsync.telemetry import Event, logger

log = logger(__name__)

BATCH = 20
MOST_TRIES = 8


async def drain_webhooks(services: Services) -> int:
    """Carry out everything that is due; returns how many deliveries were taken up."""
    taken = 0
    while batch := await _claim(services):
        for one in batch:
            await _carry_out(services, one)
        taken += len(batch)
    return taken


async def _claim(services: Services) -> list[Waiting]:
    async with services.database.begin() as connection:
        return await webhook_deliveries.claim(
            connection, backoff_in=services.durations.webhook_backoff, most=BATCH
        )


async def _carry_out(services: Services, one: Waiting) -> None:
    if one.tries > MOST_TRIES:
        async with services.database.begin() as connection:
            await webhook_deliveries.give_up(connection, one.id)
        log.error(Event.WEBHOOK_FAILED, host=one.host, delivered=one.event, tries=one.tries)
        return
    try:
        async with services.database.begin() as connection:
            at = await webhook_deliveries.take(connection, one.id)
            if at is not None:
                await heed_notice(services, connection, one.notice, host=one.host, at=at)
    except DatabaseUnavailableError:
        raise
    except Exception:
        # The wall between deliveries: one that cannot be carried out must not keep back others.
        log.exception(Event.DEFECT, host=one.host, delivered=one.event, tries=one.tries)
        return
    log.info(Event.WEBHOOK_CARRIED_OUT, host=one.host, delivered=one.event, carried_out=bool(at))
