"""
What a whole fleet costs: 10,000 accounts at a host of each kind, synced by one worker and by four.

Syncs per second, our processor time and the database's per sync, how long a person's press
waits behind everything that is due, and what a slow host costs the others. Then how the cost
grows from 1,000 to 100,000 accounts: what the schedule costs is measured at each size, the
rest is calculated from the cost per sync. The hour's requests that Bitbucket Cloud lets one
consumer send are not counted: they would be all that is measured. It prints tables and, with
``--json FILE``, the same figures. It must not be read as absolute speed: machine and pretend
hosts share it, so compare within one run.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import text

from bench._fleet import fill, played, simulator_at
from permsync import hosts
from permsync.flows.deps import ConfiguredHost
from permsync.model import Durations, Trigger
from permsync.store import queue, queue_due, queue_schema
from permsync.store.embedded import EmbeddedPostgres
from permsync.store.engine import Database
from permsync.store.migrate import migrate
from permsync.store.queue import Kind
from permsync.telemetry import configure_logging
from permsync.vault import Vault
from permsync.worker.kinds import KINDS as JOBS
from permsync.worker.run import work
from tests.databases import TEST_WAITS
from tests.world import KINDS, host_settings, running_services

CONCURRENCY = 8
COUNTED = "bitbucket"
SLOW, SLOW_MS = "gitlab", 1_000
PRESS_EVERY_SECONDS, LOOK_EVERY_SECONDS = 1.0, 0.05
SIZES = (1_000, 10_000, 100_000)
# Of all accounts, those whose person was asked about in the last day (DESIGN 7, cadence).
ASKED_SHARE = 0.2
LEFT = """
SELECT split_part(entrypoint, '@', 2) AS host, count(*) AS jobs FROM pgqueuer
WHERE entrypoint LIKE 'sync_account@%' GROUP BY 1
"""
BUSY = """
SELECT active_time FROM pg_stat_database WHERE datname = current_database()
"""
FAILED = """
SELECT host, failure, count(*) FROM run JOIN account ON account.id = account_id
WHERE run.state = 'failed' GROUP BY host, failure
"""
PRESSED = """
SELECT max(finished_at) FROM run WHERE account_id = :id AND trigger = 'person' AND started_at > :at
"""
MANY = """
INSERT INTO account (user_id, host, external_id, login, state, link_id, token_version,
    redirect_uri, issued_at, sync_due_at, listed_at)
SELECT 1, 'elsewhere', 'x' || n, 'x', 'active', gen_random_uuid(), 1, '', now(),
    now() - n * interval '1 ms', now()
