"""A worker hears of new jobs at once, claims each alone, and notices a lost server."""

import asyncio
from datetime import timedelta

import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.model import Trigger
from permsync.store import queue, queue_claims
from permsync.store.engine import Database
from permsync.store.queue_claims import JobEnd, new_worker_id
from permsync.store.queue_line import queue_line
from tests.store.queue_rows import REPLY_IN, claim, nobody, rows

HOUR = timedelta(hours=1)
KINDS = ("sync_account",)


async def press(pool: Database, *, account_id: int = 7, delay_in: timedelta | None = None) -> None:
    async with pool.begin() as connection:
        await queue.enqueue_sync(
            connection, account_id=account_id, trigger=Trigger.PERSON, delay_in=delay_in
        )


async def test_a_worker_hears_that_a_job_was_queued(pool: Database) -> None:
    heard = asyncio.Event()
    async with queue_line(pool, new_worker_id(), on_queued=heard.set, reply_in=REPLY_IN):
        await press(pool)
        async with asyncio.timeout(REPLY_IN.total_seconds()):
            assert await heard.wait()


async def test_a_worker_hears_that_a_waiting_job_moved_up(pool: Database) -> None:
    heard = asyncio.Event()
    await press(pool, delay_in=HOUR)
    async with queue_line(pool, new_worker_id(), on_queued=heard.set, reply_in=REPLY_IN) as line:
        await press(pool)
        async with asyncio.timeout(REPLY_IN.total_seconds()):
            await heard.wait()
        assert len(await line.claim(KINDS, most=1)) == 1


async def test_the_end_of_a_job_wakes_nobody(pool: Database) -> None:
    await press(pool)
    heard = asyncio.Event()
    async with queue_line(pool, new_worker_id(), on_queued=heard.set, reply_in=REPLY_IN) as line:
        (job,) = await line.claim(KINDS, most=1)
        async with pool.begin() as connection:
            await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)
        # What the server had to say came before the answer to a later statement.
        await line.claim(KINDS, most=1)
        assert not heard.is_set()


async def test_two_workers_never_claim_the_same_job(pool: Database) -> None:
    for account_id in range(20):
        await press(pool, account_id=account_id)
    batches = await asyncio.gather(*(claim(pool, most=5) for _ in range(4)))
    assert sorted(job.account_id or 0 for batch in batches for job in batch) == list(range(20))


async def test_a_worker_claims_only_what_it_knows(pool: Database) -> None:
    await press(pool)
    assert await claim(pool, "refresh_account") == []


async def test_a_stalled_job_is_not_claimed_before_it_is_counted(pool: Database) -> None:
    await press(pool)
    await claim(pool)
    await rows(pool, "UPDATE pgqueuer SET heartbeat = now() - interval '10 years'")
    assert await claim(pool) == []


async def test_the_next_delayed_job_says_when_it_is_due(pool: Database) -> None:
    await press(pool, delay_in=2 * HOUR)
    await press(pool, account_id=8, delay_in=HOUR)
    async with queue_line(pool, new_worker_id(), on_queued=nobody, reply_in=REPLY_IN) as line:
        due_in = await line.next_due_in(KINDS)
        assert due_in is not None
        assert HOUR - timedelta(minutes=5) < due_in <= HOUR
        assert await line.next_due_in(["refresh_account"]) is None


async def claim_after_the_server_hung_up(pool: Database) -> None:
    async with queue_line(pool, new_worker_id(), on_queued=nobody, reply_in=REPLY_IN) as line:
        await rows(
            pool,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'permsync worker' AND datname = current_database()",
        )
        await line.claim(KINDS, most=1)


async def test_a_lost_connection_is_an_unavailable_database(pool: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await claim_after_the_server_hung_up(pool)


async def test_a_server_that_is_not_there_is_an_unavailable_database() -> None:
    away = Database("postgresql+asyncpg://permsync@/permsync?host=/nonexistent&port=1")
    with pytest.raises(DatabaseUnavailableError):
        await claim(away)
