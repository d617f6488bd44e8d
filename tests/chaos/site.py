"""
A whole site for the matrix: pretend hosts, PostgreSQL, settings, proxies and processes.

What is decided here: one database and one pair of proxies for each lane, so that a fault in
one lane is nobody else's, and durations of the product scaled down by one factor. This
module must not know a fault or a verdict.
"""

import asyncio
import json
import signal
import socket
import sys
import urllib.request
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from permsync.config.private_files import write_private
from permsync.model import MACHINE_DURATIONS
from permsync.store import migrate as migrations
from permsync.store import queue_schema
from permsync.store.embedded import EmbeddedPostgres, ensure_running, stop
from permsync.store.embedded.databases import create_database
from permsync.store.embedded.server import EmbeddedServer
from permsync.store.engine import Database
from permsync.vault import new_sealing_key
from tests.chaos.database_proxy import DatabaseProxy, database_proxy
from tests.chaos.host_proxy import HostProxy, host_proxy
from tests.chaos.lanes import GRACE_SECONDS, PUBLIC_URL, Lane
from tests.chaos.processes import Caller, Nursery, nursery, started
from tests.databases import TEST_SETTINGS, TEST_WAITS

# A quarter of an hour becomes four and a half seconds.
FACTOR = 0.005
# In seconds of this machine: what it needs does not shrink with the world, nor do the waits
# that a busy machine would turn into faults of their own.
DURATIONS = {
    "refresh_connect": 2.0,
    "refresh_deadline": 2.5,
    "refresh_settle": 0.3,
    "refresh_skew": 0.2,
    "refresh_lease": 3.0,
    # As in life: the second repetition falls into a grace window, the third one does not.
    "refresh_grace": GRACE_SECONDS,
    "refresh_retry_third": GRACE_SECONDS,
    "refresh_wait": 30.0,
    "refresh_poll": 0.05,
    "sweep_every": 0.3,
    "settle": 0.1,
    "schedule_every": 1.0,
    "sync_backoff": 1.0,
    "job_heartbeat": 2.0,
    "job_stalled": 8.0,
    "job_poll": 0.3,
    "link_attempt": 60.0,
    "session": 3600.0,
}
LEASE_SECONDS = DURATIONS["refresh_lease"]
TEMPLATE = "lanes"
# Every write of an account, kept by the database itself, for the verdict.
HISTORY = """
CREATE TABLE chaos_history AS
  SELECT id, state, reason, link_id, token_version, access_sealed, refresh_sealed, key_id
  FROM account WHERE false;
ALTER TABLE chaos_history ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
CREATE FUNCTION chaos_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_history VALUES (NEW.id, NEW.state, NEW.reason, NEW.link_id,
    NEW.token_version, NEW.access_sealed, NEW.refresh_sealed, NEW.key_id);
  RETURN NEW; END $$;
CREATE TRIGGER chaos_keep AFTER INSERT OR UPDATE ON account
  FOR EACH ROW EXECUTE FUNCTION chaos_keep();
"""


@dataclass
class Place:
    """What one lane has of its own."""

    lane: Lane
    folder: Path
    simulator_url: str
    keys: tuple[str, ...]
    database: asyncpg.Pool
    direct_url: str
    restart_database: Callable[[], Awaitable[None]]
    host_proxy: HostProxy
    database_proxy: DatabaseProxy
    nursery: Nursery
    worker: Process
    callers: list[Caller] = field(default_factory=list)

    @property
    def proxied_url(self) -> str:
        """The lane's database behind its proxy."""
        name = self.direct_url.partition("?")[0].rpartition("/")[2]
        return f"postgresql://permsync@127.0.0.1:{self.database_proxy.port}/{name}?sslmode=disable"

    def settings(
        self,
        *,
        proxied: bool = False,
        keys: Sequence[str] | None = None,
    ) -> Path:
        """A settings file of this lane; ``proxied`` puts the fault proxy before PostgreSQL."""
        used = self.keys if keys is None else keys
        text = _settings_text(
            self.lane,
            base_url=self.host_proxy.url + (self.lane.path or f"/{self.lane.name}"),
            database_url=self.proxied_url if proxied else self.direct_url,
            keys=used,
        )
        file = self.folder / f"{abs(hash(text)):x}.toml"
        if not file.exists():
            write_private(file, text)
        return file

    def pause_worker(self) -> None:
        """Keep the lane's worker from taking what is meant for a victim."""
        self.worker.send_signal(signal.SIGSTOP)

    def resume_worker(self) -> None:
        """Let the lane's worker work."""
        self.worker.send_signal(signal.SIGCONT)

    async def caller(self, settings: Path | None = None) -> Caller:
        """A process of its own, ended with the site at the latest."""
        caller = await self.nursery.caller(settings or self.settings())
        self.callers.append(caller)
        return caller

    async def control(self, lever: str, **arguments: object) -> Any:
        """Pull a lever of this lane's host."""
        path = f"/control/{self.lane.name}/{lever}"
        return await asyncio.to_thread(post, self.simulator_url + path, arguments)


