"""One worker, or two, in this process: what they hold, end, repeat and return."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import DatabaseUnavailableError, HostUnavailableError
from permsync.model import Trigger
from permsync.store import queue_claims, queue_schema
from permsync.store.engine import Database
from permsync.worker.attempt_job import MOST_RESETS
from permsync.worker.kinds import JobKind, Round, SubjectJob
from permsync.worker.run import work
from tests.store.queue_rows import add_accounts, claim, jobs, rows
from tests.worker.scenes import QUICK, Supplies, Syncs, enqueue, until, until_empty, working

TICK = timedelta(milliseconds=100)
CANARY = "canary-7f3a"


def syncs(run: Callable[[], Awaitable[None]]) -> dict[str, JobKind[Supplies]]:
    async def sync(_services: Supplies, _account_id: int, _trigger: Trigger) -> None:
        await run()

    return {"sync_account": SubjectJob(run=sync)}


async def test_a_queued_job_is_done_and_gone(pool: Database) -> None:
    held = Syncs()
    held.go_on.set()
    async with working(Supplies(pool), held.kinds):
        await enqueue(pool, 7)
        await until_empty(pool)
    assert held.ran == [Trigger.PERSON]


async def test_a_worker_that_would_not_look_for_an_hour_is_woken(pool: Database) -> None:
    held = Syncs()
    held.go_on.set()
    asleep = replace(QUICK, job_poll=timedelta(hours=1))
    async with working(Supplies(pool, asleep), held.kinds):
        for account_id in range(3):
            await enqueue(pool, account_id)
            await until_empty(pool)
    assert len(held.ran) == 3


async def test_a_worker_that_would_not_look_for_an_hour_keeps_an_appointment(
    pool: Database,
) -> None:
    held = Syncs()
    held.go_on.set()
    await enqueue(pool, 7)
    await rows(pool, "UPDATE pgqueuer SET execute_after = now() + interval '0.5 s'")
    async with working(Supplies(pool, replace(QUICK, job_poll=timedelta(hours=1))), held.kinds):
        await until_empty(pool)
    assert held.ran == [Trigger.PERSON]


async def test_a_worker_holds_no_more_jobs_than_it_may(pool: Database) -> None:
    held = Syncs()
    await enqueue(pool, *range(7))
    async with working(Supplies(pool), held.kinds, concurrency=3):
        await held.until_running(3)
        picked = await rows(pool, "SELECT id FROM pgqueuer WHERE status = 'picked'")
        assert len(picked) == 3
        held.go_on.set()
        await until_empty(pool)
    assert (held.most_running, len(held.ran)) == (3, 7)


async def test_a_host_that_holds_everything_up_leaves_the_others_a_place(pool: Database) -> None:
    slow, quick = (
        await add_accounts(pool, 8, host="slow"),
        await add_accounts(pool, 3, host="quick"),
    )
    go_on, ran = asyncio.Event(), []

    async def run(_services: Supplies, account_id: int, _trigger: Trigger) -> None:
        if account_id in slow:
            await go_on.wait()
        ran.append(account_id)

    async def quick_ones_ran() -> bool:
        return set(quick) <= set(ran)

    await enqueue(pool, *slow, *quick)
    kinds = {"sync_account": SubjectJob(run=run)}
    async with working(Supplies(pool, hosts=("slow", "quick")), kinds, concurrency=4):
        await until(quick_ones_ran)
        assert not set(slow) & set(ran)
        go_on.set()
        await until_empty(pool)
    assert sorted(ran) == [*slow, *quick]


async def test_a_host_that_is_not_configured_any_more_keeps_its_jobs(pool: Database) -> None:
    held = Syncs()
    held.go_on.set()
    (gone,), (here,) = (
        await add_accounts(pool, 1, host="gone"),
        await add_accounts(pool, 1, host="here"),
    )
    await enqueue(pool, gone, here)

    async def one_ran() -> bool:
        return len(held.ran) == 1

    async with working(Supplies(pool, hosts=("here",)), held.kinds):
        await until(one_ran)
    assert [job["dedupe_key"] for job in await jobs(pool)] == [f"sync_account:{gone}"]


async def test_presses_during_a_run_run_it_once_more(pool: Database) -> None:
    held = Syncs()
    async with working(Supplies(pool), held.kinds):
        await enqueue(pool, 7)
        await held.until_running(1)
        await enqueue(pool, 7, 7, 7)
        held.go_on.set()
        await until_empty(pool)
    assert (held.most_running, len(held.ran)) == (1, 2)


async def test_a_round_runs_although_every_place_is_taken(pool: Database) -> None:
    held = Syncs()
    ticked = asyncio.Event()

    async def tick(_services: Supplies) -> None:
        ticked.set()

    kinds = {**held.kinds, "tick": Round(run=tick, every=lambda _: TICK)}
    await enqueue(pool, 7)
    async with working(Supplies(pool), kinds, concurrency=1):
        await held.until_running(1)
        ticked.clear()
        await ticked.wait()
        held.go_on.set()
    assert held.ran == [Trigger.PERSON]


async def test_two_workers_share_a_round_and_never_run_it_twice_at_once(pool: Database) -> None:
    running, most, count = 0, 0, 0

    async def tick(_services: Supplies) -> None:
        nonlocal running, most, count
        running, count = running + 1, count + 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        if count == 2:
            raise ZeroDivisionError

    async def has_ticked() -> bool:
        return count >= 6

    kinds: dict[str, JobKind[Supplies]] = {"tick": Round(run=tick, every=lambda _: TICK)}
    async with working(Supplies(pool), kinds), working(Supplies(pool), kinds):
        await until(has_ticked)
    assert most == 1
    gaps = await rows(
        pool,
        "SELECT created - lag(created) OVER (ORDER BY id) AS gap, status FROM pgqueuer_log"
        " WHERE entrypoint = 'tick' ORDER BY id",
    )
    assert all(row["gap"] >= TICK for row in gaps[1:] if row["status"] == "picked")
    assert [job["status"] for job in await jobs(pool)] == ["queued"]


async def test_a_job_that_outlived_six_workers_is_given_up(pool: Database) -> None:
    held = Syncs()
    await enqueue(pool, 7)
    for _ in range(MOST_RESETS + 1):
        await claim(pool)
        async with pool.begin() as connection:
            await queue_claims.reclaim_stalled(connection, stalled_in=timedelta(milliseconds=1))
    async with working(Supplies(pool), held.kinds):
        await until_empty(pool)
    assert (held.ran, held.failures) == ([], ["worker_lost"])


async def test_a_database_that_was_away_for_a_flow_is_tried_again(pool: Database) -> None:
    tries = 0

    async def run() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise DatabaseUnavailableError(place="here", cure="wait")

    await enqueue(pool, 7)
    async with working(Supplies(pool), syncs(run)):
        await until_empty(pool)
    assert tries == 2


@pytest.mark.parametrize(
    "error", [ValueError(CANARY), HostUnavailableError(host=CANARY, reason=CANARY)]
)
async def test_no_word_of_an_exception_reaches_the_queue(pool: Database, error: Exception) -> None:
    async def run() -> None:
        raise error from RuntimeError(CANARY)

    async def tick(_services: Supplies) -> None:
        ticked.set()
        await run()

    ticked = asyncio.Event()
    await enqueue(pool, 7)
    kinds = {**syncs(run), "tick": Round(run=tick, every=lambda _: TICK)}
    async with working(Supplies(pool), kinds):
        await until_empty(pool)
        await ticked.wait()
    everything = [
        await rows(pool, f"SELECT t::text FROM {table} AS t")
        for table in ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")
    ]
    assert "exception" in str(everything)
    assert CANARY not in str(everything)


async def test_a_worker_that_stops_ends_what_it_holds_and_takes_nothing_new(
    pool: Database,
) -> None:
    held = Syncs()
    async with working(Supplies(pool), held.kinds, concurrency=1) as stop:
        await enqueue(pool, 1)
        await held.until_running(1)
        await enqueue(pool, 2)
        stop.set()
        held.go_on.set()
    assert len(held.ran) == 1
    assert [job["dedupe_key"] for job in await jobs(pool)] == ["sync_account:2"]


async def test_what_does_not_end_in_time_is_returned_to_the_queue(pool: Database) -> None:
    held = Syncs()
    hasty = replace(QUICK, drain=timedelta(milliseconds=50))
    async with working(Supplies(pool, hasty), held.kinds) as stop:
        await enqueue(pool, 7)
        await held.until_running(1)
        stop.set()
    (job,) = await claim(pool)
    assert (held.ran, job.account_id, job.resets) == ([], 7, 0)


async def test_a_cancelled_worker_returns_what_it_holds(pool: Database) -> None:
    held = Syncs()
    await enqueue(pool, 7)
    worker = asyncio.create_task(
        work(Supplies(pool), kinds=held.kinds, concurrency=1, stop=asyncio.Event())
    )
    await held.until_running(1)
    worker.cancel()
    await asyncio.wait({worker})
    assert len(await claim(pool)) == 1


async def test_a_stopped_worker_that_never_reached_its_database_leaves() -> None:
    away = Database("postgresql+asyncpg://permsync@/permsync?host=/nonexistent&port=1")
    async with working(Supplies(away), Syncs().kinds) as stop:
        await asyncio.sleep(0)
        stop.set()
    assert stop.is_set()


async def test_a_queue_without_its_tables_is_a_loud_error(pool: Database) -> None:
    await rows(pool, f"DROP TABLE {queue_schema.NAMES.queue_table}")
    with pytest.raises(ExceptionGroup):
        await work(Supplies(pool), kinds=Syncs().kinds, concurrency=1, stop=asyncio.Event())
