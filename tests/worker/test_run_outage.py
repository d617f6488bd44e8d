"""The database restarts under a worker: what ran goes on and ends, and more is done."""

import asyncio
from pathlib import Path

from permsync.model import Trigger
from permsync.store.embedded import ensure_running, stop
from permsync.store.engine import Database
from permsync.worker.kinds import SubjectJob
from tests.databases import TEST_WAITS, Migrate
from tests.worker.scenes import Supplies, enqueue, until_empty, working


async def test_a_job_that_runs_through_a_restart_is_ended_once(
    data_folder: Path, migrate: Migrate
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    ran: list[int] = []

    async def sync(_services: Supplies, account_id: int, _trigger: Trigger) -> None:
        ran.append(account_id)
        started.set()
        await go_on.wait()

    server = await ensure_running(data_folder, waits=TEST_WAITS)
    await migrate(server.database_url)
    database = Database(server.database_url)
    async with working(Supplies(database), {"sync_account": SubjectJob(run=sync)}):
        await enqueue(database, 7)
        await started.wait()
        await stop(server, waits=TEST_WAITS)
        go_on.set()
        await ensure_running(data_folder, waits=TEST_WAITS)
        await until_empty(database)
        await enqueue(database, 8)
        await until_empty(database)
    await database.close()
    await stop(server, waits=TEST_WAITS)
    assert ran == [7, 8]
