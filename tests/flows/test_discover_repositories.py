"""Repositories found through connections, where a host has something to say to one."""

import asyncio
from dataclasses import replace

from permsync.flows.discover_repositories import discover_repositories
from permsync.flows.sync_repository import sync_repository
from permsync.model import Trigger
from tests.flows.scenes import column
from tests.flows.test_sync_repository import NAMED, connected, id_of, one_of
from tests.hosts.silent import silent
from tests.world import World, host_settings


async def test_where_a_host_lists_no_readers_no_connection_runs(world: World) -> None:
    services = (await connected(world)).services
    one = one_of(world)
    quiet = silent(host_settings(world.simulator, "gitlab"))
    configured = replace(services.host("gitlab"), host=quiet)
    after = replace(services, hosts={**services.hosts, "gitlab": configured})
    asked = len(world.host("gitlab").log.records)

    assert await discover_repositories(after) == 0
    assert await sync_repository(after, await id_of(world, one), Trigger.SCHEDULE) is None

    assert len(world.host("gitlab").log.records) == asked
    due = await column(world.services.database, f"SELECT sync_due_at{NAMED}", name=one.full_name)
    assert due == [None]


async def found_at(world: World, host: str) -> bool:
    """Whether repositories of this host are listed from now on."""
    found = "SELECT EXISTS (SELECT FROM repository WHERE host = :host AND sync_due_at IS NOT NULL)"
    return (await column(world.services.database, found, host=host)) == [True]


async def test_a_host_that_is_slow_does_not_hold_up_the_look_at_another(world: World) -> None:
    connections = [
        one
        for host in ("gitlab", "bitbucket-dc")
        for one in (await connected(world, host)).services.connections
    ]
    await column(world.services.database, "UPDATE repository SET sync_due_at = NULL")
    world.host("gitlab").faults.api_latency_seconds = 30.0
    services = replace(world.services, connections=tuple(connections))
    looking = asyncio.create_task(discover_repositories(services))
    for _ in range(1_000):
        if await found_at(world, "bitbucket-dc"):
            break
        await asyncio.sleep(0.01)
    assert not looking.done()
    looking.cancel()
    await asyncio.wait({looking})
    assert await found_at(world, "bitbucket-dc")
