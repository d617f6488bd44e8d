"""
Databases made, cloned and dropped on the embedded server.

The session's shared server is used: what is made here is dropped here.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from permsync.store.embedded.databases import create_database, drop_database
from permsync.store.embedded.server import EmbeddedServer

NAMES = ('a "quoted" one', "its clone")


@pytest.fixture
async def server(embedded_server: EmbeddedServer) -> AsyncIterator[EmbeddedServer]:
    yield embedded_server
    for name in NAMES:
        await drop_database(embedded_server, name)


async def test_a_clone_has_what_its_template_had_and_nothing_after(server: EmbeddedServer) -> None:
    original, clone = NAMES
    await create_database(server, original)
    connection = await asyncpg.connect(server.dsn_of(original))
    await connection.execute("CREATE TABLE t AS SELECT 7 AS number")
    await connection.close()
    await create_database(server, clone, template=original)
    connection = await asyncpg.connect(server.dsn_of(original))
    await connection.execute("UPDATE t SET number = 8")
    await connection.close()
    connection = await asyncpg.connect(server.dsn_of(clone))
    assert await connection.fetchval("SELECT number FROM t") == 7
    await connection.close()


async def test_a_name_is_taken_once(server: EmbeddedServer) -> None:
    await create_database(server, NAMES[0])
    with pytest.raises(asyncpg.DuplicateDatabaseError):
        await create_database(server, NAMES[0])


async def test_dropping_ends_the_sessions_in_a_database(server: EmbeddedServer) -> None:
    await create_database(server, NAMES[0])
    connection = await asyncpg.connect(server.dsn_of(NAMES[0]))
    await drop_database(server, NAMES[0])
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(server.dsn_of(NAMES[0]))
    connection.terminate()


async def test_dropping_what_is_not_there_is_fine(server: EmbeddedServer) -> None:
    await drop_database(server, "never made")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(server.dsn_of("never made"))
