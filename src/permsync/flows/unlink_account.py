"""
Unlinks an account: access ends here first, then the host is told to forget the tokens.

The tokens are erased in the commit that ends access, so an unreachable host keeps nobody
linked. This module must not ask whether the person is sure; pages do.
"""

from permsync.errors import SealedValueError, UnknownError
from permsync.flows.deps import Services
from permsync.flows.end_access import state_change
from permsync.flows.revoke_tokens import revoke_tokens
from permsync.flows.seal_tokens import open_both
from permsync.model import AccountState, TokenSet
from permsync.store import accounts, audit, changes, refreshes, runs
from permsync.store.audit import Action
from permsync.store.refreshes import Holding
from permsync.telemetry import Event, logger

log = logger(__name__)


async def unlink_account(services: Services, account_id: int, *, user_id: int, actor: str) -> bool:
    """
    Unlink this account of this user; true if the host confirmed the revocation.

    Raises ``UnknownError`` where the user has no such linked account.
    """
    async with services.database.begin() as connection:
        holding = await refreshes.load(connection, account_id, lock=True)
        if holding is None or not _is_theirs(holding, user_id):
            raise UnknownError(what="account", name=str(account_id))
        account = holding.account
        tokens = _open(services, holding)
        await refreshes.fence(connection, account_id)
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
    if tokens is None or account.host not in services.hosts:
        return False
    return await revoke_tokens(services, account.host, tokens)


def _is_theirs(holding: Holding, user_id: int) -> bool:
    account = holding.account
    return account.user_id == user_id and account.state is not AccountState.UNLINKED


def _open(services: Services, holding: Holding) -> TokenSet | None:
    """The tokens to revoke; a value that does not open must not keep anybody linked."""
    if holding.access is None:
        return None
    try:
        return open_both(services.vault, holding)
    except SealedValueError:
        log.exception(Event.DEFECT, account=holding.account.id)
        return None
