"""A wish for a job is fulfilled exactly once, whatever the job is doing when it comes."""

import asyncio
from datetime import timedelta

import pytest

from permsync.model import Trigger
from permsync.store import queue, queue_claims, queue_due
from permsync.store.engine import Database
from permsync.store.queue import Placed
from permsync.store.queue_claims import JobEnd
from tests.flows.scenes import LOCKED_OUT
from tests.store.queue_rows import add_accounts, claim, jobs, rows

HOUR = timedelta(hours=1)


async def press(
    pool: Database, trigger: Trigger = Trigger.PERSON, delay_in: timedelta | None = None
) -> Placed:
    async with pool.begin() as connection:
        return await queue.enqueue_sync(
            connection, account_id=7, trigger=trigger, delay_in=delay_in
        )


async def press_and_fail(pool: Database) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=7, trigger=Trigger.PERSON)
        raise ZeroDivisionError


async def test_a_job_exists_only_when_the_caller_commits(pool: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await press_and_fail(pool)
    assert await jobs(pool) == []


async def test_a_job_names_its_account_and_its_trigger(pool: Database) -> None:
    await press(pool, Trigger.LINKED)
    (job,) = await claim(pool)
    assert (job.kind, job.account_id, job.trigger) == ("sync_account", 7, Trigger.LINKED)


async def test_two_presses_make_one_job(pool: Database) -> None:
    assert await press(pool) is Placed.QUEUED
    assert await press(pool) is Placed.QUEUED
    assert len(await jobs(pool)) == 1


async def test_a_duplicate_leaves_the_callers_transaction_usable(pool: Database) -> None:
    await press(pool)
    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=7, trigger=Trigger.PERSON)
        await queue.enqueue_sync(connection, account_id=8, trigger=Trigger.PERSON)
    assert len(await jobs(pool)) == 2


async def test_fifty_presses_at_once_make_one_job(pool: Database) -> None:
    await asyncio.gather(*(press(pool) for _ in range(50)))
    assert len(await jobs(pool)) == 1


@pytest.mark.parametrize("first", Trigger)
@pytest.mark.parametrize("second", Trigger)
async def test_a_queued_job_takes_the_stronger_trigger(
    pool: Database, first: Trigger, second: Trigger
) -> None:
    await press(pool, first)
    await press(pool, second)
    order = list(Trigger)
    (job,) = await claim(pool)
    assert job.trigger is order[min(order.index(first), order.index(second))]


async def test_a_job_that_moves_up_loses_its_delay(pool: Database) -> None:
    await press(pool, Trigger.SCHEDULE, delay_in=HOUR)
    assert await claim(pool) == []
    await press(pool, Trigger.PERSON)
    assert len(await claim(pool)) == 1


async def test_a_weaker_wish_takes_no_delay_from_a_job(pool: Database) -> None:
    await press(pool, Trigger.CONFIRM, delay_in=HOUR)
    await press(pool, Trigger.SCHEDULE)
    assert await claim(pool) == []


async def test_no_wish_delays_a_job(pool: Database) -> None:
    await press(pool, Trigger.SCHEDULE)
    await press(pool, Trigger.PERSON, delay_in=HOUR)
    assert len(await claim(pool)) == 1


async def test_people_go_before_links_before_confirmations_before_the_schedule(
    pool: Database,
) -> None:
    async with pool.begin() as connection:
        for account_id, trigger in enumerate(reversed(Trigger)):
            await queue.enqueue_sync(connection, account_id=account_id, trigger=trigger)
    assert [job.trigger for job in await claim(pool, most=9)] == list(Trigger)


async def test_presses_during_a_run_make_one_more_run(pool: Database) -> None:
    await press(pool)
    (job,) = await claim(pool)
    assert await press(pool, Trigger.SCHEDULE) is Placed.AGAIN
    assert await press(pool, Trigger.PERSON) is Placed.AGAIN
    assert await claim(pool) == []
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    (again,) = await claim(pool)
    assert (again.account_id, again.trigger, again.resets) == (7, Trigger.PERSON, 0)
    async with pool.begin() as connection:
        await queue_claims.finish(connection, again, end=JobEnd.SUCCESSFUL)
    assert await jobs(pool) == []


