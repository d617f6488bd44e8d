"""
A real PostgreSQL for the tests: one server per test session, a fresh database per test.

What is decided here: where the test server's files lie, and who removes them. What this
module must not know: the tables; the session's ``migrate`` fixture brings them.

All workers of a session share one server and one migrated template, through the same
joining that several permsyncs on one machine use. A conftest imports the three fixtures and
defines a session-scoped fixture ``migrate``: an async callable that takes the SQLAlchemy
address of an empty database, and leaves no connection to it behind.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded import EmbeddedPostgres, EmbeddedWaits
from permsync.store.embedded.databases import create_database, drop_database
from permsync.store.embedded.server import EmbeddedServer

Migrate = Callable[[str], Awaitable[None]]

# A shared machine may be slow; nobody waits this long where it is not.
TEST_WAITS = EmbeddedWaits(
    start_in=timedelta(minutes=2),
    stop_in=timedelta(minutes=2),
    look_again_in=timedelta(milliseconds=10),
)
# What a killed machine would lose is of no worth here.
TEST_SETTINGS = {"fsync": "off"}

_PREFIX = "permsync-tests-"
_TEMPLATE = "migrated"
_MEMORY = Path("/dev/shm")  # noqa: S108 (our folder in there is 0700, or refused)
_MEMORY_NEEDED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class FreshDatabase:
    """One test's own migrated database: for SQLAlchemy (``url``) and for asyncpg (``dsn``)."""

    name: str
    url: str
    dsn: str


def fast_place() -> Path:
    """Return a folder for test servers: memory where there is enough (a clone is 9 x faster)."""
    with suppress(OSError):
        if shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED_BYTES:
            return _MEMORY
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def embedded_server(testrun_uid: str) -> Iterator[EmbeddedServer]:
    """Return the server of this test session, shared by its workers."""
    folder = fast_place() / f"{_PREFIX}{testrun_uid}"
    for leftover in folder.parent.glob(f"{_PREFIX}*/"):
        # A killed session left its server running: join it, be the last, and leave.
        with suppress(DatabaseUnavailableError, PermissionError), _using(leftover):
            pass
    with _using(folder) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(embedded_server: EmbeddedServer, migrate: Migrate) -> str:
    """Return the name of a database that ``migrate`` ran on, once in the session."""
    with _alone(_lock_of(embedded_server.data_folder)), ExitStack() as when_it_fails:
        try:
            asyncio.run(create_database(embedded_server, _TEMPLATE))
        except asyncpg.DuplicateDatabaseError:
            return _TEMPLATE
        when_it_fails.callback(lambda: asyncio.run(drop_database(embedded_server, _TEMPLATE)))
        asyncio.run(_run(migrate, embedded_server.database_url_of(_TEMPLATE)))
        when_it_fails.pop_all()
    return _TEMPLATE


@pytest.fixture
def database(embedded_server: EmbeddedServer, migrated_template: str) -> Iterator[FreshDatabase]:
    """Return a clone of the migrated template, for one test alone."""
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(create_database(embedded_server, name, template=migrated_template))
    yield FreshDatabase(
        name=name, url=embedded_server.database_url_of(name), dsn=embedded_server.dsn_of(name)
    )
    asyncio.run(_drop(embedded_server, name))


async def _drop(server: EmbeddedServer, name: str) -> None:
    """The server's own vacuum may be in it just now, which nobody may end: wait for it."""
    for _ in range(20):
        try:
            return await drop_database(server, name)
        except asyncpg.InsufficientPrivilegeError:
            await asyncio.sleep(0.5)
    return await drop_database(server, name)


async def _run(migrate: Migrate, url: str) -> None:
    await migrate(url)


@contextmanager
def _using(folder: Path) -> Iterator[EmbeddedServer]:
    """Use the server in this folder; whoever stops it removes it, under the folder's lock."""
    postgres = EmbeddedPostgres(folder, waits=TEST_WAITS, settings=TEST_SETTINGS)
    with _alone(_lock_of(folder)):
        server = asyncio.run(postgres.__aenter__())
    try:
        yield server
    finally:
        with _alone(_lock_of(folder)):
            asyncio.run(postgres.__aexit__(None, None, None))
            if not any(server.socket_folder.iterdir()):
                shutil.rmtree(folder)
                _lock_of(folder).unlink()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file that others may remove: a lock on a removed file is worth nothing."""
    while True:
        with lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if lock.exists() and os.path.samestat(os.fstat(held.fileno()), lock.stat()):
                yield
                return


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
