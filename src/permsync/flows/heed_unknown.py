"""
Does what is needed where a notice closed or ended a repository that is not known here.

What is decided here: whatever was under way when the notice came may still bring it, open or
with readers that it has no longer, so that is done once more when the host has settled. Where
nothing was, nothing follows. This module must not know what the notice said.
"""

from datetime import datetime

from permsync.flows.deps import Services
from permsync.flows.discover_repositories import DISCOVER
from permsync.flows.want_asks import list_under_way
from permsync.store import queue
from permsync.store.engine import Connection, database_now


async def heed_unknown(
    services: Services, connection: Connection, *, host: str, settled_at: datetime
) -> None:
    """Listings of accounts here, and the look through connections, in the caller's transaction."""
    await list_under_way(connection, host=host, due_at=settled_at)
    if any(one.host == host for one in services.connections):
        delay_in = settled_at - await database_now(connection)
        await queue.repeat_round(connection, DISCOVER, delay_in=delay_in)
