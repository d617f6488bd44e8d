"""
Ends the doubt about refreshes whose owner is gone or whose answer never came.

An attempt past its lease is taken over and its token presented again: single flight means
that nobody else holds its successor (REFRESH 3). An answer that was stored is judged
without a call. This module must not decide when a lease is over; the database's clock and
``rules.refresh`` do.
"""

import asyncio

from permsync.codehost import Rotation
from permsync.errors import PermsyncError
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.refresh_account import refresh_account
from permsync.store import refreshes
from permsync.telemetry import Event, logger

MOST = 100  # of each host in a round
log = logger(__name__)


async def sweep_attempts(services: Services) -> int:
    """Take over what outlived its lease, host by host; returns how many there were."""
    counts = await asyncio.gather(*(_sweep(services, one) for one in services.hosts.values()))
    return sum(counts)


async def _sweep(services: Services, one: ConfiguredHost) -> int:
    """What cannot be ended at one host must not keep another's waiting."""
    # Where reuse ends a whole family, the access token is served to its end first.
    patient = one.host.rotation is Rotation.FAMILY
    async with services.database.begin() as connection:
        overdue = await refreshes.load_overdue(
            connection, host=one.name, limit=MOST, patient=patient
        )
    await asyncio.gather(*(_take_over(services, account_id) for account_id in overdue))
    return len(overdue)


async def _take_over(services: Services, account_id: int) -> None:
    """One damaged account must not keep the others waiting."""
    try:
        await refresh_account(services, account_id)
    except PermsyncError as error:
        log.exception(Event.JOB_FAILED, account=account_id, error_code=error.code)
