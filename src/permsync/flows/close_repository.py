"""
Closes a repository to all but named readers at once, because the host said so.

Narrowing counts at once; it opens again only by a statement begun after the host has
settled (EVIDENCE R12). Grants stay as they are. This module must not know how a notice is
proved.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.want_asks import list_again
from permsync.store import changes, repositories


async def close_repository(services: Services, *, host: str, repository: str, at: datetime) -> bool:
    """
    This repository was made private, as a notice said that reached us at ``at``.

    ``repository`` is the host's immutable id. False where nothing was open, or a statement
    begun after ``at`` has opened it since.
    """
    async with services.database.begin() as connection:
        await repositories.lock_host(connection, host)
        known = await repositories.load_named(connection, host=host, external_id=repository)
        if known is None:
            return False
        changed = await repositories.close(connection, known, at=at)
        await list_again(connection, [known.id], due_at=at + services.durations.settle)
        await changes.append(connection, changed)
    return bool(changed)
