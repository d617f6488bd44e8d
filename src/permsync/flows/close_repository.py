"""
Closes a repository to all but named readers at once, because the host said so.

Narrowing counts at once; it opens again only by a statement begun after the host has
settled (EVIDENCE R12), and one is asked for, since a notice may be wrong or old. Grants stay
as they are. This module must not know how a notice is proved.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.heed_unknown import heed_unknown
from permsync.flows.want_asks import list_again, list_holder
from permsync.store import changes, repositories
from permsync.store.engine import Connection


async def close_repository(
    services: Services, connection: Connection, *, host: str, repository: str, at: datetime
) -> bool:
    """
    This repository was made private, as a notice said that reached us at ``at``.

    ``repository`` is the host's immutable id. Everything happens in the caller's transaction.
    False where nothing was open, or a statement begun after ``at`` has opened it since.
    """
    await repositories.lock_host(connection, host)
    known = await repositories.load_named(connection, host=host, external_id=repository)
    settled_at = at + services.settle_at(host)
    if known is None:
        await heed_unknown(services, connection, host=host, settled_at=settled_at)
        return False
    changed = await repositories.close(connection, known, at=at)
    await list_again(connection, [known.id], due_at=settled_at)
    await list_holder(connection, known.id, due_at=settled_at)
    await changes.append(connection, changed)
    return bool(changed)
