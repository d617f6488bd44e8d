"""
What the tests of the queue put into it and read from it, with plain SQL.

The tests claim through ``store.queue_line``, as a worker does; what they look at they read
from the tables, so that no statement of the product vouches for another.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from permsync.store.engine import Database
from permsync.store.queue import name_of
from permsync.store.queue_claims import Job, new_worker_id
from permsync.store.queue_line import queue_line

REPLY_IN = timedelta(seconds=30)
# Of an account that is nowhere, and of those that are added here.
SYNCS = ("sync_account", name_of("sync_account", host="github"))


def nobody() -> None:
    """Hear that a job was queued, and do nothing."""


async def rows(database: Database, statement: str, **values: object) -> list[dict[str, Any]]:
    """Run one statement; each row is a dict."""
    async with database.begin() as connection:
        result = await connection.execute(text(statement), values)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


async def jobs(database: Database) -> list[dict[str, Any]]:
    """Every job there is, by id; ``wait`` is how long it is still delayed."""
    return await rows(
        database,
        "SELECT *, execute_after - now() AS wait FROM pgqueuer ORDER BY id",
    )


async def claim(
    database: Database, *names: str, most: int = 1, worker_id: UUID | None = None
) -> list[Job]:
    """Claim as a worker does, on a line of its own; syncs, where nothing else is named."""
    async with queue_line(
        database, worker_id or new_worker_id(), on_queued=nobody, reply_in=REPLY_IN
    ) as line:
        return await line.claim(names or SYNCS, most=most)


async def add_accounts(database: Database, count: int, *, host: str = "github") -> list[int]:
    """Insert active accounts of one user, all due for a sync; return their ids."""
    inserted = await rows(
        database,
        """
        WITH person AS (INSERT INTO "user" (name) VALUES ('Ada') RETURNING id)
        INSERT INTO account (
            user_id, host, external_id, login, state, link_id, token_version, redirect_uri,
            issued_at, sync_due_at
        )
        SELECT person.id, :host, n, 'ada', 'active', gen_random_uuid(), 1, '', now(), now()
        FROM person, generate_series(1, :count) AS n
        RETURNING id
        """,
        host=host,
        count=count,
    )
    return [row["id"] for row in inserted]
