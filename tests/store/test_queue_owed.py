"""A look that must not begin yet is not answered by one that begins earlier."""

from datetime import timedelta

import pytest

from permsync.model import Trigger
from permsync.store import queue_claims
from permsync.store.engine import Database
from permsync.store.queue_claims import JobEnd
from tests.store.queue_rows import claim, jobs, rows
from tests.store.test_queue import press

HOUR = timedelta(hours=1)
LATER = (HOUR - timedelta(minutes=5), HOUR)


async def finish_claimed(pool: Database) -> None:
    (job,) = await claim(pool)
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)


@pytest.mark.parametrize("pressed_first", [True, False])
async def test_a_look_that_must_not_begin_yet_comes_after_the_press_that_overtook_it(
    pool: Database, *, pressed_first: bool
) -> None:
    wishes: list[tuple[Trigger, timedelta | None]] = [
        (Trigger.CONFIRM, HOUR),
        (Trigger.PERSON, None),
    ]
    for trigger, delay_in in reversed(wishes) if pressed_first else wishes:
        await press(pool, trigger, delay_in)
    await finish_claimed(pool)
    (owed,) = await jobs(pool)
    assert LATER[0] < owed["wait"] <= LATER[1]
    await rows(
        pool,
        "UPDATE pgqueuer SET execute_after = now(),"
        " headers = headers || jsonb_build_object('owed_at', now())",
    )
    (job,) = await claim(pool)
    assert job.trigger is Trigger.CONFIRM
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await jobs(pool) == []


async def test_of_a_burst_of_looks_the_first_and_the_last_come_at_their_time(
    pool: Database,
) -> None:
    for delay_in in (timedelta(), HOUR / 2, HOUR):
        await press(pool, Trigger.CONFIRM, delay_in)
    await finish_claimed(pool)
    (owed,) = await jobs(pool)
    assert LATER[0] < owed["wait"] <= LATER[1]


async def test_of_a_burst_during_a_run_the_first_and_the_last_come_at_their_time(
    pool: Database,
) -> None:
    await press(pool)
    (job,) = await claim(pool)
    for delay_in in (timedelta(), HOUR / 2, HOUR):
        await press(pool, Trigger.CONFIRM, delay_in)
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    await finish_claimed(pool)
    (owed,) = await jobs(pool)
    assert LATER[0] < owed["wait"] <= LATER[1]


async def test_a_job_that_is_put_back_does_not_answer_a_look_before_its_time(
    pool: Database,
) -> None:
    await press(pool)
    (job,) = await claim(pool)
    await press(pool, Trigger.CONFIRM, HOUR)
    async with pool.begin() as connection:
        await queue_claims.put_back(connection, job)
    await finish_claimed(pool)
    (owed,) = await jobs(pool)
    assert LATER[0] < owed["wait"] <= LATER[1]
