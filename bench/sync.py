"""
How long a large account takes to sync, and what that costs the database.

Two questions in one run: listing at a slow host, page after page against the host's own
parallelism (``--latency-ms`` per request); and database time, rows and WAL of a first, a
changed and an unchanged sync. It prints tables and, with ``--json FILE``, the same figures.
It must not be read as absolute speed: the machine is shared, so compare within one run.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.request import Request, urlopen

from sqlalchemy import text

from permsync import hosts
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.sync_account import sync_account
from permsync.model import Account, Durations, RunState, Trigger
from permsync.simulator.samples import bulk_repositories, sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.store import queue_schema
from permsync.store.embedded import EmbeddedPostgres
from permsync.store.engine import Database
from permsync.store.migrate import migrate
from tests.databases import TEST_WAITS
from tests.world import KINDS, PUBLIC_URL, World, host_settings, running_services

PAGE = {"github": 100, "gitlab": 100, "bitbucket": 100, "bitbucket-dc": 1000}
FIGURES = text("""
SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
       (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables) AS written,
       (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables
        WHERE relname = 'grant') AS grants,
       (SELECT active_time FROM pg_stat_database WHERE datname = current_database()) AS busy
""")


def play(pipe: Connection, count: int) -> None:
    """The pretend hosts, in a process of their own: their work is not ours."""
    world = sample_world(public_url=PUBLIC_URL)
    for host in KINDS:
        bulk_repositories(world, host, count, person="ada", owner="BULK")
    with serve(world) as simulator:
        pipe.send(simulator.url)
        pipe.recv()


def control(url: str, path: str, **arguments: object) -> None:
    """Pull a lever of the pretend hosts."""
    body = json.dumps(arguments).encode()
    with urlopen(Request(f"{url}/control/{path}", data=body)):
        return


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    """Services over an empty database, and ada's pretend hosts at ``url``."""
    paths = {name: f"/{name}" for name in KINDS} | {"bitbucket-dc": "/bitbucket-dc/bitbucket"}
    paths["sso"] = "/sso"
    simulator = cast(
        "RunningSimulator",
        SimpleNamespace(url=url, host_url=lambda name: url + paths[name]),
    )
    with tempfile.TemporaryDirectory(prefix="permsync-bench-") as name:
        await asyncio.to_thread(Path(name).chmod, 0o711)
        async with EmbeddedPostgres(Path(name) / "postgres", waits=TEST_WAITS) as server:
            database = Database(server.database_url)
            await migrate(database)
            await queue_schema.install(database)
            async with running_services(database, simulator, Durations()) as services:
                yield World(services, simulator)
            await database.close()


async def timed(services: Services, account: Account) -> float:
    """The seconds of one sync."""
    began = time.perf_counter()
    state = await sync_account(services, account.id, Trigger.PERSON)
    assert state in {RunState.SUCCEEDED, RunState.PARTIAL}, state
    return time.perf_counter() - began


async def listing(
    world: World, url: str, host: str, *, count: int, latency_ms: int
) -> dict[str, Any]:
    """One host: one page at a time, then as many as the host's file allows."""
    account = await world.link("ada", host)
    settings = host_settings(world.simulator, host)
    options = {**settings.options, "parallel": 1}
    slow = hosts.create(replace(settings, options=options))
    one = ConfiguredHost(host, slow, frozenset({"*"}), settings.redirect_uri)
    serial = replace(world.services, hosts={**world.services.hosts, host: one})
    await timed(world.services, account)  # warms the pretend host
    control(url, f"{host}/latency", api_ms=latency_ms)
    sequential, ours = await timed(serial, account), await timed(world.services, account)
    control(url, f"{host}/latency", api_ms=0)
    parallel = world.services.hosts[host].host.parallel
    pages = count / PAGE[host]
    serial_host = host in {"bitbucket", "bitbucket-dc"}
    ideal = pages / (1 if serial_host else parallel) * latency_ms / 1000
    return {
        "host": host,
        "sequential_s": sequential,
        "ours_s": ours,
        "gain": sequential / ours,
        "parallel": parallel,
        "ideal_s": ideal,
        "ours_to_ideal": ours / ideal,
    }


async def figures(world: World) -> dict[str, float]:
    """The database's own counters, after they have settled."""
    await asyncio.sleep(1.5)
    async with world.services.database.begin() as connection:
        row = (await connection.execute(FIGURES)).mappings().one()
        return {name: float(value or 0) for name, value in row.items()}


async def database(world: World, url: str, host: str) -> list[dict[str, Any]]:
    """A first, an unchanged and a changed sync (ten added, ten taken away, ten renamed)."""
    account = await world.link("grace", host)
    control(url, f"{host}/join", person="grace", namespace="BULK")
    rows = []
    for what in ("first", "unchanged", "changed", "confirming"):
        if what == "changed":
            for number in range(10):
                control(url, f"{host}/add-repository", full_name=f"BULK/new-{number}")
                control(url, f"{host}/remove-repository", repository=f"BULK/bulk-{number:06d}")
                renamed = f"BULK/bulk-{number + 100:06d}"
                control(
                    url, f"{host}/rename-repository", repository=renamed, name=f"named-{number}"
                )
        before = await figures(world)
        seconds = await timed(world.services, account)
        after = await figures(world)
        rows.append(
            {
                "sync": what,
                "seconds": seconds,
                "database_ms": after["busy"] - before["busy"],
                "rows_written": after["written"] - before["written"],
                "grant_rows_written": after["grants"] - before["grants"],
                "wal_mb": (after["wal"] - before["wal"]) / (1 << 20),
            }
        )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """A table on standard output."""
    for row in [dict(zip(rows[0], rows[0], strict=True)), *rows]:
        print(
            "  ".join(
                f"{one:>18.2f}" if isinstance(one, float) else f"{one:>18}" for one in row.values()
            )
        )
    print()


async def measure(url: str, *, count: int, latency_ms: int) -> dict[str, list[dict[str, Any]]]:
    """Everything, in one run."""
    async with opened(url) as world:
        stored = await database(world, url, "gitlab")
        show(stored)
        listed = [
            await listing(world, url, host, count=count, latency_ms=latency_ms)
            for host in ("gitlab", "bitbucket", "bitbucket-dc")
        ]
        show(listed)
    return {"listing": listed, "database": stored}


def main() -> None:
    """Measure, print, and write JSON where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--repositories", type=int, default=9_900)
    arguments.add_argument("--latency-ms", type=int, default=200)
    chosen = arguments.parse_args()
    ours, theirs = multiprocessing.Pipe()
    hosts_process = multiprocessing.Process(target=play, args=(theirs, chosen.repositories))
    hosts_process.start()
    try:
        url = ours.recv()
        found = asyncio.run(measure(url, count=chosen.repositories, latency_ms=chosen.latency_ms))
    finally:
        ours.send("stop")
        hosts_process.join()
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
