"""
What a run of the evidence machine stands on: one database with a shifted clock, one loop.

Runs follow each other on it; each begins with empty tables and a world of its own. This
module must not know what a run does.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any, TypeVar

from sqlalchemy import text

from permsync.flows.deps import Clock, ConfiguredConnection, Services
from permsync.model import Durations
from permsync.simulator import rotation
from permsync.simulator.kinds import roles
from permsync.simulator.server import RunningSimulator
from permsync.simulator.tokens import Code, Pending
from permsync.store.engine import Database
from tests.databases import FreshDatabase
from tests.evidence.clock import ShiftedClock
from tests.evidence.labour import Labour, labour
from tests.evidence.places import ADMIN, Places
from tests.world import World, running_services

T = TypeVar("T")

# The product's own durations, on a clock that jumps; only what really waits is short.
DURATIONS = replace(
    Durations(),
    api_backoff=timedelta(milliseconds=1),
    limit_wait=timedelta(),
    revoke_wait=timedelta(seconds=5),
)
_TABLES = """
SELECT string_agg(format('public.%I', tablename), ', ') FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'sealing_key', 'revision')
"""
_SCOPES = {"gitlab": ["read_api"], "bitbucket-dc": ["REPO_ADMIN"]}


@dataclass(slots=True)
class Bench:
    """One database, its clock, a simulator, and the loop that everything runs on."""

    runner: asyncio.Runner
    database: Database
    clock: ShiftedClock
    simulator: RunningSimulator
    services: Services
    labour: Labour
    tables: str

    def run(self, work: Awaitable[T]) -> T:
        """Let it come to its end."""

        async def whole() -> T:
            return await work

        return self.runner.run(whole())

    def begin(self, places: Places, *, fold_above: int) -> World:
        """Empty the tables and show another world; the first host gets a connection."""
        self.simulator.show(places.world)
        self.run(self._empty())
        connection = ConfiguredConnection(
            "first", places.connected, places.covered(), self._admin_token(places)
        )
        services = replace(self.services, connections=(connection,), fold_above=fold_above)
        self.labour.services = services
        return World(services, self.simulator)

    async def _empty(self) -> None:
        async with self.database.begin() as connection:
            await connection.execute(text(f"TRUNCATE {self.tables}"))

    def _admin_token(self, places: Places) -> str:
        host, scopes = places.hosts[0], _SCOPES[places.connected]
        client = next(iter(host.tokens.clients.values()))
        pending = Pending(client.client_id, client.redirect_uris[0], "", scopes, None, None)
        issued = rotation.issue(
            host.tokens,
            host.policy,
            role=roles()[host.kind],
            code=Code("", ADMIN, pending, scopes, 0),
            client=client,
            now=places.world.now(),
        )
        return issued.access


@contextmanager
def opened(database: FreshDatabase, simulator: RunningSimulator) -> Iterator[Bench]:
    """Open everything, and close it at the end of the block."""
    with asyncio.Runner() as runner:
        pool = Database(database.url)
        clock = ShiftedClock(pool)
        runner.run(clock.install(database.name))
        served = running_services(pool, simulator, DURATIONS)
        services = replace(
            runner.run(_entered(served)),
            clock=Clock(
                now=lambda: datetime.now(UTC) + clock.ahead,
                boottime=lambda: clock_gettime(CLOCK_BOOTTIME) + clock.ahead.total_seconds(),
            ),
        )
        working = labour(services)
        yield Bench(
            runner=runner,
            database=pool,
            clock=clock,
            simulator=simulator,
            services=services,
            labour=runner.run(_entered(working)),
            tables=runner.run(_tables(pool)),
        )
        runner.run(working.__aexit__(None, None, None))
        runner.run(services.in_flight.drain())
        runner.run(served.__aexit__(None, None, None))
        runner.run(pool.close())


async def _entered(manager: Any) -> Any:
    return await manager.__aenter__()


async def _tables(pool: Database) -> str:
    async with pool.begin() as connection:
        return str((await connection.execute(text(_TABLES))).scalar_one())
