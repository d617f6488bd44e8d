"""The connection beside the pool speaks UTC, and names its failures as the pool does."""

from datetime import timedelta

import asyncpg
import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.engine import Database
from permsync.store.queue_socket import queue_socket


async def ask(database: Database, question: str, *, reply_in: timedelta | None = None) -> object:
    async with queue_socket(database, reply_in=reply_in) as connection:
        return await connection.fetchval(question)


async def test_time_is_utc(pool: Database) -> None:
    assert await ask(pool, "SHOW timezone") == "UTC"


async def test_an_answer_that_does_not_come_is_an_unavailable_database(pool: Database) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await ask(pool, "SELECT pg_sleep(60)", reply_in=timedelta(milliseconds=200))


async def test_a_wrong_statement_is_a_defect_and_no_outage(pool: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await ask(pool, "SELECT FROM nowhere")


async def test_the_message_names_the_place(pool: Database) -> None:
    with pytest.raises(DatabaseUnavailableError) as raised:
        await ask(pool, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert raised.value.place == pool.place
