"""
Unlinks an account: access ends here first, then the host is told to forget the tokens.

The commit that ends access moves the tokens into the outbox of revocations, so an
unreachable host keeps nobody linked and is told once it is back. This module must not ask
whether the person is sure; pages do.
"""

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.flows.end_access import state_change
from permsync.flows.queue_revocation import queue_revocation_of
from permsync.flows.revoke_tokens import revoke_now
from permsync.model import AccountState
from permsync.store import accounts, audit, changes, refresh_attempts, refreshes, runs
from permsync.store.audit import Action
from permsync.store.refreshes import Holding
from permsync.telemetry import Event, logger

log = logger(__name__)


async def unlink_account(services: Services, account_id: int, *, user_id: int, actor: str) -> bool:
    """
    Unlink this account of this user; true if the host confirmed at once that no token is left.

    Raises ``UnknownError`` where the user has no such linked account.
    """
    async with services.database.begin() as connection:
        holding = await refreshes.load(connection, account_id, lock=True)
        if holding is None or not _is_theirs(holding, user_id):
            raise UnknownError(what="account", name=str(account_id))
        account = holding.account
        revocation_ids = await queue_revocation_of(services, connection, holding)
        await refresh_attempts.fence(connection, account_id)
        await runs.abandon(connection, account_id, failure="unlinked")
        await accounts.save_unlinked(connection, account)
        await audit.record(
            connection,
            audit.Entry(
                action=Action.ACCOUNT_UNLINKED,
                actor=actor,
                user_id=user_id,
                account_id=account_id,
                host=account.host,
            ),
        )
        await changes.append(connection, [state_change(account, AccountState.UNLINKED)])
    log.info(Event.ACCOUNT_UNLINKED, account=account_id, host=account.host)
    return await revoke_now(services, revocation_ids)


def _is_theirs(holding: Holding, user_id: int) -> bool:
    account = holding.account
    return account.user_id == user_id and account.state is not AccountState.UNLINKED
