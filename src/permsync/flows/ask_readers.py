"""
Has everybody asked who may read a repository, because its readers changed as a group.

A notice about a team names the repository and no person (EVIDENCE R9). Where a connection
lists the repository, that finds who came and who left; a few holders are asked besides, so
that what a team lost is gone in one step. This module must not know how a notice is proved.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.want_asks import list_again, want_asks
from permsync.model import Source
from permsync.store import pairs, repositories
from permsync.store.engine import Connection
from permsync.store.pairs import Pair


async def ask_readers(
    services: Services, connection: Connection, *, host: str, repository: str, at: datetime
) -> None:
    """
    Ask about every reader of this repository once ``at`` has settled.

    ``repository`` is the host's immutable id; one that is unknown here is left alone.
    Everything happens in the caller's transaction.
    """
    settled_at = at + services.settle_at(host)
    known = await repositories.load_named(connection, host=host, external_id=repository)
    if known is None:
        return
    await list_again(connection, [known.id], due_at=settled_at)
    holders = await pairs.load_holders(connection, known.id)
    covered = await repositories.load_covered(connection, [known.id])
    if covered and len(holders) > services.fold_above:
        return
    asked = [Pair(one, known.id, Source.ACCOUNT_LISTING) for one in holders]
    await want_asks(services, connection, asked, due_at=settled_at)
