"""
Takes a pair away at once because the host said so, and asks both sources afterwards.

The order is EVIDENCE R9: rows that are as old as the notice or older leave, a fence holds
off whatever began before the host has settled, and then both sources are asked, since
another path to the repository may remain. This bends "doubt never removes" for seconds;
it is the price of fast revocation. This module must not know how a notice is proved.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.want_asks import list_account, list_again, want_asks
from permsync.model import Source
from permsync.store import accounts, changes, fences, pairs, repositories
from permsync.store.engine import Connection
from permsync.store.fences import Fence
from permsync.store.pairs import Pair, Scope


async def remove_pair(
    services: Services,
    connection: Connection,
    *,
    host: str,
    external_id: str,
    repository: str,
    at: datetime,
) -> int:
    """
    This person lost this repository, as a notice said that reached us at ``at``.

    ``external_id`` and ``repository`` are the host's immutable ids; either may be unknown
    here. Everything happens in the caller's transaction. Returns how many rows left.
    """
    settled_at = at + services.settle_at(host)
    account = await accounts.load_by_identity(
        connection, host=host, external_id=external_id, lock=True
    )
    known = await repositories.load_named(connection, host=host, external_id=repository)
    if known is None:
        # A listing that is under way may still bring the repository, and must not the pair.
        fence = Fence(host, settled_at, external_id=external_id, unseen_id=repository)
        await fences.add(connection, [fence])
        if account is not None:
            await list_account(connection, account, due_at=settled_at)
        return 0
    scope = Scope(host=host, external_id=external_id, repository_id=known.id)
    gone, changed = await pairs.remove(connection, scope, aged_to=at)
    fence = Fence(host, settled_at, external_id=external_id, repository_id=known.id)
    await fences.add(connection, [fence])
    if account is not None:
        asked = [Pair(account.id, known.id, Source.ACCOUNT_LISTING)]
        await want_asks(services, connection, asked, due_at=settled_at)
    await list_again(connection, [known.id], due_at=settled_at)
    await changes.append(connection, changed)
    return len(gone)
