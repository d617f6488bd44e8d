"""A job belongs to one claim; what any other claim writes about it changes nothing."""

from dataclasses import replace
from datetime import timedelta

from permsync.model import Trigger
from permsync.store import queue, queue_claims
from permsync.store.engine import Database
from permsync.store.queue_claims import Job, JobEnd, new_worker_id
from tests.store.queue_rows import claim, jobs, rows

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# The test server is younger than an hour, and then nothing counts as stalled.
STALLED_IN = timedelta(milliseconds=1)


async def claimed(pool: Database) -> Job:
    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=7, trigger=Trigger.SCHEDULE)
    (job,) = await claim(pool)
    return job


async def press(pool: Database) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_sync(connection, account_id=7, trigger=Trigger.PERSON)


async def finish(pool: Database, job: Job, *, again_in: timedelta | None = None) -> bool:
    async with pool.begin() as connection:
        return await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL, again_in=again_in)


async def put_back(pool: Database, job: Job) -> bool:
    async with pool.begin() as connection:
        return await queue_claims.put_back(connection, job)


async def beat(pool: Database, *beaten: Job) -> frozenset[Job]:
    async with pool.begin() as connection:
        return await queue_claims.beat(connection, beaten[0].worker_id, beaten)


async def reclaim(pool: Database) -> int:
    async with pool.begin() as connection:
        return await queue_claims.reclaim_stalled(connection, stalled_in=STALLED_IN)


async def test_an_end_is_logged_without_any_text(pool: Database) -> None:
    job = await claimed(pool)
    async with pool.begin() as connection:
        assert await queue_claims.finish(connection, job, end=JobEnd.EXCEPTION)
    assert await jobs(pool) == []
    log = await rows(pool, "SELECT job_id, status, traceback FROM pgqueuer_log ORDER BY id DESC")
    assert log[0] == {"job_id": job.id, "status": "exception", "traceback": None}


async def test_a_round_comes_again_after_its_interval(pool: Database) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_rounds(connection, ["sweep"])
    (job,) = await claim(pool, "sweep")
    assert await finish(pool, job, again_in=HOUR)
    (again,) = await jobs(pool)
    assert again["status"] == "queued"
    assert HOUR - timedelta(minutes=5) < again["wait"] <= HOUR


async def test_a_round_that_is_wanted_later_never_comes_later_than_it_would(
    pool: Database,
) -> None:
    for delay_in, waits in ((HOUR, HOUR), (DAY, HOUR), (timedelta(), timedelta())):
        async with pool.begin() as connection:
            await queue.enqueue_round(connection, "sweep", delay_in=delay_in)
        (job,) = await jobs(pool)
        assert waits - timedelta(minutes=5) < job["wait"] <= waits


async def test_a_round_that_comes_before_it_is_wanted_comes_once_more_then(
    pool: Database,
) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_rounds(connection, ["sweep"])
        await queue.enqueue_round(connection, "sweep", delay_in=HOUR)
    (job,) = await claim(pool, "sweep")
    assert await finish(pool, job, again_in=DAY)
    (again,) = await jobs(pool)
    assert HOUR - timedelta(minutes=5) < again["wait"] <= HOUR


async def test_a_round_that_is_wanted_while_it_runs_comes_once_more_after_that(
    pool: Database,
) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_rounds(connection, ["sweep"])
    (job,) = await claim(pool, "sweep")
    for delay_in in (DAY, HOUR, DAY):
        async with pool.begin() as connection:
            await queue.enqueue_round(connection, "sweep", delay_in=delay_in)
    assert await finish(pool, job, again_in=DAY)
    (again,) = await jobs(pool)
    assert HOUR - timedelta(minutes=5) < again["wait"] <= HOUR


async def test_a_round_is_repeated_only_where_it_is_under_way(pool: Database) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_rounds(connection, ["sweep"])
        await queue.repeat_round(connection, "sweep", delay_in=HOUR)
    (job,) = await claim(pool, "sweep")
    assert await finish(pool, job, again_in=DAY)
    (waiting,) = await jobs(pool)
    assert waiting["wait"] > HOUR
    await rows(pool, "UPDATE pgqueuer SET execute_after = now()")
    (job,) = await claim(pool, "sweep")
    async with pool.begin() as connection:
        await queue.repeat_round(connection, "sweep", delay_in=HOUR)
    assert await finish(pool, job, again_in=DAY)
    (again,) = await jobs(pool)
    assert HOUR - timedelta(minutes=5) < again["wait"] <= HOUR