FROM generate_series(1, :count) AS n
"""
Figures = dict[str, Any]


@dataclass(slots=True)
class Fleet:
    """The database, the pretend hosts, and how many accounts there are."""

    database: Database
    url: str
    hosts_url: str
    accounts: int
    waits: list[float] = field(default_factory=list)

    async def rows(self, statement: str, **values: object) -> list[Any]:
        """Run one statement."""
        async with self.database.begin() as connection:
            result = await connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    def slow(self, host: str, milliseconds: int) -> None:
        """Make one host answer so much later."""
        body = json.dumps({"api_ms": milliseconds}).encode()
        with urlopen(Request(f"{self.hosts_url}/control/{host}/latency", data=body)):
            return


def serve_queue(pipe: Connection, url: str, hosts_url: str) -> None:
    """One worker in a process of its own, until told; says what processor time it took."""
    configure_logging(log_format="json", level="CRITICAL")
    asyncio.run(_serve_queue(pipe, url, hosts_url))
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(used.ru_utime + used.ru_stime)


async def _serve_queue(pipe: Connection, url: str, hosts_url: str) -> None:
    stop, database = asyncio.Event(), Database(url)
    async with running_services(database, simulator_at(hosts_url), Durations()) as opened:
        kinds = {Kind.SYNC_ACCOUNT.value: JOBS[Kind.SYNC_ACCOUNT]}
        uncounted = {**opened.hosts, COUNTED: _uncounted(opened.host(COUNTED), hosts_url)}
        services = replace(opened, hosts=uncounted)
        working = asyncio.create_task(
            work(services, kinds=kinds, concurrency=CONCURRENCY, stop=stop)
        )
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        stop.set()
        await working
    await database.close()


def _uncounted(counted: ConfiguredHost, hosts_url: str) -> ConfiguredHost:
    settings = host_settings(simulator_at(hosts_url), counted.name)
    return replace(counted, host=hosts.create(replace(settings, options={"hourly": 0})))


@asynccontextmanager
async def workers(fleet: Fleet, count: int) -> AsyncIterator[list[float]]:
    """So many workers that have started; what each used is in the list when they have ended."""
    spawn, pipes, processes = multiprocessing.get_context("spawn"), [], []
    used: list[float] = []
    for _ in range(count):
        ours, theirs = spawn.Pipe()
        arguments = (theirs, fleet.url, fleet.hosts_url)
        processes.append(spawn.Process(target=serve_queue, args=arguments))
        pipes.append(ours)
    for process in processes:
        process.start()
    for pipe in pipes:
        await asyncio.to_thread(pipe.recv)
    try:
        yield used
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            pipe.send("stop")
            used.append(await asyncio.to_thread(pipe.recv))
            await asyncio.to_thread(process.join)


async def press(fleet: Fleet) -> None:
    """Press Refresh for one account after another, and note how long each waited."""
    while True:
        account_id = random.randint(1, fleet.accounts)  # noqa: S311 - no secret
        (began,) = (await fleet.rows("SELECT clock_timestamp()"))[0]
        async with fleet.database.begin() as connection:
            await queue.enqueue_sync(connection, account_id=account_id, trigger=Trigger.PERSON)
        ended = None
        while ended is None:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            (ended,) = (await fleet.rows(PRESSED, id=account_id, at=began))[0]
        fleet.waits.append((ended - began).total_seconds() * 1_000)
        await asyncio.sleep(PRESS_EVERY_SECONDS)


async def drain(fleet: Fleet, *, until: frozenset[str]) -> dict[str, float]:
    """Everything is due; the seconds after which each host of ``until`` had nothing left."""
    await fleet.rows("UPDATE account SET sync_due_at = now() WHERE host <> 'elsewhere'")
    async with fleet.database.begin() as connection:
        nothing = Durations().settle * 0
        await queue_due.enqueue_due(connection, spread_in=nothing, most=fleet.accounts)
    began, ended = time.perf_counter(), dict[str, float]()
    while not until <= ended.keys():
        await fleet.rows("DELETE FROM budget")  # an hour's requests are not what is measured
        left = {row.host for row in await fleet.rows(LEFT)}
        now = time.perf_counter() - began
        ended |= {host: now for host in KINDS if host not in left and host not in ended}
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return ended


async def measure(fleet: Fleet, name: str, *, count: int, slow: bool = False) -> Figures:
    """One drain by ``count`` workers, with a person who presses now and then."""
    fleet.waits.clear()
    await fleet.rows("DELETE FROM pgqueuer")
    busy = (await fleet.rows(BUSY))[0][0]
    async with workers(fleet, count) as used:
        if slow:
            fleet.slow(SLOW, SLOW_MS)
        others = frozenset(KINDS) - ({SLOW} if slow else set())
        pressing = asyncio.create_task(press(fleet))
        ended = await drain(fleet, until=others)
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
        left = sum(row.jobs for row in await fleet.rows(LEFT))
        if slow:
            await fleet.rows("DELETE FROM pgqueuer WHERE status = 'queued'")
            fleet.slow(SLOW, 0)
    if failed := await fleet.rows(FAILED):
        raise RuntimeError(f"a sync that fails is no sync: {failed}")
    synced, took = fleet.accounts - left, max(ended.values())
    await asyncio.sleep(1)  # the server adds up its figures once a second
    return {
        "what": name,
        "workers": count,
        "syncs": synced,
        "seconds": took,
        "per_second": synced / took,
        "cpu_ms_per_sync": sum(used) / synced * 1_000,
        "database_ms_per_sync": ((await fleet.rows(BUSY))[0][0] - busy) / synced,
        "press_p50_ms": median(fleet.waits) if fleet.waits else 0.0,
        "press_p95_ms": quantiles(fleet.waits, n=20)[18] if len(fleet.waits) > 1 else 0.0,
        "others_done_s": max(seconds for host, seconds in ended.items() if host != SLOW),
    }


async def schedule_cost(fleet: Fleet) -> list[tuple[int, float]]:
    """What one look at the schedule costs with so many accounts due, in milliseconds."""
    found = []
    for size in SIZES:
        await fleet.rows("DELETE FROM pgqueuer")
        await fleet.rows("DELETE FROM account WHERE host = 'elsewhere'")
        await fleet.rows(MANY, count=size)
        await fleet.rows("ANALYZE account")
        took = []
        for _ in range(5):
            began = time.perf_counter()
            async with fleet.database.begin() as connection:
                spread = Durations().schedule_every
                await queue_due.enqueue_due(connection, spread_in=spread, most=500)
            took.append((time.perf_counter() - began) * 1_000)
        found.append((size, median(took)))
    return found


def growth(costs: list[tuple[int, float]], unchanged: Figures) -> list[Figures]:
    """Calculated: what the fleet of each size needs in an hour at the default cadence."""
    rows = []
    for size, look_ms in costs:
        syncs = size * (ASKED_SHARE + (1 - ASKED_SHARE) / 24)
        looks = 3600 / Durations().schedule_every.total_seconds()
        ours = syncs * unchanged["cpu_ms_per_sync"] / 1_000
        database = (syncs * unchanged["database_ms_per_sync"] + looks * look_ms) / 1_000
        rows.append(
            {
                "accounts": size,
                "syncs_per_hour": syncs,
                "schedule_look_ms": look_ms,
                "our_cores": ours / 3600,
                "database_cores": database / 3600,
            }
        )
    return rows


async def everything(folder: Path, *, accounts: int) -> Figures:
    """Every figure, over one database and one set of pretend hosts."""
    with played(accounts // len(KINDS)) as (hosts_url, people):
        async with EmbeddedPostgres(folder / "postgres", waits=TEST_WAITS) as server:
            database = Database(server.database_url)
            await migrate(database)
            await queue_schema.install(database)
            await fill(database, Vault([b"k" * 32]), people)
            fleet = Fleet(database, server.database_url, hosts_url, len(people))
            drains = [
                await measure(fleet, "first", count=1),
                await measure(fleet, "unchanged", count=1),
                await measure(fleet, "unchanged", count=4),
                await measure(fleet, f"{SLOW} at {SLOW_MS} ms", count=4, slow=True),
            ]
            costs = await schedule_cost(fleet)
            await database.close()
    return {"drains": drains, "growth": growth(costs, drains[1])}


def show(rows: list[Figures]) -> None:
    """Figures as a table."""
    width = {name: max(len(name), 18) for name in rows[0]}
    print("\n" + "".join(f"{name:>{width[name] + 2}}" for name in rows[0]))
    for row in rows:
        cells = (f"{one:,.2f}" if isinstance(one, float) else str(one) for one in row.values())
        wide = zip(width.values(), cells, strict=True)
        print("".join(f"{cell:>{most + 2}}" for most, cell in wide))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    configure_logging(log_format="json", level="ERROR")
    with tempfile.TemporaryDirectory(prefix="permsync-bench-") as name:
        Path(name).chmod(0o711)
        figures = asyncio.run(everything(Path(name), accounts=asked.accounts))
    show(figures["drains"])
    show(figures["growth"])
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
