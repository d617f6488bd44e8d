"""
A cancelled sync changes nothing that is known, stops asking soon, and the next is planned.

The host is slow where a test needs a run in the middle. This module must not know how a run
is claimed.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import UnknownError
from permsync.flows.apply_listing import apply_listing
from permsync.flows.cancel_sync import cancel_run, cancel_sync
from permsync.flows.list_runs import list_runs, show_run
from permsync.flows.request_sync import request_sync
from permsync.flows.schedule_syncs import schedule_syncs
from permsync.flows.sync_account import sync_account
from permsync.flows.sync_repository import sync_repository
from permsync.model import Account, RunState, Trigger
from permsync.simulator.samples import bulk_repositories
from permsync.store import queue_claims
from permsync.store.queue import name_of
from permsync.store.queue_claims import JobEnd
from tests.flows.scenes import column, empty_queue, last_run, queued, read, rows, sync
from tests.flows.test_apply_listing import claimed, listed
from tests.flows.test_sync_repository import connected, id_of, one_of
from tests.store.queue_rows import claim
from tests.world import World

GRANTS = 'SELECT * FROM "grant" ORDER BY account_id, repository_id, source'
DUE_IN = "SELECT sync_due_at - clock_timestamp() AS wait FROM account WHERE id = :id"


async def synced(world: World, host: str = "gitlab") -> Account:
    account = await world.link("ada", host)
    await sync(world, account)
    await empty_queue(world.services.database)
    return await read(world, account)


def attentive(world: World) -> World:
    """The same world, where a run looks often whether it was cancelled."""
    durations = replace(world.services.durations, run_look=timedelta(milliseconds=30))
    return replace(world, services=replace(world.services, durations=durations))


async def planned_in(world: World, account: Account) -> timedelta:
    (row,) = await rows(world.services.database, DUE_IN, id=account.id)
    wait: timedelta = row["wait"]
    return wait


async def until_running(world: World) -> int:
    """The id of the run that has begun meanwhile."""
    for _ in range(500):
        page = await list_runs(world.services, state=RunState.RUNNING)
        if page.items:
            return page.items[0].id
        await asyncio.sleep(0.01)
    raise AssertionError("no run began")


async def test_a_run_in_the_middle_stops_soon_and_leaves_everything_as_it_was(
    world: World,
) -> None:
    world = attentive(world)
    bulk_repositories(world.simulator.world, "gitlab", 2_000, person="ada")
    account = await synced(world)
    host = world.host("gitlab")
    added = host.add_repository("platform/new", visibility="private")
    host.grant("ada", added.id)
    before = await rows(world.services.database, GRANTS)
    asked = len(host.log.records)
    host.faults.api_latency_seconds = 30.0
    running = asyncio.create_task(sync_account(world.services, account.id, Trigger.SCHEDULE))
    run_id = await until_running(world)

    ended = await cancel_sync(world.services, account.id, actor="operator")

    assert ended.run is not None
    assert (ended.run.id, ended.run.state) == (run_id, RunState.CANCELLED)
    assert ended.run.failure == "cancelled"
    assert await running is RunState.CANCELLED
    # Only what was on its way: whose token it is, and the first of some twenty pages.
    assert len(host.log.records) <= asked + 2
    assert await rows(world.services.database, GRANTS) == before
    now = await read(world, account)
    assert (now.listed_at, now.listed_to) == (account.listed_at, account.listed_to)
    assert now.run_id is None
    assert timedelta(minutes=30) < await planned_in(world, account) <= timedelta(hours=48)
    host.faults.api_latency_seconds = 0.0
    assert await sync(world, account) is RunState.SUCCEEDED


async def test_what_a_cancelled_run_brings_home_is_not_applied(world: World) -> None:
    account = await synced(world)
    added = world.host("gitlab").add_repository("platform/new", visibility="private")
    world.host("gitlab").grant("ada", added.id)
    run = await claimed(world, account)
    saw = await listed(world, account)
    before = await rows(world.services.database, GRANTS)

    cancelled = await cancel_run(world.services, run.id, actor="key:one")

    assert cancelled.state is RunState.CANCELLED
    assert await apply_listing(world.services, run, saw, requests=1) is None
    assert await rows(world.services.database, GRANTS) == before
    assert (await last_run(world, account))["state"] == "cancelled"


async def test_a_sync_that_waits_is_taken_back_and_does_not_come_at_once(world: World) -> None:
    account = await synced(world)
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")
    await rows(world.services.database, "UPDATE account SET sync_due_at = clock_timestamp()")

    ended = await cancel_sync(world.services, account.id, actor="operator")

    assert (ended.run, ended.waited) == (None, True)
    assert await queued(world.services.database) == set()
    assert await schedule_syncs(world.services) == 0
    logged = "SELECT status::text FROM pgqueuer_log ORDER BY id DESC LIMIT 1"
    assert await column(world.services.database, logged) == ["canceled"]
    assert await column(world.services.database, "SELECT count(*) FROM sync_wish") == [0]
    again = await cancel_sync(world.services, account.id, actor="operator")
    assert (again.run, again.waited) == (None, False)


async def test_a_wish_during_a_run_is_taken_back_with_it(world: World) -> None:
    account = await synced(world)
    database = world.services.database
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")
    (job,) = await claim(database, name_of("sync_account", host="gitlab"))
    await claimed(world, account)
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")

    ended = await cancel_sync(world.services, account.id, actor="user:1")

    assert ended.run is not None
    assert ended.waited
    async with database.begin() as connection:
        assert await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await queued(database) == set()


async def test_cancelling_one_run_leaves_what_others_asked_for(world: World) -> None:
    account = await synced(world)
    run = await claimed(world, account)
    await request_sync(world.services, account.id, Trigger.PERSON, actor="user:1")
    await cancel_run(world.services, run.id, actor="operator")
    assert await queued(world.services.database) == {"sync_account"}
    assert await sync(world, account) is RunState.SUCCEEDED
    assert (await last_run(world, account))["actor"] == "user:1"


async def test_a_run_that_ended_stays_as_it_ended(world: World) -> None:
    account = await synced(world)
    run_id = (await last_run(world, account))["id"]
    due = await column(world.services.database, "SELECT sync_due_at FROM account")
    ended = await cancel_run(world.services, run_id, actor="operator")
    assert ended == await show_run(world.services, run_id)
    assert ended.state is RunState.SUCCEEDED
    assert await column(world.services.database, "SELECT sync_due_at FROM account") == due


async def test_an_older_run_does_not_take_the_claim_from_its_successor(world: World) -> None:
    account = await synced(world)
    older = await claimed(world, account)
    newer = await claimed(world, account)
    await cancel_run(world.services, older.id, actor="operator")
    assert (await read(world, account)).run_id == newer.id


async def test_a_listing_of_readers_is_cancelled_as_well(world: World) -> None:
    world = attentive(await connected(world))
    repository = await id_of(world, one_of(world))
    world.host("gitlab").faults.api_latency_seconds = 30.0
    running = asyncio.create_task(sync_repository(world.services, repository, Trigger.SCHEDULE))
    run_id = await until_running(world)
    cancelled = await cancel_run(world.services, run_id, actor="operator")
    assert (cancelled.state, cancelled.repository_id) == (RunState.CANCELLED, repository)
    assert await running is RunState.ABANDONED
    held = "SELECT run_id FROM repository WHERE id = :id"
    assert await column(world.services.database, held, id=repository) == [None]
    assert (await show_run(world.services, run_id)).state is RunState.CANCELLED


async def test_what_is_unknown_is_said_to_be_unknown(world: World) -> None:
    for wrong in (cancel_run, cancel_sync):
        with pytest.raises(UnknownError):
            await wrong(world.services, 10**17, actor="operator")
    with pytest.raises(UnknownError, match="no run"):
        await show_run(world.services, 10**17)


async def test_a_run_says_who_asked_for_it(world: World) -> None:
    account = await world.link("ada", "gitlab")
    person = f"user:{account.user_id}"
    await sync(world, account)
    await sync(world, account)
    await request_sync(world.services, account.id, Trigger.PERSON, actor="key:search")
    await request_sync(world.services, account.id, Trigger.PERSON, actor=person)
    await sync(world, account)
    await sync_account(world.services, account.id, Trigger.PERSON, actor="operator")
    actors = await column(world.services.database, "SELECT actor FROM run ORDER BY id")
    # Linked by Ada; on schedule; pressed, and the last press counts; from the command line.
    assert actors == [person, "permsync", person, "operator"]


async def test_a_listing_that_stands_counts_what_was_not_modified(world: World) -> None:
    account = await synced(world, "github")
    first = await last_run(world, account)
    assert (first["not_modified"], first["total"] > 0) == (0, True)
    assert await sync(world, account) is RunState.SUCCEEDED
    again = await last_run(world, account)
    assert again["not_modified"] == again["requests"] > 1
    assert (again["added"], again["removed"], again["total"]) == (0, 0, first["total"])