async def test_a_job_that_is_put_back_can_be_claimed_at_once_and_is_not_counted(
    pool: Database,
) -> None:
    job = await claimed(pool)
    assert await put_back(pool, job)
    (again,) = await claim(pool)
    assert (again.id, again.resets) == (job.id, 0)


async def test_a_press_before_a_job_is_put_back_leaves_its_urgency_and_no_second_run(
    pool: Database,
) -> None:
    job = await claimed(pool)
    await press(pool)
    await put_back(pool, job)
    (again,) = await claim(pool)
    assert again.trigger is Trigger.PERSON
    await finish(pool, again)
    assert await jobs(pool) == []


async def test_a_job_nobody_beats_for_is_reclaimed_and_counted(pool: Database) -> None:
    job = await claimed(pool)
    assert await reclaim(pool) == 1
    (again,) = await claim(pool)
    assert (again.id, again.resets) == (job.id, 1)


async def test_a_press_before_a_job_is_reclaimed_leaves_its_urgency(pool: Database) -> None:
    await claimed(pool)
    await press(pool)
    await reclaim(pool)
    (again,) = await claim(pool)
    assert again.trigger is Trigger.PERSON
    await finish(pool, again)
    assert await jobs(pool) == []


async def test_a_job_that_is_beaten_for_is_not_reclaimed(pool: Database) -> None:
    job = await claimed(pool)
    await rows(pool, "UPDATE pgqueuer SET heartbeat = now() - interval '1 hour'")
    async with pool.begin() as connection:
        assert await queue_claims.beat(connection, job.worker_id, [job]) == {job}
        assert await queue_claims.reclaim_stalled(connection, stalled_in=STALLED_IN) == 0


async def test_nothing_is_reclaimed_soon_after_the_server_started(pool: Database) -> None:
    await claimed(pool)
    await rows(pool, "UPDATE pgqueuer SET heartbeat = now() - interval '2 days'")
    async with pool.begin() as connection:
        day = timedelta(days=1)
        assert await queue_claims.reclaim_stalled(connection, stalled_in=day) == 0


async def test_a_worker_learns_which_jobs_it_lost(pool: Database) -> None:
    lost = await claimed(pool)
    await reclaim(pool)
    kept = replace((await claim(pool))[0], id=0)
    assert await beat(pool, lost, kept) == frozenset()


async def test_a_late_worker_neither_ends_nor_returns_nor_beats_for_its_successors_job(
    pool: Database,
) -> None:
    late = await claimed(pool)
    await reclaim(pool)
    (successor,) = await claim(pool)
    assert not await finish(pool, late)
    assert not await put_back(pool, late)
    assert not await beat(pool, late)
    assert await beat(pool, successor) == {successor}
    assert await finish(pool, successor)


async def test_a_worker_that_claims_its_own_stalled_job_again_has_a_new_claim(
    pool: Database,
) -> None:
    first = await claimed(pool)
    await reclaim(pool)
    (second,) = await claim(pool, worker_id=first.worker_id)
    assert not await finish(pool, first)
    assert await finish(pool, second)


async def test_a_late_end_does_not_take_the_mark_of_a_press(pool: Database) -> None:
    late = await claimed(pool)
    await reclaim(pool)
    (successor,) = await claim(pool)
    await press(pool)
    await finish(pool, late)
    await finish(pool, successor)
    assert [job["status"] for job in await jobs(pool)] == ["queued"]


async def test_a_job_that_exists_no_more_is_nobodys(pool: Database) -> None:
    job = Job(id=1, kind="sync_account", worker_id=new_worker_id())
    assert [await finish(pool, job), await put_back(pool, job)] == [False, False]


async def test_the_log_forgets_what_is_old(pool: Database) -> None:
    await finish(pool, await claimed(pool))
    await rows(
        pool,
        "UPDATE pgqueuer_log SET created = now() - interval '2 hours' WHERE status = 'picked'",
    )
    async with pool.begin() as connection:
        assert await queue_claims.drop_log(connection, kept_in=HOUR) == 1
    assert [row["status"] for row in await rows(pool, "SELECT status FROM pgqueuer_log")] == [
        "successful"
    ]
