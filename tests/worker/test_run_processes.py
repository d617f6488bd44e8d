"""Worker processes are killed, paused and resumed; every job is done all the same."""

import os
import signal

import pytest

from permsync.store.engine import Database
from tests.databases import FreshDatabase
from tests.worker.scenes import (
    Supplies,
    enqueue,
    open_gate,
    prepare_witness,
    until_empty,
    until_said,
    words,
    working,
)
from tests.worker.worker_process import KINDS, worker_process

STARTED = "started for person"
HERE = os.getpid()


@pytest.fixture
async def witness(pool: Database) -> Database:
    """Return the database with the tables that jobs of other processes write to."""
    await prepare_witness(pool)
    return pool


async def test_a_killed_workers_job_is_done_by_another(
    witness: Database, database: FreshDatabase
) -> None:
    with worker_process(database.url) as doomed:
        await enqueue(witness, 7)
        await until_said(witness, doomed.pid, STARTED)
        doomed.kill()
        async with working(Supplies(witness), KINDS):
            await until_said(witness, HERE, STARTED)
            await open_gate(witness)
            await until_empty(witness)
    assert await words(witness) == [(doomed.pid, STARTED), (HERE, STARTED), (HERE, "ended")]


async def test_a_paused_worker_that_resumes_lets_go_of_what_another_does(
    witness: Database, database: FreshDatabase
) -> None:
    with worker_process(database.url) as paused:
        await enqueue(witness, 7)
        await until_said(witness, paused.pid, STARTED)
        paused.send_signal(signal.SIGSTOP)
        async with working(Supplies(witness), KINDS):
            await until_said(witness, HERE, STARTED)
            paused.send_signal(signal.SIGCONT)
            await until_said(witness, paused.pid, "cancelled")
            await open_gate(witness)
            await until_empty(witness)
        await enqueue(witness, 8)
        await until_said(witness, paused.pid, "ended")
    assert (await words(witness)).count((HERE, "ended")) == 1


async def test_a_paused_worker_that_resumes_too_late_changes_nothing(
    witness: Database, database: FreshDatabase
) -> None:
    with worker_process(database.url) as paused:
        await enqueue(witness, 7)
        await until_said(witness, paused.pid, STARTED)
        paused.send_signal(signal.SIGSTOP)
        async with working(Supplies(witness), KINDS):
            await until_said(witness, HERE, STARTED)
            await open_gate(witness)
            await until_empty(witness)
        paused.send_signal(signal.SIGCONT)
        await enqueue(witness, 8)
        await until_empty(witness)
    assert (HERE, "ended") in await words(witness)
