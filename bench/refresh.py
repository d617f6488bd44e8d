"""
What a token costs: reading a fresh one, refreshing one, and draining many that are due.

Against a token endpoint that only answers (``_token_host``), with one and four processes of
ours over one embedded PostgreSQL. It also counts the round trips of a refresh on the wire,
and compares a sealed value with a key derived per value, as one peer does. It prints tables
and, with ``--json FILE``, the same figures. It must not be read as absolute speed: the
machine is shared, so compare within one run.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from bench._round_trips import counted
from bench._token_host import token_host
from permsync import hosts
from permsync.codehost import HostSettings
from permsync.flows.admit_keys import admit_keys
from permsync.flows.deps import Chance, Clock, ConfiguredHost, Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.in_flight import InFlight
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_due import refresh_due
from permsync.flows.seal_tokens import binding
from permsync.model import Durations
from permsync.store import queue_schema, schema
from permsync.store.embedded import EmbeddedPostgres
from permsync.store.engine import Database
from permsync.store.migrate import migrate
from permsync.telemetry import Metrics, configure_logging
from permsync.transport import Transport
from permsync.vault import Binding, Vault
from tests.databases import TEST_WAITS

HOST, KEY = "gitlab", b"k" * 32
LATENCIES_MS = (0, 200)
PROCESSES = (1, 4)
PBKDF2_ROUNDS = 100_000
CHUNK = 1_000
Figures = dict[str, Any]


@asynccontextmanager
async def services_over(
    url: str, base_url: str, *, limit: int = 16, limit_each: int = 8
) -> AsyncIterator[Services]:
    """Services as the composition root would build them, with the defaults of the settings."""
    database = Database(url)
    settings = HostSettings(
        name=HOST,
        kind="gitlab",
        base_url=base_url,
        client_id="client",
        client_secret=secrets.token_hex(8),
        redirect_uri="http://127.0.0.1/callback",
    )
    configured = ConfiguredHost(
        HOST, hosts.create(settings), frozenset({"*"}), settings.redirect_uri, b"client"
    )
    async with Transport() as transport:
        services = Services(
            database=database,
            transport=transport,
            vault=Vault([KEY]),
            hosts={HOST: configured},
            durations=Durations(),
            clock=Clock(lambda: datetime.now(UTC), lambda: clock_gettime(CLOCK_BOOTTIME)),
            chance=Chance(
                secret=secrets.token_urlsafe, jitter=lambda: secrets.randbits(53) / 2**53
            ),
            in_flight=InFlight(limit=limit, limit_each=limit_each),
            metrics=Metrics(),
            sign_in=None,
            owner=str(uuid4()),
        )
        yield services
        await services.in_flight.drain()
    await database.close()


async def fill(url: str, count: int) -> None:
    """So many linked accounts of one person, each with tokens of its own."""
    database, vault = Database(url), Vault([KEY])
    await migrate(database)
    await queue_schema.install(database)
    await admit_keys(database, vault)
    now = datetime.now(UTC)
    link_id = str(uuid4())

    def row(number: int) -> Figures:
        def sealed(field: str) -> bytes:
            place = binding(account_id=number, link_id=link_id, field=field, version=1)
            return vault.seal(secrets.token_hex(32), binding=place).ciphertext

        return {
            "id": number,
            "user_id": 1,
            "host": HOST,
            "external_id": str(number),
            "login": f"person-{number}",
            "state": "active",
            "link_id": link_id,
            "token_version": 1,
            "access_sealed": sealed("access"),
            "refresh_sealed": sealed("refresh"),
            "key_id": vault.primary_key_id,
            "redirect_uri": "http://127.0.0.1/callback",
            "issued_at": now,
            "access_expires_at": now + timedelta(hours=2),
            "refresh_due_at": now + timedelta(days=14),
        }

    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO \"user\" (name) VALUES ('person')"))
        for first in range(1, count + 1, CHUNK):
            numbers = range(first, min(first + CHUNK, count + 1))
            await connection.execute(insert(schema.account), [row(number) for number in numbers])
    await database.close()


async def execute(url: str, statement: str) -> None:
    """One statement."""
    database = Database(url)
    async with database.begin() as connection:
        await connection.execute(text(statement))
    await database.close()


async def timed(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """How many milliseconds each of so many calls took, one after the other."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append((time.perf_counter() - began) * 1_000)
    return took


async def measure_reads(url: str, times: int) -> Figures:
    """A fresh token, read by one caller after the other."""
    async with services_over(url, "http://127.0.0.1:9") as services:
        await timed(lambda: fresh_token(services, 1), 50)
        took = await timed(lambda: fresh_token(services, 1), times)
    cuts = quantiles(took, n=100)
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


async def count_round_trips(url: str, base_url: str) -> Figures:
    """The round trips of one read and of one refresh, when every statement is prepared."""
    async with counted(url) as count, services_over(count.url, base_url) as services:
        for _ in range(3):
            await refresh_account(services, 2)
            await fresh_token(services, 2)
        before = count.trips
        await fresh_token(services, 2)
        read = count.trips - before
        await refresh_account(services, 2)
        return {"fresh_read": read, "refresh": count.trips - before - read}


