"""
The migrations: from empty, from every revision, several at once, never backwards.

This module must not know what a migration does.
"""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from permsync.errors import SchemaNewerError
from permsync.store import schema
from permsync.store.embedded.databases import create_database, drop_database
from permsync.store.embedded.server import EmbeddedServer
from permsync.store.engine import Database
from permsync.store.migrate import migrate, revisions, schema_revision

NEWEST = revisions()[-1]


def differences(connection: Connection) -> list[object]:
    """What the database has otherwise than the tables of today; PgQueuer's are its own."""

    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return not (kind == "table" and str(name).startswith("pgqueuer"))

    options = {"include_name": is_ours, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, schema.metadata))


async def test_a_migrated_database_is_what_the_program_expects(pool: Database) -> None:
    assert await schema_revision(pool) == NEWEST
    async with pool.begin() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("start", [None, *revisions()])
async def test_every_earlier_database_is_brought_up(
    embedded_server: EmbeddedServer, start: str | None
) -> None:
    name = f"from_{start}"
    await create_database(embedded_server, name)
    database = Database(embedded_server.database_url_of(name))
    try:
        if start is not None:
            assert await migrate(database, to=start) == start
        assert await asyncio.gather(*(migrate(database) for _ in range(3))) == [NEWEST] * 3
        async with database.begin() as connection:
            assert await connection.run_sync(differences) == []
    finally:
        await database.close()
        await drop_database(embedded_server, name)


async def test_a_database_from_the_future_is_refused(pool: Database) -> None:
    async with pool.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaNewerError, match="9999"):
        await migrate(pool)