async def test_a_delayed_press_during_a_run_keeps_the_earliest_time(pool: Database) -> None:
    await press(pool)
    (job,) = await claim(pool)
    await press(pool, delay_in=2 * HOUR)
    await press(pool, delay_in=HOUR)
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    (again,) = await jobs(pool)
    assert HOUR - timedelta(minutes=5) < again["wait"] <= HOUR


async def test_a_press_that_commits_while_the_job_ends_is_not_lost(pool: Database) -> None:
    await press(pool)
    (job,) = await claim(pool)

    async def finish() -> None:
        async with pool.begin() as connection:
            await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)

    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=7, trigger=Trigger.PERSON)
        finishing = asyncio.create_task(finish())
        await _until_a_statement_waits(pool)
    await finishing
    assert len(await claim(pool)) == 1


async def _until_a_statement_waits(pool: Database) -> None:
    waiting = LOCKED_OUT
    for _ in range(1000):
        if await rows(pool, waiting):
            return
        await asyncio.sleep(0.01)
    pytest.fail("no statement ever waited for a lock")


async def test_a_refresh_is_asked_for_once_and_not_again(pool: Database) -> None:
    for _ in range(2):
        async with pool.begin() as connection:
            await queue.enqueue_refresh(connection, account_id=7)
    (job,) = await claim(pool, "refresh_account", most=9)
    async with pool.begin() as connection:
        await queue.enqueue_refresh(connection, account_id=7)
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await jobs(pool) == []


async def enqueue_due(pool: Database, *, most: int = 100) -> int:
    async with pool.begin() as connection:
        return await queue_due.enqueue_due(connection, spread_in=HOUR, most=most)


async def test_due_accounts_are_asked_for_once(pool: Database) -> None:
    await add_accounts(pool, 3)
    assert [await enqueue_due(pool), await enqueue_due(pool)] == [3, 0]
    assert {job["dedupe_key"] for job in await jobs(pool)} == {
        f"sync_account:{row['id']}" for row in await rows(pool, "SELECT id FROM account")
    }


async def test_a_batch_that_waits_does_not_hide_the_others(pool: Database) -> None:
    await add_accounts(pool, 5)
    assert [await enqueue_due(pool, most=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_due_accounts_start_spread_over_time(pool: Database) -> None:
    await add_accounts(pool, 50)
    await enqueue_due(pool)
    waits = [job["wait"] for job in await jobs(pool)]
    assert len(set(waits)) == 50
    assert max(waits) <= HOUR
    assert max(waits) - min(waits) > HOUR / 4


async def test_first_syncs_come_before_the_oldest(pool: Database) -> None:
    old, new = await add_accounts(pool, 2)
    await rows(
        pool,
        "UPDATE account SET listed_at = now(), sync_due_at = now() - interval '1 day'"
        " WHERE id = :id",
        id=old,
    )
    await enqueue_due(pool, most=1)
    (job,) = await jobs(pool)
    assert job["dedupe_key"] == f"sync_account:{new}"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET sync_due_at = now() + interval '1 hour'",
        "UPDATE account SET sync_due_at = NULL",
        "UPDATE account SET state = 'needs_reauth'",
        "UPDATE account SET state = 'unlinked'",
        'UPDATE "user" SET disabled_at = now()',
    ],
)
async def test_an_account_is_left_alone_after(pool: Database, statement: str) -> None:
    await add_accounts(pool, 1)
    await rows(pool, statement)
    assert await enqueue_due(pool) == 0


async def test_a_running_sync_is_not_scheduled_again(pool: Database) -> None:
    (account_id,) = await add_accounts(pool, 1)
    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=account_id, trigger=Trigger.PERSON)
    (job,) = await claim(pool)
    assert await enqueue_due(pool) == 0
    async with pool.begin() as connection:
        await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
    assert await jobs(pool) == []


async def test_a_round_exists_once_however_many_workers_start_it(pool: Database) -> None:
    for _ in range(3):
        async with pool.begin() as connection:
            await queue.enqueue_rounds(connection, ["sweep", "tidy"])
    assert [job["entrypoint"] for job in await jobs(pool)] == ["sweep", "tidy"]
