"""
How long a large account takes to sync, and what that costs the database.

Two questions in one run. Listing at a slow host (``--latency-ms`` per request): page after
page, against the host's own parallelism, against the bound (pages / parallelism x latency),
which knows nothing of the time that the pretend host takes beside its latency: ``ours/pace``
is against the same pages one after the other, divided by the parallelism.
And database time, rows and WAL of a first, an unchanged and a changed sync, ours against
"delete and insert" and "touch every row", on the same rows. It prints tables and, with
``--json FILE``, the same figures. It must not be read as absolute speed: the machine is
shared, so compare within one run.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from sqlalchemy import text

from bench._fleet import simulator_at
from bench._naive import NAIVE, naive_sync
from permsync import hosts
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.sync_account import sync_account
from permsync.model import Account, Durations, RunState, Trigger
from permsync.simulator.samples import bulk_repositories, sample_world
from permsync.simulator.server import serve
from permsync.simulator.tokens import ClientKind
from permsync.store import queue_schema
from permsync.store.embedded import EmbeddedPostgres
from permsync.store.engine import Database
from permsync.store.migrate import migrate
from permsync.telemetry import configure_logging
from tests.databases import TEST_WAITS
from tests.world import PUBLIC_URL, World, host_settings, running_services

Row = dict[str, Any]
FIGURES = text("""
SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
       (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables) AS written,
       (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables
        WHERE relname IN ('grant', 'naive_grant')) AS grants,
       (SELECT active_time FROM pg_stat_database WHERE datname = current_database()) AS busy
""")
CHANGED = 10


class Case(NamedTuple):
    """One host as it is registered there; ``parallel`` says whether its pages may be."""

    host: str
    app: ClientKind
    page: int
    parallel: bool


CASES = {
    "github app": Case("github", "github_app", 100, parallel=True),
    "github oauth": Case("github", "oauth", 100, parallel=True),
    "gitlab": Case("gitlab", "oauth", 100, parallel=True),
    "bitbucket cloud": Case("bitbucket", "oauth", 100, parallel=False),
    "bitbucket dc": Case("bitbucket-dc", "oauth", 1000, parallel=False),
}


def play(pipe: Connection, case: Case, count: int) -> None:
    """The pretend host, in a process of its own: its work is not ours."""
    world = sample_world(public_url=PUBLIC_URL, github_client_kind=case.app)
    bulk_repositories(world, case.host, count, person="ada", owner="BULK")
    with serve(world) as simulator:
        pipe.send(simulator.url)
        pipe.recv()


@contextmanager
def played(case: Case, count: int) -> Iterator[str]:
    """A pretend host; its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=play, args=(theirs, case, count))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def control(url: str, path: str, **arguments: object) -> None:
    """Pull a lever of the pretend hosts."""
    body = json.dumps(arguments).encode()
    with urlopen(Request(f"{url}/control/{path}", data=body)):
        return


@asynccontextmanager
async def opened(url: str, case: Case) -> AsyncIterator[World]:
    """Services over an empty database, and ada's pretend host at ``url``."""
    simulator = simulator_at(url)
    with tempfile.TemporaryDirectory(prefix="permsync-bench-") as name:
        await asyncio.to_thread(Path(name).chmod, 0o711)
        async with EmbeddedPostgres(Path(name) / "postgres", waits=TEST_WAITS) as server:
            database = Database(server.database_url)
            await migrate(database)
            await queue_schema.install(database)
            async with running_services(database, simulator, Durations()) as services:
                yield World(configured(World(services, simulator), case), simulator)
            await database.close()


def configured(world: World, case: Case, parallel: int | None = None) -> Services:
    """The services, with the host registered as the case says, and asked so many at once."""
    settings = host_settings(world.simulator, case.host)
    github: dict[str, str | int | bool] = {"app": case.app}
    options = github if case.host == "github" else dict(settings.options)
    if parallel is not None:
        options["parallel"] = parallel
    made = hosts.create(replace(settings, options=options))
    one = ConfiguredHost(case.host, made, frozenset({"*"}), settings.redirect_uri)
    return replace(world.services, hosts={**world.services.hosts, case.host: one})


async def timed(services: Services, account: Account) -> float:
    """The seconds of one sync, with an hour's budget of its own."""
    async with services.database.begin() as connection:
        await connection.execute(text("DELETE FROM budget"))
    began = time.perf_counter()
    state = await sync_account(services, account.id, Trigger.PERSON)
    assert state in {RunState.SUCCEEDED, RunState.PARTIAL}, state
    return time.perf_counter() - began


