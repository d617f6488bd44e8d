"""
Does what is needed once we may see more of an owner, or less of it.

What is decided here: more has the app's repositories looked for soon, and their readers listed;
less has the accounts listed that hold something there, and asks for no readers, because who may
not ask learns nothing. What is stored keeps its age. This module must not know which event of a
host said so.
"""

from datetime import datetime

from permsync.codehost.notices import CoverageGrew, CoverageShrank
from permsync.flows.deps import Services
from permsync.flows.discover_repositories import apps_at, want_discovery
from permsync.flows.want_asks import list_owner, list_owner_holders
from permsync.store.engine import Connection, database_now


async def heed_coverage(
    services: Services,
    connection: Connection,
    notice: CoverageGrew | CoverageShrank,
    *,
    host: str,
    at: datetime,
) -> None:
    """Carry it out in the caller's transaction, once ``at`` has settled."""
    for app in apps_at(services, host):
        app.memory.installed.forget()
    settled_at = at + services.settle_at(host)
    if isinstance(notice, CoverageShrank):
        await list_owner_holders(connection, host=host, owner_id=notice.owner, due_at=settled_at)
        return
    await list_owner(connection, host=host, owner_id=notice.owner, due_at=settled_at)
    delay_in = settled_at - await database_now(connection)
    await want_discovery(services, connection, host=host, delay_in=delay_in)