@asynccontextmanager
async def site(folder: Path, lanes: Sequence[Lane]) -> AsyncIterator[dict[str, Place]]:
    """Everything running, by the name of the lane."""
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(_hosts(folder, lanes))
        postgres = EmbeddedPostgres(folder / "postgres", waits=TEST_WAITS, settings=TEST_SETTINGS)
        server = await stack.enter_async_context(postgres)

        async def restart() -> None:
            await stop(server, waits=TEST_WAITS)
            await ensure_running(folder / "postgres", waits=TEST_WAITS, settings=TEST_SETTINGS)

        parent = await stack.enter_async_context(nursery(folder))
        await _make_template(server)
        places = {}
        for lane in lanes:
            made = _place(
                lane, folder=folder, server=server, port=port, parent=parent, restart=restart
            )
            places[lane.name] = await stack.enter_async_context(made)
        yield places


@asynccontextmanager
async def _hosts(folder: Path, lanes: Sequence[Lane]) -> AsyncIterator[int]:
    """The lanes' hosts, and their port: its queue takes connections before they are up."""
    names = [lane.name for lane in lanes]
    program = (sys.executable, "-m", "tests.chaos.hosts")
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        running = started(
            (str(fd), *names), log=folder / "hosts.log", program=program, pass_fds=(fd,)
        )
        async with running:
            listener.close()
            yield port


async def _make_template(server: EmbeddedServer) -> None:
    """What every lane's database is a copy of: the product's tables, and their history."""
    await create_database(server, TEMPLATE)
    database = Database(server.database_url_of(TEMPLATE))
    await migrations.migrate(database)
    await queue_schema.install(database)
    await database.close()
    connection = await asyncpg.connect(server.dsn_of(TEMPLATE))
    await connection.execute(HISTORY)
    await connection.close()


@asynccontextmanager
async def _place(
    lane: Lane,
    *,
    folder: Path,
    server: EmbeddedServer,
    port: int,
    parent: Nursery,
    restart: Callable[[], Awaitable[None]],
) -> AsyncIterator[Place]:
    name = f"lane_{lane.name.replace('-', '_')}"
    await create_database(server, name, template=TEMPLATE)
    own = folder / lane.name
    own.mkdir()
    address = server.socket_folder / f".s.PGSQL.{server.port}"
    async with (
        asyncpg.create_pool(server.dsn_of(name), min_size=0, max_size=4) as pool,
        host_proxy(port) as hosts,
        database_proxy(str(address)) as databases,
    ):
        log = own / "worker.log"
        base_url = hosts.url + (lane.path or f"/{lane.name}")
        keys = (new_sealing_key(), new_sealing_key())
        settings = own / "worker.toml"
        direct_url = server.dsn_of(name)
        text = _settings_text(lane, base_url=base_url, database_url=direct_url, keys=keys)
        write_private(settings, text)
        async with started(("worker", "--settings", str(settings)), log=log) as worker:
            place = Place(
                lane=lane,
                folder=own,
                simulator_url=f"http://127.0.0.1:{port}",
                keys=keys,
                database=pool,
                direct_url=direct_url,
                restart_database=restart,
                host_proxy=hosts,
                database_proxy=databases,
                nursery=parent,
                worker=worker,
            )
            try:
                yield place
            finally:
                place.resume_worker()
                await asyncio.gather(*(caller.leave() for caller in place.callers))


def _settings_text(
    lane: Lane,
    *,
    base_url: str,
    database_url: str,
    keys: Sequence[str],
) -> str:
    lines = [
        f'public_url = "{PUBLIC_URL}"',
        'data_folder = "data"',
        f'database_url = "{database_url}"',
        f"sealing_keys = {json.dumps(list(keys))}",
        'log_format = "json"',
        'log_level = "info"',
        "[durations]",
        f"factor = {FACTOR}",
        *(f"{name} = {_written(name, s)}" for name, s in DURATIONS.items()),
        f"[hosts.{lane.name}]",
        f'kind = "{lane.kind}"',
        f'base_url = "{base_url}"',
        f'client_id = "{lane.client_id}"',
        f'client_secret = "{lane.client_secret}"',
        f"[hosts.{lane.name}.options]",
        *(f'{name} = "{option}"' for name, option in lane.options),
    ]
    return "\n".join(lines) + "\n"


def _written(name: str, seconds: float) -> float:
    """The figure that becomes these seconds, once the factor has been applied to it."""
    return seconds if name in MACHINE_DURATIONS else seconds / FACTOR


def post(url: str, arguments: Mapping[str, object]) -> Any:
    """Pull a lever; what it returned."""
    request = urllib.request.Request(
        url, data=json.dumps(arguments).encode(), headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["result"]
