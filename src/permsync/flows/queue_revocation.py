"""
Writes down tokens that their host is to be told to forget, in the commit that lets them go.

What is decided here: what the tokens are bound to in the outbox, and when they die of age
by themselves. This module must not ask a host.
"""

from datetime import datetime

from permsync.errors import SealedValueError
from permsync.flows.deps import Services
from permsync.flows.seal_tokens import ACCESS, REFRESH, open_both
from permsync.model import Account, TokenSet
from permsync.store import accounts, revocations
from permsync.store.engine import Connection
from permsync.store.refreshes import Holding
from permsync.store.revocations import SealedRevocation
from permsync.telemetry import Event, logger
from permsync.vault import Binding

log = logger(__name__)


async def queue_revocation(
    services: Services,
    connection: Connection,
    tokens: TokenSet,
    *,
    host: str,
    account_id: int | None = None,
    link_id: str | None = None,
    dies_at: datetime | None = None,
) -> int:
    """
    Have these tokens revoked at their host once the caller's transaction commits.

    Without ``link_id`` they are tokens of a link that was never stored. Returns the id of
    the revocation.
    """
    revocation_id = await revocations.next_id(connection)
    link_id = link_id or accounts.new_link_id()
    vault = services.vault
    access = vault.seal(
        tokens.access_token, binding=place(revocation_id, link_id=link_id, field=ACCESS)
    )
    refresh = None
    if tokens.refresh_token is not None:
        refresh = vault.seal(
            tokens.refresh_token, binding=place(revocation_id, link_id=link_id, field=REFRESH)
        )
    revocation = SealedRevocation(
        id=revocation_id,
        host=host,
        account_id=account_id,
        link_id=link_id,
        access=access,
        refresh=refresh,
        dies_at=dies_at,
    )
    await revocations.enqueue(connection, revocation)
    return revocation_id


async def queue_revocation_of(
    services: Services, connection: Connection, holding: Holding
) -> int | None:
    """
    Have the tokens revoked that an account holds now; ``None`` where it holds none.

    A value that does not open must keep nobody linked: it is logged and let go.
    """
    if holding.access is None:
        return None
    account = holding.account
    try:
        tokens = open_both(services.vault, holding)
    except SealedValueError:
        log.exception(Event.DEFECT, account=account.id)
        return None
    return await queue_revocation(
        services,
        connection,
        tokens,
        host=account.host,
        account_id=account.id,
        link_id=account.link_id,
        dies_at=_dies_at(account, has_refresh_token=tokens.refresh_token is not None),
    )


def _dies_at(account: Account, *, has_refresh_token: bool) -> datetime | None:
    """When the last of the tokens is too old to be used; ``None`` where nobody knows."""
    if account.access_expires_at is None:
        return None
    if not has_refresh_token:
        return account.access_expires_at
    if account.refresh_expires_at is None:
        return None
    return max(account.access_expires_at, account.refresh_expires_at)


def place(revocation_id: int, *, link_id: str, field: str) -> Binding:
    """Where one token value of a revocation belongs."""
    return Binding(subject="revocation", id=revocation_id, link_id=link_id, field=field, version=0)
