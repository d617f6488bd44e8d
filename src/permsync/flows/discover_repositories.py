"""
Finds the repositories that connections list, and keeps what is known of them.

A connection's own listing is read as an account's is: names, owners and visibility come
from it. An app's is one for each owner who installed it. Those that it covers become due for a
list of their readers. This module must not write a grant: what an administrator or an app may
see is nobody's access.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from permsync.codehost import Ask, Failure
from permsync.codehost.apps import Installation
from permsync.errors import TokenUnavailableError
from permsync.flows.ask_connection import ConnectionConversation
from permsync.flows.deps import ConfiguredApp, ConfiguredConnection, Services
from permsync.flows.find_installation import SUSPENDED, load_installed
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.flows.save_repositories import (
    Sight,
    load_observed,
    renew_openness,
    save_repositories,
)
from permsync.rules.include import included, included_by
from permsync.store import changes, queue, repository_runs
from permsync.store.engine import Connection, database_now
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)

DISCOVER = "discover_repositories"
WORKING, ASLEEP, REFUSED = "working", "suspended", "refused"


async def want_discovery(
    services: Services, database: Connection, *, host: str, delay_in: timedelta
) -> None:
    """Have connections looked through after this, where an app of this host is among them."""
    if apps_at(services, host):
        await queue.enqueue_round(database, DISCOVER, delay_in=delay_in)


def apps_at(services: Services, host: str) -> list[ConfiguredApp]:
    """The apps by which this host is asked."""
    apps = (one.app for one in services.connections if one.host == host)
    return [one for one in apps if one is not None]


async def discover_repositories(services: Services) -> int:
    """
    Look through every connection, of one host after each other and of several side by side.

    Returns how many repositories are listed from now on.
    """
    by_host: dict[str, list[ConfiguredConnection]] = {}
    for one in services.connections:
        by_host.setdefault(one.host, []).append(one)
    looks = [asyncio.create_task(_discover_at(services, group)) for group in by_host.values()]
    try:
        return sum(await asyncio.gather(*looks))
    finally:
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def _discover_at(services: Services, connections: Iterable[ConfiguredConnection]) -> int:
    return sum([await _discover(services, one) for one in connections])


async def _discover(services: Services, connection: ConfiguredConnection) -> int:
    host = services.hosts.get(connection.host)
    if host is None or host.readers is None:
        return 0
    if connection.app is not None:
        return await _discover_installed(services, connection, connection.app)
    return await _look(services, connection, ConnectionConversation(services, connection)) or 0


async def _discover_installed(
    services: Services, connection: ConfiguredConnection, app: ConfiguredApp
) -> int:
    """Each installation by itself: one that refuses leaves the others."""
    app.memory.installed.forget()
    installed = await load_installed(services, app, host=connection.host)
    if isinstance(installed, Failure):
        _log_refused(connection, installed)
        return 0
    wanted = _wanted(services, connection, installed.by_owner.values())
    states = dict.fromkeys((WORKING, ASLEEP, REFUSED), 0)
    new = 0
    for one in wanted:
        if one.is_suspended:
            _log_unusable(connection, one, reason=SUSPENDED)
            states[ASLEEP] += 1
            continue
        conversation = ConnectionConversation(services, connection, owner_id=one.owner_id)
        found = await _look(services, connection, conversation, asks=(app.apps.listing_ask(one),))
        if found is None:
            _log_unusable(connection, one, reason=REFUSED)
        states[REFUSED if found is None else WORKING] += 1
        new += found or 0
    for state, count in states.items():
        services.metrics.installations.labels(connection.name, state).set(count)
    return new


def _wanted(
    services: Services, connection: ConfiguredConnection, installations: Iterable[Installation]
) -> list[Installation]:
    """Those of the owners that the operator named: for others no token is asked for."""
    include = services.host(connection.host).include
    return [
        one
        for one in installations
        if included_by(one.owner, include) and included_by(one.owner, connection.owners)
    ]


async def _look(
    services: Services,
    connection: ConfiguredConnection,
    conversation: ConnectionConversation,
    *,
    asks: tuple[Ask, ...] | None = None,
) -> int | None:
    """How many are listed from now on; ``None`` where nothing could be seen."""
    async with services.database.begin() as database:
        started_at = await database_now(database)
    listing = await _list(connection, conversation, asks)
    if listing is None:
        return None
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


async def _list(
    connection: ConfiguredConnection,
    conversation: ConnectionConversation,
    asks: tuple[Ask, ...] | None,
) -> Listing | None:
    """A partial listing is as good as a whole one here: nothing is retracted by absence."""
    try:
        listing = await list_repositories(conversation, asks=asks)
    except TokenUnavailableError as error:
        log.warning(Event.HOST_REFUSED, host=connection.host, kind=error.reason)
        return None
    finally:
        await conversation.allowance.settle()
    if isinstance(listing, Failure):
        _log_refused(connection, listing)
        return None
    return listing


def _log_refused(connection: ConfiguredConnection, failure: Failure) -> None:
    detail = host_detail(failure.detail)
    log.warning(Event.HOST_REFUSED, host=connection.host, kind=failure.kind.value, detail=detail)


def _log_unusable(connection: ConfiguredConnection, one: Installation, *, reason: str) -> None:
    log.warning(
        Event.INSTALLATION_UNUSABLE, host=connection.host, owner=one.owner_id, reason=reason
    )
