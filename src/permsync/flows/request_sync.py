"""
Asks for a sync: at most one queued per account, and once more if one runs already.

This module must not run a sync.
"""

from permsync.errors import TokenUnavailableError, UnknownError
from permsync.flows.deps import Services
from permsync.model import LIVING, Reason, Trigger
from permsync.store import accounts, queue, sync_wishes, users
from permsync.store.queue import Placed


async def request_sync(
    services: Services, account_id: int, trigger: Trigger, *, actor: str
) -> Placed:
    """
    Queue a sync of this account for ``actor``, whom the run that answers will name.

    Raises ``UnknownError`` for an unknown account, and ``TokenUnavailableError`` where
    only the person can repair it or the person is disabled.
    """
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
        if account is None:
            raise UnknownError(what="account", name=str(account_id))
        user = await users.load(connection, account.user_id)
        if user is None or user.disabled_at is not None:
            raise TokenUnavailableError(reason=Reason.USER_DISABLED.value)
        if account.state not in LIVING:
            raise TokenUnavailableError(reason=(account.reason or account.state).value)
        placed = await queue.enqueue_sync(connection, account_id=account_id, trigger=trigger)
        await sync_wishes.save(connection, account_id=account_id, actor=actor)
    return placed