async def listing(world: World, url: str, name: str, *, count: int, latency_ms: int) -> Row:
    """One host: one page at a time, then as many as the host's file allows, then unchanged."""
    case = CASES[name]
    account = await world.link("ada", case.host)
    ours, serial = world.services, configured(world, case, parallel=1)
    await timed(ours, account)  # warms the pretend host
    await forget(world)
    quiet = await timed(ours, account)
    control(url, f"{case.host}/latency", api_ms=latency_ms)
    await forget(world)
    sequential = await timed(serial, account)
    await forget(world)
    together = await timed(ours, account)
    again = await timed(ours, account)
    control(url, f"{case.host}/latency", api_ms=0)
    parallel = ours.hosts[case.host].host.parallel if case.parallel else 1
    bound = ceil(count / case.page) / parallel * latency_ms / 1000
    return {
        "host": name,
        "sequential_s": sequential,
        "ours_s": together,
        "unchanged_s": again,
        "at_0_ms_s": quiet,
        "parallel": parallel,
        "bound_s": bound,
        "ours/bound": together / bound if bound else 0.0,
        "ours/pace": together * parallel / sequential,
    }


async def forget(world: World) -> None:
    """Let the next sync read every page, and not ask whether it changed."""
    async with world.services.database.begin() as connection:
        await connection.execute(text("DELETE FROM listing_validator"))


async def figures(world: World) -> dict[str, float]:
    """The database's own counters, after they have settled."""
    await asyncio.sleep(1.5)
    async with world.services.database.begin() as connection:
        row = (await connection.execute(FIGURES)).mappings().one()
        return {name: float(value or 0) for name, value in row.items()}


async def measured(world: World, what: str, work: Any) -> Row:
    """One piece of work, and what it cost the database and this process."""
    before, peak = await figures(world), peak_mb()
    began = time.perf_counter()
    await work()
    seconds, after = time.perf_counter() - began, await figures(world)
    return {
        "sync": what,
        "seconds": seconds,
        "database_ms": after["busy"] - before["busy"],
        "rows_written": after["written"] - before["written"],
        "grant_rows": after["grants"] - before["grants"],
        "wal_mb": (after["wal"] - before["wal"]) / (1 << 20),
        "peak_more_mb": peak_mb() - peak,
    }


def peak_mb() -> float:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def change(url: str, host: str, round_: int) -> None:
    """Ten repositories come, ten go, ten get another name."""
    for number in range(CHANGED):
        gone, kept = number + CHANGED * round_, 1_000 + number + CHANGED * round_
        control(url, f"{host}/add-repository", full_name=f"BULK/new-{round_}-{number}")
        control(url, f"{host}/remove-repository", repository=f"BULK/bulk-{gone:06d}")
        renamed = f"BULK/bulk-{kept:06d}"
        control(url, f"{host}/rename-repository", repository=renamed, name=f"named-{kept}")


async def database(world: World, url: str, name: str, count: int) -> list[Row]:
    """A first, an unchanged and a changed sync: ours, then the same by the naive ways."""
    host = CASES[name].host
    account = await world.link("ada", host)
    rows = []
    for what in ("first", "unchanged", "changed", "confirming", "unchanged again"):
        if what == "changed":
            await asyncio.to_thread(change, url, host, 0)
        rows.append(await measured(world, what, lambda: timed(world.services, account)))
    for way in NAIVE:
        for what in ("first", "unchanged", "changed"):
            work = await naive_sync(world.services.database, account.id, way=way, what=what)
            rows.append(await measured(world, f"{way}: {what}", work))
    return [{"host": name, "repositories": count, **row} for row in rows]


def show(rows: list[Row]) -> None:
    """A table on standard output."""
    for row in [dict(zip(rows[0], rows[0], strict=True)), *rows]:
        cells = (f"{one:.2f}" if isinstance(one, float) else str(one) for one in row.values())
        print("  ".join(f"{cell:>15}" for cell in cells), flush=True)
    print()


async def run(name: str, *, count: int, latency_ms: int | None) -> list[Row]:
    """One measurement in a world of its own: listing where a latency is named, else rows."""
    case = CASES[name]
    with played(case, count) as url:
        async with opened(url, case) as world:
            if latency_ms is not None:
                return [await listing(world, url, name, count=count, latency_ms=latency_ms)]
            return await database(world, url, name, count)


def main() -> None:
    """Measure, print, and write JSON where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--repositories", type=int, default=9_900)
    arguments.add_argument("--stored", type=int, nargs="*", default=[10_000, 50_000])
    arguments.add_argument("--latency-ms", type=int, default=200)
    arguments.add_argument("--hosts", nargs="*", default=list(CASES), choices=list(CASES))
    chosen = arguments.parse_args()
    configure_logging(log_format="console", level="ERROR")
    stored: list[Row] = []
    for count in chosen.stored:
        for name in [one for one in ("github app", "gitlab") if one in chosen.hosts]:
            rows = asyncio.run(run(name, count=count, latency_ms=None))
            show(rows)
            stored += rows
    count, latency_ms = chosen.repositories, chosen.latency_ms
    listed = [
        asyncio.run(run(name, count=count, latency_ms=latency_ms))[0] for name in chosen.hosts
    ]
    show(listed)
    if chosen.json:
        chosen.json.write_text(json.dumps({"listing": listed, "database": stored}, indent=2))


if __name__ == "__main__":
    main()
