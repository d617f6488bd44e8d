"""
A list of readers that another one overtook, or that never ends: it takes nobody's access.

Who overtakes whom is ordered by the test and never by the clock.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from permsync.flows.apply_readers import apply_readers
from permsync.flows.list_readers import Readers
from permsync.flows.sync_repository import sync_repository
from permsync.model import RunState, Trigger
from permsync.store import repository_runs
from permsync.store.repository_runs import RepositoryRun
from permsync.transport import Transport
from tests.flows.faulty_doors import FaultyTransport
from tests.flows.scenes import column, rows, spoil
from tests.flows.test_sync_repository import believed, connected, id_of, list_one, one_of
from tests.world import World


async def claim(world: World, repository_id: int) -> RepositoryRun:
    """The right to speak about the readers, taken from whoever had it."""
    async with world.services.database.begin() as connection:
        run = await repository_runs.claim(
            connection, repository_id, Trigger.SCHEDULE, next_due_in=timedelta(hours=1)
        )
    assert run is not None
    return run


async def test_what_an_overtaken_run_brings_home_is_not_applied(world: World) -> None:
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    older = await claim(world, await id_of(world, one))
    await claim(world, older.repository.id)

    nobody = Readers({}, complete=True)
    assert await apply_readers(world.services, older, nobody, requests=1) is RunState.ABANDONED

    assert await believed(world, one) == before
    assert await column(world.services.database, 'SELECT count(*) FROM "grant" WHERE missed') == [0]


async def test_an_overtaken_run_that_fails_plans_nothing_for_its_successor(world: World) -> None:
    world = await connected(world)
    repository_id = await id_of(world, one_of(world))
    late = FaultyTransport(world.services.transport, ["late"])
    patient = replace(world.services.durations, run_look=timedelta(hours=1))
    services = replace(world.services, transport=cast("Transport", late), durations=patient)
    spoil(world, "gitlab", "api", "unauthorized", match="projects")
    running = asyncio.create_task(sync_repository(services, repository_id, Trigger.SCHEDULE))
    await late.arrived.wait()
    newer = await claim(world, repository_id)
    late.released.set()

    assert await running is RunState.ABANDONED

    (now,) = await rows(
        world.services.database,
        "SELECT run_id, sync_failures FROM repository WHERE id = :id",
        id=repository_id,
    )
    assert now == {"run_id": newer.id, "sync_failures": 0}


async def test_a_list_of_readers_without_an_end_takes_nobody_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await connected(world)
    one, host = one_of(world), world.host("gitlab")
    for number in range(120):
        person = f"reader-{number}"
        host.add_person(person, full_name=person, email=f"{person}@example.test")
        host.grant(person, one.id)
    assert await list_one(world, one) is RunState.SUCCEEDED
    before = await believed(world, one)
    requests = "SELECT requests FROM run WHERE repository_id IS NOT NULL ORDER BY id DESC LIMIT 1"
    (needed,) = await column(world.services.database, requests)
    assert needed > 1

    monkeypatch.setattr("permsync.flows.list_readers.MOST_PAGES", needed - 1)
    for _ in range(2):  # said twice, a complete list would be believed
        assert await list_one(world, one) is RunState.PARTIAL

    assert await believed(world, one) == before
