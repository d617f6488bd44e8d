"""
Forgets who may read a repository that was deleted or transferred, because the host said so.

Rows leave, nothing begun before the host has settled brings one back, and whoever held one
is asked (EVIDENCE R11): a transfer keeps some readers, and a notice may be wrong. One of
them is listed as well, because only a listing shows that a repository is there after all.
This module must not know how a notice is proved.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.heed_unknown import heed_unknown
from permsync.flows.save_repositories import forget_readers
from permsync.flows.want_asks import list_holder
from permsync.store import changes, fences, repositories
from permsync.store.engine import Connection
from permsync.store.fences import Fence


async def drop_repository(
    services: Services,
    connection: Connection,
    *,
    host: str,
    repository: str,
    at: datetime,
    gone: bool,
) -> int:
    """
    This repository was deleted (``gone``) or transferred, by a notice that reached us at ``at``.

    ``repository`` is the host's immutable id. Everything happens in the caller's transaction.
    Returns how many change rows were written.
    """
    settled_at = at + services.settle_at(host)
    await repositories.lock_host(connection, host)
    known = await repositories.load_named(connection, host=host, external_id=repository)
    if known is None:
        await fences.add(connection, [Fence(host, settled_at, unseen_id=repository)])
        await heed_unknown(services, connection, host=host, settled_at=settled_at)
        return 0
    await list_holder(connection, known.id, due_at=settled_at)
    changed = await forget_readers(services, connection, known, at=settled_at)
    if gone:
        changed += await repositories.save_gone(connection, known, at=at)
    await changes.append(connection, changed)
    return len(changed)
