"""
Workers that are killed or paused in the middle of a sync: another one does it, once.

Real processes over one embedded database; the pretend host is slowed down so that there is
a middle. This module must not know how a run is fenced.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import pytest

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.store.engine import Database
from tests.flows.scenes import rows
from tests.journeys.places import database_of, own_folder

PATIENCE_SECONDS = 60
SLOW_MS = 1500
WORKER = (sys.executable, "-m", "permsync", "worker")
STOPPED_SECONDS = 8  # longer than the demo's `job_stalled`


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One site; every test brings its own person."""
    with own_folder() as folder, running(DemoPlan(folder=folder)) as started:
        started.control("gitlab/latency", api_ms=SLOW_MS)
        yield started


@contextmanager
def another_worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """A second worker beside the site's own."""
    process = subprocess.Popen(
        [*WORKER, "--settings", str(site.folder / "permsync.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def ask(site: Site, statement: str) -> list[dict[str, Any]]:
    """Run one statement on the site's database."""
    database = Database(await database_of(site.folder))
    try:
        return await rows(database, statement)
    finally:
        await database.close()


async def until(site: Site, statement: str) -> list[dict[str, Any]]:
    """Look until the statement finds rows."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while monotonic() < give_up_at:
        if found := await ask(site, statement):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never seen: {statement}")


def link(site: Site, login: str) -> None:
    """A person links the slow host; the first sync begins somewhere."""
    person = Visitor(site.permsync_url, person=login)
    person.sign_in()
    person.link("gitlab")


def of(login: str, state: str) -> str:
    """Runs of this login's account in this state."""
    return (
        "SELECT run.* FROM run JOIN account ON account.id = run.account_id"
        f" WHERE login = '{login}' AND run.state = '{state}'"
    )


async def grants_of(site: Site, login: str) -> int:
    """How many rows of grants the login's account has."""
    found = await ask(
        site,
        'SELECT count(*) AS held FROM "grant" JOIN account ON account.id = account_id'
        f" WHERE login = '{login}'",
    )
    return int(found[0]["held"])


async def test_a_killed_workers_sync_is_done_by_another(site: Site) -> None:
    link(site, "grace")
    await until(site, of("grace", "running"))
    worker = site.processes[-1]
    with another_worker(site):
        os.kill(worker.popen.pid, signal.SIGKILL)
        done = await until(site, of("grace", "succeeded"))
        ended = await ask(site, of("grace", "abandoned"))

        assert len(ended) == 1
        assert done[0]["added"] == done[0]["total"] == await grants_of(site, "grace")
        noted = await ask(
            site,
            "SELECT count(*) AS noted FROM change JOIN account ON account.id = change.account_id"
            " WHERE login = 'grace' AND kind = 'grant'",
        )
        assert noted[0]["noted"] == done[0]["total"]


async def test_a_paused_worker_that_resumes_disturbs_nobody(site: Site) -> None:
    with another_worker(site) as paused:
        link(site, "margaret")
        await until(site, of("margaret", "running"))
        os.kill(paused.pid, signal.SIGSTOP)
        with another_worker(site):
            done = await until(site, of("margaret", "succeeded"))
            await asyncio.sleep(STOPPED_SECONDS)
            os.kill(paused.pid, signal.SIGCONT)
            await asyncio.sleep(SLOW_MS / 1000 * 3)
            left = await ask(site, of("margaret", "running"))
            assert len(left) <= 1  # the next scheduled one, at most
            assert await grants_of(site, "margaret") == done[0]["total"]
            twice = await ask(
                site,
                "SELECT repository_id FROM change JOIN account ON account.id = change.account_id"
                " WHERE login = 'margaret' AND kind = 'grant' GROUP BY 1 HAVING count(*) > 1",
            )
            assert twice == []
