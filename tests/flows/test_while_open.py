"""Work goes on while its run is open, whatever the database does, and stops when it is not."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.flows.deps import Services
from permsync.flows.while_open import while_open
from tests.flows.scenes import rows
from tests.flows.test_apply_listing import claimed
from tests.world import World


async def opened(world: World) -> tuple[Services, int]:
    """Services that look often, and an open run."""
    account = await world.link("ada", "gitlab")
    run = await claimed(world, account)
    durations = replace(world.services.durations, run_look=timedelta(milliseconds=10))
    return replace(world.services, durations=durations), run.id


async def test_work_returns_what_it_returns_and_raises_what_it_raises(world: World) -> None:
    services, run_id = await opened(world)

    async def fail() -> None:
        await asyncio.sleep(0.05)
        raise KeyError("ours")

    assert await while_open(services, run_id, asyncio.sleep(0.05, "done")) == "done"
    with pytest.raises(KeyError, match="ours"):
        await while_open(services, run_id, fail())


async def test_work_of_a_closed_run_is_stopped(world: World) -> None:
    services, run_id = await opened(world)
    stopped = asyncio.Event()

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return "never"

    await rows(services.database, "UPDATE run SET state = 'cancelled' WHERE id = :id", id=run_id)
    assert await while_open(services, run_id, work()) is None
    assert stopped.is_set()


async def test_who_leaves_takes_the_work_along(world: World) -> None:
    services, run_id = await opened(world)
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    leaving = asyncio.create_task(while_open(services, run_id, work()))
    await asyncio.sleep(0.05)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert stopped.is_set()
