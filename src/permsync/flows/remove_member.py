"""
Takes everything of one owner away from a person at once, because the host said so.

As ``remove_pair``, but for an organisation, group, workspace or project as a whole: one
fence, and then listings in the place of asks (EVIDENCE R9).
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.want_asks import list_account, list_again
from permsync.store import accounts, changes, fences, pairs
from permsync.store.engine import Connection
from permsync.store.fences import Fence
from permsync.store.pairs import Scope


async def remove_member(
    services: Services,
    connection: Connection,
    *,
    host: str,
    external_id: str,
    owner_id: str,
    at: datetime,
) -> int:
    """
    This person left this owner, as a notice said that reached us at ``at``.

    Both ids are the host's immutable ones. Everything happens in the caller's transaction.
    Returns how many rows left.
    """
    settled_at = at + services.settle_at(host)
    account = await accounts.load_by_identity(
        connection, host=host, external_id=external_id, lock=True
    )
    scope = Scope(host=host, external_id=external_id, owner_id=owner_id)
    gone, changed = await pairs.remove(connection, scope, aged_to=at)
    fence = Fence(host, settled_at, external_id=external_id, owner_id=owner_id)
    await fences.add(connection, [fence])
    if account is not None:
        await list_account(connection, account, due_at=settled_at)
    await list_again(connection, {one.repository_id for one in gone}, due_at=settled_at)
    await changes.append(connection, changed)
    return len(gone)
