"""
Workers that are killed every few seconds under load: what became of every run and row.

    python -m tests.journeys.killing --seconds 300 --every 20

Real processes over one embedded database: two workers at any time, one of them killed with
SIGKILL and replaced in turn, while people press, schedules come round and memberships change
at slow hosts. Nothing is lost if in the end every run that began is closed, every account was
listed after the last kill, each change is in the log once, and the log ends at what is stored.
It prints what it counted; the exit code is the number of things that are wrong.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.table import Table

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.model import LIVING, Trigger
from permsync.store.engine import Database
from permsync.store.queue import enqueue_sync
from tests.flows.scenes import rows
from tests.journeys.places import database_of, own_folder

LINKED = {"ada": ("github", "gitlab"), "grace": ("gitlab", "bitbucket-dc"), "linus": ("gitlab",)}
LATENCY_MS = 150
SYNC_EVERY = "3s"
PRESS_EVERY_SECONDS = 0.5
CALM_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.2
WORKER = (sys.executable, "-m", "permsync", "worker")

_RUNS = (
    "SELECT state, count(*) AS many, max(finished_at - started_at) AS longest FROM run GROUP BY 1"
)
_OPEN = "SELECT id FROM run WHERE state = 'running' AND started_at < :at"
_PICKED = "SELECT id FROM pgqueuer WHERE status = 'picked' AND updated < :at"
_UNLISTED = """
SELECT id FROM account WHERE state = ANY (:living) AND NOT EXISTS (
    SELECT FROM run WHERE run.account_id = account.id AND state = 'succeeded' AND started_at > :at)
"""
_GIVEN_UP = "SELECT id FROM run WHERE failure IN ('worker_lost', 'defect')"
# A row that came twice or went twice, and a log that ends elsewhere than the rows.
_TWICE = """
SELECT * FROM (
    SELECT account_id, source, repository_id, became IS NULL AS left_it, lag(became IS NULL) OVER (
        PARTITION BY account_id, source, repository_id ORDER BY revision, ordinal) AS before
    FROM change WHERE kind = 'grant' AND (was IS NULL OR became IS NULL)
) AS one WHERE left_it IS NOT DISTINCT FROM coalesce(before, true)
"""
_ASTRAY = """
WITH last AS (
    SELECT DISTINCT ON (account_id, source, repository_id) account_id, source, repository_id, became
    FROM change WHERE kind = 'grant'
    ORDER BY account_id, source, repository_id, revision DESC, ordinal DESC
), held AS (SELECT account_id, source, repository_id FROM last WHERE became IS NOT NULL)
(TABLE held EXCEPT SELECT account_id, source, repository_id FROM "grant")
UNION ALL (SELECT account_id, source, repository_id FROM "grant" EXCEPT TABLE held)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What was counted; all but the first four must be zero, and the longest is for people."""

    kills: int
    succeeded: int
    abandoned: int
    longest_seconds: float
    failed: int
    orphans: int
    stuck_jobs: int
    unlisted_accounts: int
    given_up: int
    repeated_changes: int
    rows_off_the_log: int

    @property
    def wrong(self) -> dict[str, int]:
        """Those that should be zero and are not."""
        fine = {"kills", "succeeded", "abandoned", "longest_seconds"}
        return {name: many for name, many in asdict(self).items() if name not in fine and many}


@contextmanager
def two_workers(site: Site) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The site's own worker and another; whoever is in the list at the end is ended."""
    workers = [_started(site.folder)]
    try:
        workers.append(_started(site.folder))
        os.kill(site.processes[-1].popen.pid, signal.SIGKILL)
        yield workers
    finally:
        for each in workers:
            each.kill()
            each.wait()


