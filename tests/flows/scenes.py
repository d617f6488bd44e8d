"""
What the tests of the flows do again and again: let time pass, look at rows, count requests.

What is looked at is read with plain SQL or from the simulator's own log, so that no
statement of the product vouches for another. This module must not know what a test asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from sqlalchemy import text

from permsync import hosts
from permsync.codehost import HostSettings
from permsync.flows.check import RepositoryName, check
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.in_flight import InFlight
from permsync.flows.sync_account import sync_account
from permsync.model import Account, Reason, RunState, Trigger
from permsync.simulator.faults import NextAnswer, Shape, Where
from permsync.simulator.tokens import Rotation
from permsync.store import accounts
from permsync.store.engine import Database
from permsync.transport import Transport
from tests.flows.faulty_doors import FaultyTransport
from tests.world import World, host_settings

T = TypeVar("T")
LOOKS = 3_000
PAUSE_SECONDS = 0.01
# Who waits for somebody else's row in this test's own database.
LOCKED_OUT = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def rows(database: Database, statement: str, **values: object) -> list[dict[str, Any]]:
    """Run one statement; each row is a dict."""
    async with database.begin() as connection:
        found = await connection.execute(text(statement), values)
        return [dict(row) for row in found.mappings()] if found.returns_rows else []


async def column(database: Database, statement: str, **values: object) -> list[Any]:
    """Run one statement; its first column."""
    return [next(iter(row.values())) for row in await rows(database, statement, **values)]


async def until(met: Callable[[], object]) -> None:
    """Let others work until ``met`` is true; a test that waits for nothing fails."""
    for _ in range(LOOKS):
        if met():
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise AssertionError("what was waited for did not happen")


async def expire(world: World, account: Account) -> None:
    """Let the account's access token die of age, here and at its host, with nobody there."""
    await rows(
        world.services.database,
        "UPDATE account SET issued_at = clock_timestamp() - interval '2 hours',"
        " access_expires_at = clock_timestamp() - interval '1 second' WHERE id = :id",
        id=account.id,
    )
    host = world.host(account.host)
    host.tokens.expire_access(None, now=world.simulator.world.now())


async def age_to_stale(world: World, account: Account) -> None:
    """Bring the account's token near its end; the host takes it still."""
    await rows(
        world.services.database,
        "UPDATE account SET issued_at = clock_timestamp() - interval '2 hours',"
        " access_expires_at = clock_timestamp() + interval '1 minute' WHERE id = :id",
        id=account.id,
    )


async def read(world: World, account: Account) -> Account:
    """The account as it is stored now."""
    async with world.services.database.begin() as connection:
        found = await accounts.load(connection, account.id)
    assert found is not None
    return found


async def sync(
    world: World, account: Account, *, services: Services | None = None
) -> RunState | None:
    """One scheduled sync, as a worker would run it."""
    return await sync_account(services or world.services, account.id, Trigger.SCHEDULE)


async def told(world: World, verb: Callable[..., Awaitable[T]], **about: Any) -> T:
    """Carry out what a notice says, in a transaction of its own."""
    async with world.services.database.begin() as connection:
        return await verb(world.services, connection, **about)


async def reason(world: World, account: Account, full_name: str) -> Reason:
    """Why this account's person may, or may not, see a repository of its host."""
    answer = await check(
        world.services, account.user_id, RepositoryName(account.host, full_name=full_name)
    )
    return answer.decision.reason


async def granted(world: World, account: Account) -> set[str]:
    """The names behind the account's rows of grants."""
    names = await column(
        world.services.database,
        'SELECT full_name FROM "grant" JOIN repository ON repository.id = repository_id'
        " WHERE account_id = :id",
        id=account.id,
    )
    return set(names)


async def queued(database: Database) -> set[str]:
    """The kinds of jobs that wait for a worker."""
    kinds = "SELECT split_part(entrypoint, '@', 1) FROM pgqueuer WHERE status = 'queued'"
    return set(await column(database, kinds))


async def empty_queue(database: Database) -> None:
    """Let every job that waits be done already."""
    await rows(database, "DELETE FROM pgqueuer")


async def last_run(world: World, account: Account) -> dict[str, Any]:
    """The newest run of the account."""
    found = await rows(
        world.services.database,
        "SELECT * FROM run WHERE account_id = :id ORDER BY id DESC LIMIT 1",
        id=account.id,
    )
    return found[0]


def private_name(world: World, host: str, person: str = "ada") -> str:
    """A private repository that the person may read at a host."""
    return next(
        one.full_name for one in world.host(host).memberships(person) if one.visibility == "private"
    )


def refreshes(world: World, host: str) -> int:
    """How many refresh tokens were presented at a host."""
    return len(world.host(host).token_posts("refresh_token"))


def spoil(
    world: World,
    host: str,
    where: Where,
    shape: Shape,
    *,
    match: str = "",
    times: int = 1,
    seconds: float = 30,
) -> NextAnswer:
    """Spoil the next answers of a host's token endpoint, or of API paths with ``match``."""
    answer = NextAnswer(where, shape, match=match, times=times, seconds=seconds)
    world.host(host).faults.next_answers.append(answer)
    return answer


def with_host(
    services: Services, settings: HostSettings, *, include: frozenset[str] = frozenset({"*"})
) -> Services:
    """The same services, where one host is configured otherwise."""
    client = f"{settings.name} {settings.client_id} {settings.client_secret}".encode()
    configured = ConfiguredHost(
        settings.name, hosts.create(settings), include, settings.redirect_uri, client
    )
    return replace(services, hosts={**services.hosts, settings.name: configured})


def elsewhere(services: Services, door: Transport | FaultyTransport | None = None) -> Services:
    """Another process over the same database and host, with a door to hosts of its own."""
    transport = cast("Transport", door or services.transport)
    return replace(services, in_flight=InFlight(limit=10), transport=transport)


def with_rotation(world: World, rotation: str, policy: Rotation) -> World:
    """GitLab, configured for a rotation, with a host behind it that does as ``policy`` says."""
    settings = replace(host_settings(world.simulator, "gitlab"), options={"rotation": rotation})
    world.host("gitlab").policy.rotation = policy
    return replace(world, services=with_host(world.services, settings))


async def everything_stored(database: Database) -> str:
    """Every row of every table as text; bytes stand in it as hexadecimal digits."""
    tables = await column(
        database,
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE'"
        " AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    assert "public.account" in tables
    assert "public.pgqueuer" in tables
    lines: list[str] = []
    for table in tables:
        lines += await column(database, f"SELECT one::text FROM {table} AS one")
    return "\n".join(lines)


def found_in(stored: str, secrets: set[str] | list[str]) -> list[str]:
    """Those of the secrets that stand in what was stored, plainly or as bytes."""
    return [one for one in secrets if one in stored or one.encode().hex() in stored]
