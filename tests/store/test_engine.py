"""The door to the database: a transaction that falls silent lets go of what it holds."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from permsync.errors import DatabaseUnavailableError
from permsync.store.engine import Database
from tests.databases import FreshDatabase

SILENT_IN = timedelta(milliseconds=300)
TAKE = text('SELECT id FROM "user" FOR UPDATE')


async def falls_silent(paused: Database, other: Database) -> None:
    """A transaction that waits for another one, which waits for what it holds itself."""
    async with paused.begin() as connection:
        await connection.execute(TAKE)
        async with other.begin() as waiting:
            assert len((await waiting.execute(TAKE)).all()) == 1
        await connection.execute(TAKE)


async def test_a_silent_transaction_is_ended_and_its_locks_are_free(
    database: FreshDatabase,
) -> None:
    paused, other = Database(database.url, silent_in=SILENT_IN), Database(database.url)
    async with other.begin() as connection:
        await connection.execute(text("INSERT INTO \"user\" (name) VALUES ('ada')"))
    with pytest.raises(DatabaseUnavailableError):
        await falls_silent(paused, other)
    async with paused.begin() as connection:
        assert len((await connection.execute(TAKE)).all()) == 1  # on a new connection
    await paused.close()
    await other.close()


async def test_a_transaction_that_goes_on_speaking_lasts(database: FreshDatabase) -> None:
    speaking = Database(database.url, silent_in=SILENT_IN)
    async with speaking.begin() as connection:
        for _ in range(4):
            await asyncio.sleep(SILENT_IN.total_seconds() / 3)
            assert (await connection.execute(TAKE)).all() == []
    await speaking.close()