def _started(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*WORKER, "--settings", str(folder / "permsync.toml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _plan(folder: Path) -> DemoPlan:
    """Tokens that outlive the storm: a refresh that is killed has a proof of its own."""
    return DemoPlan(folder, sync_every=SYNC_EVERY, access_seconds=86_400)


def storm(*, seconds: float, every: float) -> Found:
    """Kill a worker ``every`` so many seconds, for so many ``seconds``, and look what is left."""
    with own_folder() as folder, running(_plan(folder)) as site:
        for person, hosts in LINKED.items():
            visitor = Visitor(site.permsync_url, person=person)
            visitor.sign_in()
            for host in hosts:
                visitor.link(host)
                site.control(f"{host}/latency", api_ms=LATENCY_MS)
        with two_workers(site) as workers:
            return asyncio.run(_storm(site, workers, seconds=seconds, every=every))


async def _storm(
    site: Site, workers: list[subprocess.Popen[bytes]], *, seconds: float, every: float
) -> Found:
    database = Database(await database_of(site.folder))
    try:
        kills = await _kill(site, database, workers, seconds=seconds, every=every)
        at = await _now(database)
        await _calm(database, at)
        return await count(database, at, kills=kills)
    finally:
        await database.close()


async def _kill(
    site: Site,
    database: Database,
    workers: list[subprocess.Popen[bytes]],
    *,
    seconds: float,
    every: float,
) -> int:
    end_at, kill_at, kills, turn = monotonic() + seconds, monotonic() + every, 0, 0
    while monotonic() < end_at:
        edit = "join" if turn % 2 else "leave"
        await asyncio.to_thread(
            site.control, f"gitlab/{edit}", person="linus", namespace="research"
        )
        await _press_all(database)
        await asyncio.sleep(PRESS_EVERY_SECONDS)
        turn += 1
        if monotonic() >= kill_at:
            doomed = workers.pop(0)
            doomed.kill()
            doomed.wait()
            workers.append(_started(site.folder))
            kills, kill_at = kills + 1, monotonic() + every
    return kills


async def _press_all(database: Database) -> None:
    for one in await rows(database, "SELECT id FROM account ORDER BY id"):
        async with database.begin() as connection:  # each press is a transaction, as in life
            await enqueue_sync(connection, account_id=one["id"], trigger=Trigger.PERSON)


async def _now(database: Database) -> datetime:
    (found,) = await rows(database, "SELECT clock_timestamp() AS at")
    at: datetime = found["at"]
    return at


async def _calm(database: Database, at: datetime) -> None:
    """Wait until all that began before ``at`` is over and everybody was listed since."""
    give_up_at = monotonic() + CALM_SECONDS
    while monotonic() < give_up_at:
        left = [
            *await rows(database, _OPEN, at=at),
            *await rows(database, _UNLISTED, at=at, living=list(LIVING)),
            *await rows(database, _PICKED, at=at),
        ]
        if not left:
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def count(database: Database, at: datetime, *, kills: int) -> Found:
    """Count what became of everything that began before ``at``."""
    runs = {one["state"]: one for one in await rows(database, _RUNS)}

    async def many(statement: str, **values: object) -> int:
        return len(await rows(database, statement, **values))

    def of(state: str) -> int:
        return int(runs[state]["many"]) if state in runs else 0

    longest = max(
        (one["longest"].total_seconds() for one in runs.values() if one["longest"]), default=0.0
    )
    return Found(
        kills=kills,
        succeeded=of("succeeded"),
        abandoned=of("abandoned"),
        longest_seconds=round(longest, 1),
        failed=of("failed") + of("partial"),
        orphans=await many(_OPEN, at=at),
        stuck_jobs=await many(_PICKED, at=at),
        unlisted_accounts=await many(_UNLISTED, at=at, living=list(LIVING)),
        given_up=await many(_GIVEN_UP),
        repeated_changes=await many(_TWICE),
        rows_off_the_log=await many(_ASTRAY),
    )


def main() -> int:
    """Print the table; the exit code is the number of things that are wrong."""
    parser = argparse.ArgumentParser(description=str(__doc__).strip().splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--every", type=float, default=20)
    asked = parser.parse_args()
    found = storm(seconds=asked.seconds, every=asked.every)
    table = Table("counted", "many", "should be")
    for name, many in asdict(found).items():
        fine = "" if name in {"kills", "succeeded", "abandoned", "longest_seconds"} else "0"
        table.add_row(name.replace("_", " "), str(many), fine)
    Console(width=80).print(table)
    return len(found.wrong)


if __name__ == "__main__":
    sys.exit(main())
