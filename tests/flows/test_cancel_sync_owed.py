"""
What a notice or another run wants looked at is put off by a cancel, never lost.

This module must not know how a run is claimed.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.flows.cancel_sync import cancel_run, cancel_sync
from permsync.flows.request_sync import request_sync
from permsync.flows.want_asks import list_account, list_again
from permsync.model import Account, RunState, Trigger
from permsync.store import queue_claims, repository_runs, runs
from permsync.store.engine import Database, database_now
from permsync.store.queue import name_of
from permsync.store.queue_claims import JobEnd
from permsync.store.runs import Tally
from tests.flows.scenes import column, empty_queue, rows
from tests.flows.test_apply_listing import claimed
from tests.flows.test_cancel_sync import synced
from tests.flows.test_sync_repository import connected, id_of, one_of
from tests.store.queue_rows import claim
from tests.world import World

HOUR = timedelta(hours=1)


def put_off(world: World) -> World:
    """The same world, where whatever is put off is put off for an hour."""
    durations = replace(world.services.durations, sync_backoff=HOUR)
    return replace(world, services=replace(world.services, durations=durations))


async def notice(world: World, account: Account) -> None:
    """A host says that something about this person changed, and has settled."""
    async with world.services.database.begin() as connection:
        settled_at = await database_now(connection)
        await list_account(connection, account, due_at=settled_at)


async def trigger_that_comes_back(world: World) -> Trigger:
    """The trigger of the one sync that waits: it is delayed, and whoever waits gets it."""
    database = world.services.database
    (row,) = await rows(database, "SELECT execute_after - now() AS wait FROM pgqueuer")
    assert HOUR / 2 < row["wait"] <= HOUR
    await rows(database, "UPDATE pgqueuer SET execute_after = now()")
    (job,) = await claim(database, name_of("sync_account", host="gitlab"))
    return job.trigger


@pytest.mark.parametrize("pressed", [False, True])
async def test_what_a_notice_wants_comes_back_after_it_was_cancelled_while_it_waited(
    world: World, *, pressed: bool
) -> None:
    world = put_off(world)
    account = await synced(world)
    await notice(world, account)
    if pressed:
        await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")

    ended = await cancel_sync(world.services, account.id, actor="user:1")

    assert ended.waited
    assert await trigger_that_comes_back(world) is Trigger.CONFIRM


@pytest.mark.parametrize("pressed", [False, True])
@pytest.mark.parametrize("by_run", [False, True])
async def test_what_a_notice_wants_comes_back_after_its_run_was_cancelled(
    world: World, *, pressed: bool, by_run: bool
) -> None:
    world = put_off(world)
    account = await synced(world)
    database = world.services.database
    await notice(world, account)
    if pressed:
        await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")
    (job,) = await claim(database, name_of("sync_account", host="gitlab"))
    run = await claimed(world, account)

    if by_run:
        await cancel_run(world.services, run.id, actor="user:1")
    else:
        await cancel_sync(world.services, account.id, actor="user:1")

    async with database.begin() as connection:
        assert await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await trigger_that_comes_back(world) is Trigger.CONFIRM


async def test_a_notice_during_a_run_outlives_that_runs_cancellation(world: World) -> None:
    world = put_off(world)
    account = await synced(world)
    database = world.services.database
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")
    (job,) = await claim(database, name_of("sync_account", host="gitlab"))
    await claimed(world, account)
    await notice(world, account)
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")

    await cancel_sync(world.services, account.id, actor="user:1")

    async with database.begin() as connection:
        assert await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await trigger_that_comes_back(world) is Trigger.CONFIRM


async def test_a_cancelled_listing_of_readers_that_was_owed_comes_back(world: World) -> None:
    world = put_off(await connected(world))
    repository = await id_of(world, one_of(world))
    database = world.services.database
    await empty_queue(database)
    async with database.begin() as connection:
        await list_again(connection, [repository])
    (job,) = await claim(database, name_of("sync_repository", host="gitlab"))
    async with database.begin() as connection:
        run = await repository_runs.claim(
            connection, repository, Trigger.CONFIRM, next_due_in=timedelta(days=1)
        )
    assert run is not None
    await cancel_run(world.services, run.id, actor="operator")
    async with database.begin() as connection:
        assert await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    (row,) = await rows(database, "SELECT execute_after - now() AS wait FROM pgqueuer")
    assert HOUR / 2 < row["wait"] <= HOUR


async def test_a_listing_of_readers_that_ends_while_it_is_cancelled_has_ended(
    world: World,
) -> None:
    world = await connected(world)
    repository = await id_of(world, one_of(world))
    database = world.services.database
    async with database.begin() as connection:
        run = await repository_runs.claim(
            connection, repository, Trigger.CONFIRM, next_due_in=timedelta(days=1)
        )
    assert run is not None
    async with database.begin() as connection:
        assert await repository_runs.lock_claim(connection, run) is not None
        cancelling = asyncio.create_task(cancel_run(world.services, run.id, actor="operator"))
        await until_a_statement_waits(database)
        await runs.finish(connection, run.id, RunState.SUCCEEDED, Tally())
    assert (await cancelling).state is RunState.SUCCEEDED


async def until_a_statement_waits(database: Database) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(1000):
        if await column(database, waiting) != [0]:
            return
        await asyncio.sleep(0.01)
    pytest.fail("no statement ever waited for a lock")
