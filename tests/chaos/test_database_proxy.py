"""The proxy before PostgreSQL: it knows the two commits, and stops them on either side."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest

from permsync.store.embedded.databases import create_database, drop_database
from permsync.store.embedded.server import EmbeddedServer
from tests.chaos.database_proxy import Commit, Committing, DatabaseProxy, database_proxy

TABLES = """
CREATE TABLE refresh_attempt (id int);
CREATE TABLE account (id int, token_version int, access_sealed text, state text);
INSERT INTO account VALUES (1, 1, 'old', 'active');
"""
CLAIM = "INSERT INTO refresh_attempt VALUES ($1)"
ADOPT = "UPDATE account SET token_version = 2, access_sealed = 'new' WHERE id = $1"


@pytest.fixture
def name(embedded_server: EmbeddedServer) -> Iterator[str]:
    name = f"proxied_{uuid.uuid4().hex}"
    asyncio.run(create_database(embedded_server, name))
    yield name
    asyncio.run(drop_database(embedded_server, name))


@pytest.fixture
async def direct(embedded_server: EmbeddedServer, name: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(embedded_server.dsn_of(name))
    await connection.execute(TABLES)
    yield connection
    await connection.close()


@pytest.fixture
async def proxy(embedded_server: EmbeddedServer) -> AsyncIterator[DatabaseProxy]:
    socket = embedded_server.socket_folder / f".s.PGSQL.{embedded_server.port}"
    async with database_proxy(str(socket)) as made:
        yield made


async def commit_through(proxy: DatabaseProxy, name: str, *statements: str) -> None:
    """One transaction over a connection of its own, as permsync's driver writes it."""
    connection = await asyncpg.connect(f"postgresql://permsync@127.0.0.1:{proxy.port}/{name}")
    try:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement, 1)
    finally:
        connection.terminate()


async def execute_through(proxy: DatabaseProxy, name: str, statement: str) -> None:
    """One statement that is a transaction of its own."""
    connection = await asyncpg.connect(f"postgresql://permsync@127.0.0.1:{proxy.port}/{name}")
    try:
        await connection.execute(statement, 1)
    finally:
        connection.terminate()


Way = Callable[[DatabaseProxy, str, str], Awaitable[None]]
both_ways = pytest.mark.parametrize("send", [commit_through, execute_through])


async def versions(direct: asyncpg.Connection) -> tuple[int, int]:
    """How many claims there are, and the account's version."""
    claims = await direct.fetchval("SELECT count(*) FROM refresh_attempt")
    return claims, await direct.fetchval("SELECT token_version FROM account")


async def test_what_no_script_waits_for_is_committed(
    proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    await commit_through(proxy, name, CLAIM, ADOPT)
    assert await versions(direct) == (1, 2)


@both_ways
async def test_a_script_strikes_the_commit_that_it_waits_for(
    send: Way, proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    struck = []

    async def note(committing: Committing) -> None:
        struck.append(await versions(direct))
        committing.acknowledge(await committing.forward())

    proxy.expect(Commit.ADOPT, note)
    await send(proxy, name, CLAIM)
    assert struck == []
    await send(proxy, name, ADOPT)
    assert struck == [(1, 1)]  # it was asked before the commit, and let it pass
    assert await versions(direct) == (1, 2)


@both_ways
async def test_a_commit_that_is_cut_off_never_happens(
    send: Way, proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    async def cut(committing: Committing) -> None:
        committing.cut()

    proxy.expect(Commit.CLAIM, cut)
    with pytest.raises((ConnectionError, asyncpg.PostgresError)):
        await send(proxy, name, CLAIM)
    assert await versions(direct) == (0, 1)


@both_ways
async def test_a_lost_acknowledgement_leaves_the_commit_where_it_is(
    send: Way, proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    async def lose(committing: Committing) -> None:
        await committing.forward()
        committing.cut()

    proxy.expect(Commit.CLAIM, lose)
    with pytest.raises((ConnectionError, asyncpg.PostgresError)):
        await send(proxy, name, CLAIM)
    assert await versions(direct) == (1, 1)


@both_ways
async def test_a_refused_commit_is_an_error_and_is_rolled_back(
    send: Way, proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    async def refuse(committing: Committing) -> None:
        await committing.refuse()

    proxy.expect(Commit.ADOPT, refuse)
    with pytest.raises(asyncpg.DiskFullError):
        await send(proxy, name, ADOPT)
    assert await versions(direct) == (0, 1)


async def test_connections_are_refused_until_it_listens_again(
    proxy: DatabaseProxy, name: str, direct: asyncpg.Connection
) -> None:
    await proxy.refuse()
    with pytest.raises(ConnectionError):
        await commit_through(proxy, name, CLAIM)
    await proxy.listen()
    await commit_through(proxy, name, CLAIM)
    assert await versions(direct) == (1, 1)
