"""
Workers for the tests: what they need, what their jobs leave behind, and waiting for it.

What is decided here: durations short enough for a test and long enough for a busy machine.
Jobs write what they did to a table, because the test and the worker may be two processes.
This module must not know what a test proves.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from permsync.model import Durations, Trigger
from permsync.store import queue
from permsync.store.engine import Database
from permsync.worker.kinds import JobKind, S, SubjectJob
from permsync.worker.run import work
from tests.store.queue_rows import rows

QUICK = replace(
    Durations(),
    job_heartbeat=timedelta(milliseconds=200),
    job_stalled=timedelta(seconds=2),
    job_poll=timedelta(milliseconds=200),
    drain=timedelta(seconds=20),
)
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Supplies:
    """The least that a worker can work with."""

    database: Database
    durations: Durations = QUICK
    hosts: Collection[str] = ()


@dataclass(slots=True)
class Syncs:
    """Jobs that can be held up; counts what runs and what ran."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    running: int = 0
    most_running: int = 0
    ran: list[Trigger] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def run(self, _services: Supplies, _account_id: int, trigger: Trigger) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.go_on.wait()
            self.ran.append(trigger)
        finally:
            self.running -= 1

    async def fail(self, _services: Supplies, _id: int, _trigger: Trigger, code: str) -> None:
        self.failures.append(code)

    async def until_running(self, count: int) -> None:
        async def is_running() -> bool:
            return self.running == count

        await until(is_running)

    @property
    def kinds(self) -> dict[str, JobKind[Supplies]]:
        return {"sync_account": SubjectJob(run=self.run, fail=self.fail)}


async def enqueue(database: Database, *account_ids: int) -> None:
    """A person asks for syncs of these accounts."""
    async with database.begin() as connection:
        for account_id in account_ids:
            await queue.enqueue_sync(connection, account_id=account_id, trigger=Trigger.PERSON)


@asynccontextmanager
async def working(
    supplies: S, kinds: Mapping[str, JobKind[S]], *, concurrency: int = 4
) -> AsyncIterator[asyncio.Event]:
    """Run a worker in this process beside the block, and have it leave in order."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(supplies, kinds=kinds, concurrency=concurrency, stop=stop))
        yield stop
        stop.set()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the condition holds, however slow the machine is."""
    for _ in range(PATIENCE_SECONDS * 50):
        if await condition():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never came to that")


async def until_empty(database: Database) -> None:
    """Wait until no job about an account is left."""

    async def is_empty() -> bool:
        return not await rows(database, "SELECT 1 FROM pgqueuer WHERE payload IS NOT NULL")

    await until(is_empty)


async def prepare_witness(database: Database) -> None:
    """Make the tables that jobs of another process write to, and wait at."""
    await rows(database, "CREATE TABLE witness (id serial, pid int, account_id int, said text)")
    await rows(database, "CREATE TABLE gate (opened boolean)")


async def say(database: Database, account_id: int, said: str) -> None:
    """Leave a word that other processes can read."""
    await rows(
        database,
        "INSERT INTO witness (pid, account_id, said) VALUES (:pid, :account_id, :said)",
        pid=os.getpid(),
        account_id=account_id,
        said=said,
    )


async def words(database: Database) -> list[tuple[int, str]]:
    """What was said so far, and by which process."""
    said = await rows(database, "SELECT pid, said FROM witness ORDER BY id")
    return [(row["pid"], row["said"]) for row in said]


async def until_said(database: Database, pid: int, said: str) -> None:
    """Wait until this process has said it."""

    async def was_said() -> bool:
        return (pid, said) in await words(database)

    await until(was_said)


async def open_gate(database: Database) -> None:
    """Let every job end that waits for it."""
    await rows(database, "INSERT INTO gate (opened) VALUES (true)")


async def _is_open(database: Database) -> bool:
    return bool(await rows(database, "SELECT opened FROM gate"))


async def sync_through_gate(supplies: Supplies, account_id: int, trigger: Trigger) -> None:
    """Do a job that says when it starts, ends when the gate is open, and says so."""
    await say(supplies.database, account_id, f"started for {trigger.value}")
    try:
        while not await _is_open(supplies.database):  # noqa: ASYNC110 (a row wakes nobody)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        await say(supplies.database, account_id, "cancelled")
        raise
    await say(supplies.database, account_id, "ended")


async def say_failure(supplies: Supplies, account_id: int, _trigger: Trigger, code: str) -> None:
    """Record a failure where the test can read it."""
    await say(supplies.database, account_id, f"failed: {code}")
