"""
Ends the doubt about refreshes whose owner is gone or whose answer never came.

An attempt past its lease is taken over and its token presented again: single flight means
that nobody else holds its successor (REFRESH 3). This module must not decide when a lease
is over; the database's clock and ``rules.refresh`` do.
"""

from permsync.errors import PermsyncError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import load_holding
from permsync.flows.present_token import refresh
from permsync.store import refreshes
from permsync.telemetry import Event, logger

MOST = 100
log = logger(__name__)


async def sweep_attempts(services: Services) -> int:
    """Take over what outlived its lease, oldest first; returns how many there were."""
    async with services.database.begin() as connection:
        overdue = await refreshes.load_overdue(connection, limit=MOST)
    for account_id in overdue:
        try:
            holding = await load_holding(services, account_id)
            work = refresh(services, account_id, version=holding.account.token_version)
            await services.in_flight.run(work)
        except PermsyncError as error:
            # One damaged account must not keep the others waiting.
            log.exception(Event.JOB_FAILED, account=account_id, error_code=error.code)
    return len(overdue)
