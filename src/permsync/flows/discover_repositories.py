"""
Finds the repositories that connections list, and keeps what is known of them.

A connection's own listing is read as an account's is: names, owners and visibility come
from it. Those that it covers become due for a list of their readers. This module must not
write a grant: what an administrator may see is nobody's access.
"""

from permsync.codehost import Failure
from permsync.errors import TokenUnavailableError
from permsync.flows.ask_connection import ConnectionConversation
from permsync.flows.deps import ConfiguredConnection, Services
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.flows.save_repositories import (
    Sight,
    load_observed,
    renew_openness,
    save_repositories,
)
from permsync.rules.include import included
from permsync.store import changes, repository_runs
from permsync.store.engine import database_now
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)


async def discover_repositories(services: Services) -> int:
    """Look through every connection; returns how many repositories are listed from now on."""
    found = [await _discover(services, one) for one in services.connections]
    return sum(found)


async def _discover(services: Services, connection: ConfiguredConnection) -> int:
    host = services.hosts.get(connection.host)
    if host is None or host.readers is None:
        return 0
    async with services.database.begin() as database:
        started_at = await database_now(database)
    listing = await _list(services, connection)
    if listing is None:
        return 0
    wanted = included(listing.repositories, services.host(connection.host).include)
    sight = Sight(
        host=connection.host,
        observed=included(wanted, connection.owners),
        started_at=started_at,
    )
    async with services.database.begin() as database:
        changed = await save_repositories(services, database, sight)
        if not changed:
            await renew_openness(services, database, sight)
        known = await load_observed(database, sight)
        ids = sorted(one.id for one in known.values())
        new = await repository_runs.start_listing(database, ids)
        await changes.append(database, changed)
    return new


async def _list(services: Services, connection: ConfiguredConnection) -> Listing | None:
    """A partial listing is as good as a whole one here: nothing is retracted by absence."""
    conversation = ConnectionConversation(services, connection)
    try:
        listing = await list_repositories(conversation)
    except TokenUnavailableError as error:
        log.warning(Event.HOST_REFUSED, host=connection.host, kind=error.reason)
        return None
    finally:
        await conversation.allowance.settle()
    if isinstance(listing, Failure):
        log.warning(
            Event.HOST_REFUSED,
            host=connection.host,
            kind=listing.kind.value,
            detail=host_detail(listing.detail),
        )
        return None
    return listing
