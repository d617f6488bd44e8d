"""
Waiting for a refresh that somebody runs: bounded, no longer than needed, and cheap for all.

Answers are held back until a test releases them, so that nothing here depends on how fast a
machine is. That many callers cause one refresh is tested in ``test_fresh_token``.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from permsync.errors import TokenUnavailableError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.flows.in_flight import InFlight
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_ahead import refresh_ahead
from permsync.store.engine import Database
from tests.flows.faulty_doors import CountingDatabase, FaultyTransport
from tests.flows.scenes import age_to_stale, column, elsewhere, expire, read, rows, until
from tests.world import World

CALLERS = 20
LOOKS = 60
NOW = "SELECT clock_timestamp()"


def counted(services: Services, database: CountingDatabase) -> Services:
    """A process of its own whose statements are counted."""
    return replace(elsewhere(services), database=cast("Database", database))


def ask(services: Services, account_id: int, *, times: int) -> list[asyncio.Task[FreshToken]]:
    """Ask for the account's token so many times at once."""
    return [asyncio.create_task(fresh_token(services, account_id)) for _ in range(times)]


async def test_all_who_wait_for_another_process_share_one_look(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["late"])
    running = asyncio.create_task(refresh_account(elsewhere(world.services, door), account.id))
    await door.arrived.wait()
    database = CountingDatabase(world.services.database)
    here, poll = counted(world.services, database), world.services.durations.refresh_poll
    begun = here.clock.boottime()

    callers = ask(here, account.id, times=CALLERS)
    await until(lambda: database.singles >= CALLERS + LOOKS)

    passed = timedelta(seconds=here.clock.boottime() - begun)
    assert database.singles <= CALLERS + passed / poll + 1
    door.released.set()
    await running
    assert {token.version for token in await asyncio.gather(*callers)} == {2}


async def test_who_waits_for_a_refresh_of_this_process_asks_the_database_nothing(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["late"])
    database = CountingDatabase(world.services.database)
    here = replace(
        counted(world.services, database), transport=elsewhere(world.services, door).transport
    )
    (first,) = ask(here, account.id, times=1)
    await door.arrived.wait()
    before = database.singles

    callers = ask(here, account.id, times=CALLERS)
    await until(lambda: database.singles >= before + CALLERS)
    await asyncio.sleep(here.durations.refresh_poll.total_seconds() * 5)

    assert database.singles == before + CALLERS
    door.released.set()
    assert {token.version for token in await asyncio.gather(first, *callers)} == {2}


async def test_who_waits_takes_over_as_soon_as_the_lease_is_over(world: World) -> None:
    """The owner is gone and no worker sweeps: the caller need not wait for one."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["late"])
    running = asyncio.create_task(refresh_account(elsewhere(world.services, door), account.id))
    await door.arrived.wait()
    running.cancel()
    world.host("gitlab").policy.rotation = "tolerant"
    await rows(
        world.services.database,
        "UPDATE refresh_attempt SET lease_until = clock_timestamp() + interval '1 second'",
    )

    token = await fresh_token(world.services, account.id)

    assert token.version == 2
    outcomes = "SELECT outcome FROM refresh_attempt ORDER BY id"
    assert await column(world.services.database, outcomes) == ["unanswered", "adopted"]
    door.released.set()


async def test_nobody_waits_where_nothing_will_happen_in_time(world: World) -> None:
    """The answer never came, and the host may not be asked again before it has settled."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["lost_before"])
    await refresh_account(elsewhere(world.services, door), account.id)
    await rows(
        world.services.database,
        "UPDATE refresh_attempt SET lease_until = clock_timestamp() + interval '1 hour'",
    )
    database = CountingDatabase(world.services.database)

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(counted(world.services, database), account.id)

    assert refused.value.reason == "refresh_running"
    assert refused.value.retry_in is not None
    assert database.singles == 1


async def occupied(world: World) -> tuple[Services, FaultyTransport, asyncio.Task[FreshToken]]:
    """A process whose only place is taken by a refresh whose answer is held back."""
    grace = await world.link("grace", "gitlab")
    await expire(world, grace)
    door = FaultyTransport(world.services.transport, orders=["late"])
    here = replace(elsewhere(world.services, door), in_flight=InFlight(limit=1))
    (running,) = ask(here, grace.id, times=1)
    await door.arrived.wait()
    return here, door, running


async def test_waiting_for_a_place_is_bounded_too(world: World) -> None:
    here, door, running = await occupied(world)
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    hurried = replace(
        here, durations=replace(here.durations, refresh_wait=timedelta(milliseconds=50))
    )

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(hurried, account.id)

    assert refused.value.reason == "refresh_running"
    assert refused.value.retry_in is not None
    door.released.set()
    await running
    assert (await fresh_token(here, account.id)).version == 2


async def test_who_waits_comes_before_what_is_only_stale(world: World) -> None:
    here, door, running = await occupied(world)
    ada, linus = await world.link("ada", "gitlab"), await world.link("linus", "gitlab")
    await age_to_stale(world, ada)
    await expire(world, linus)
    reads = CountingDatabase(world.services.database)
    here = replace(here, database=cast("Database", reads))
    ahead = asyncio.create_task(refresh_ahead(here, ada.id))
    await until(lambda: reads.singles == 1)

    (waiting,) = ask(here, linus.id, times=1)
    await until(lambda: reads.singles == 2)
    door.released.set()
    await asyncio.gather(running, ahead, waiting)

    order = "SELECT account_id FROM refresh_attempt ORDER BY id DESC LIMIT 2"
    assert await column(world.services.database, order) == [ada.id, linus.id]


async def test_a_token_is_no_older_than_its_request(world: World) -> None:
    """However long the refresh waited for a place: its life began when it was asked for."""
    here, door, running = await occupied(world)
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    reads = CountingDatabase(world.services.database)
    (waiting,) = ask(replace(here, database=cast("Database", reads)), account.id, times=1)
    await until(lambda: reads.singles)
    (freed_at,) = await column(world.services.database, NOW)

    door.released.set()
    await asyncio.gather(running, waiting)

    assert (await read(world, account)).issued_at >= freed_at