async def _refresh_all(url: str, base_url: str, numbers: range) -> float:
    async with services_over(url, base_url, limit_each=16) as services:
        began = time.perf_counter()
        await asyncio.gather(*(refresh_account(services, number) for number in numbers))
        return time.perf_counter() - began


def _refresh_share(url: str, base_url: str, numbers: range) -> float:
    configure_logging(log_format="json", level="ERROR")
    return asyncio.run(_refresh_all(url, base_url, numbers))


def measure_refreshes(url: str, *, processes: int, latency_ms: int, count: int) -> float:
    """Refreshes per second, by so many processes with a share of the accounts each."""
    with (
        token_host(latency_ms=latency_ms) as base_url,
        multiprocessing.get_context("spawn").Pool(processes) as pool,
    ):
        share = count // processes
        shares = [range(1 + share * one, 1 + share * (one + 1)) for one in range(processes)]
        took = pool.starmap(_refresh_share, [(url, base_url, numbers) for numbers in shares])
    return share * processes / max(took)


async def measure_drain(url: str, base_url: str, count: int) -> Figures:
    """Everything due at once, drained as a worker does, within the default bounds."""
    due = "clock_timestamp() - id * interval '1 millisecond'"
    await execute(url, f"UPDATE account SET refresh_due_at = {due} WHERE id <= {count}")  # noqa: S608
    async with services_over(url, base_url) as services:
        began, drained = time.perf_counter(), 0
        while drained < count:
            drained += await refresh_due(services)
        took = time.perf_counter() - began
    return {"seconds": took, "per_second": count / took}


def measure_sealing(times: int) -> Figures:
    """Microseconds to seal and to open a value, and to derive a key for one."""
    vault, place = Vault([KEY]), Binding("account", 1, "link", "access", 1)
    token = secrets.token_hex(32)

    def each(work: Callable[[], object], count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            work()
        return (time.perf_counter() - began) / count * 1e6

    sealed = vault.seal(token, binding=place)
    return {
        "seal_us": each(lambda: vault.seal(token, binding=place), times),
        "open_us": each(lambda: vault.open(sealed, binding=place), times),
        "pbkdf2_us": each(
            lambda: hashlib.pbkdf2_hmac("sha256", KEY, b"salt" * 4, PBKDF2_ROUNDS), 20
        ),
    }


async def measure(folder: Path, *, count: int, due: int) -> Figures:
    """Every figure, over one database."""
    async with EmbeddedPostgres(folder / "postgres", waits=TEST_WAITS) as server:
        url = server.database_url
        await fill(url, max(count, due))
        figures: Figures = {"sealing": await asyncio.to_thread(measure_sealing, 20_000)}
        figures["fresh_read"] = await measure_reads(url, 2_000)
        with token_host(latency_ms=0) as base_url:
            figures["round_trips"] = await count_round_trips(url, base_url)
            figures["drain"] = await measure_drain(url, base_url, due)
        for latency_ms in LATENCIES_MS:
            for processes in PROCESSES:
                name = f"refreshes_per_second_{processes}_processes_{latency_ms}_ms"
                figures[name] = await asyncio.to_thread(
                    measure_refreshes, url, processes=processes, latency_ms=latency_ms, count=count
                )
    return figures


def show(figures: Figures, *, due: int) -> None:
    """The figures as tables."""
    read, trips, drain = figures["fresh_read"], figures["round_trips"], figures["drain"]
    sealing = figures["sealing"]
    print(f"fresh read            p50 {read['p50_ms']:.2f} ms, p99 {read['p99_ms']:.2f} ms")
    print(f"round trips           {trips['fresh_read']} a fresh read, {trips['refresh']} a refresh")
    print(f"{due:,} due at once    {drain['seconds']:.1f} s, {drain['per_second']:.0f} per second")
    print(
        f"seal, open            {sealing['seal_us']:.2f} us, {sealing['open_us']:.2f} us;"
        f" a key derived per value {sealing['pbkdf2_us']:,.0f} us"
    )
    print("\nrefreshes per second      1 process  4 processes")
    for latency_ms in LATENCIES_MS:
        names = [f"refreshes_per_second_{one}_processes_{latency_ms}_ms" for one in PROCESSES]
        print(
            f"host at {latency_ms:3d} ms         "
            + "".join(f"{figures[one]:12.0f}" for one in names)
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=800, help="refreshes per measurement")
    parser.add_argument("--due", type=int, default=10_000, help="accounts due at once")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    configure_logging(log_format="json", level="ERROR")
    with tempfile.TemporaryDirectory(prefix="permsync-bench-") as name:
        Path(name).chmod(0o711)
        measured = asyncio.run(measure(Path(name), count=asked.count, due=asked.due))
    show(measured, due=asked.due)
    if asked.json is not None:
        asked.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
