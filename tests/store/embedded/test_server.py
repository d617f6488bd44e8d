"""
How the service reaches the embedded PostgreSQL, and as whom.

The session's shared server is asked; nothing is changed on it.
"""

from pathlib import Path

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from permsync.store.embedded.server import EmbeddedServer


async def test_sqlalchemy_reaches_the_server_by_its_url(embedded_server: EmbeddedServer) -> None:
    engine = create_async_engine(embedded_server.database_url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_database()")) == "permsync"
    await engine.dispose()


async def test_the_role_of_the_service_is_no_superuser(embedded_server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(embedded_server.dsn)
    may = await connection.fetchrow(
        "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    await connection.close()
    assert tuple(may) == (False, True, False)


async def test_text_is_utf8_and_orders_by_code_point(embedded_server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(embedded_server.dsn)
    found = await connection.fetchrow(
        "SELECT current_setting('server_encoding'), current_setting('data_checksums'),"
        " current_setting('TimeZone'), 'Z' < 'a' AND 'z' < 'ä', upper('ä')"
    )
    await connection.close()
    assert tuple(found) == ("UTF8", "on", "UTC", True, "Ä")


def test_a_path_with_marks_of_an_address_is_escaped() -> None:
    server = EmbeddedServer(
        data_folder=Path("/d"),
        socket_folder=Path("/a b&c?d"),
        port=5432,
        pid=1,
        postgres_version="18.4",
    )
    assert server.dsn == "postgresql://permsync@/permsync?host=%2Fa%20b%26c%3Fd&port=5432"
    assert server.database_url_of("a/b").startswith("postgresql+asyncpg://permsync@/a%2Fb?")
