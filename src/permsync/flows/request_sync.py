"""
Asks for a sync: at most one queued per account, and once more if one runs already.

This module must not run a sync.
"""

from permsync.errors import TokenUnavailableError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import load_holding
from permsync.model import LIVING, Trigger
from permsync.store import queue
from permsync.store.queue import Placed


async def request_sync(services: Services, account_id: int, trigger: Trigger) -> Placed:
    """
    Queue a sync of this account.

    Raises ``UnknownError`` for an unknown account, and ``TokenUnavailableError`` where
    only the person can repair it.
    """
    account = (await load_holding(services, account_id)).account
    if account.state not in LIVING:
        raise TokenUnavailableError(reason=(account.reason or account.state).value)
    async with services.database.begin() as connection:
        return await queue.enqueue_sync(connection, account_id=account_id, trigger=trigger)
