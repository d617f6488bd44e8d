"""
Asking for all the work that is due: first listings before the oldest ones, in batches.

What is decided here: at most so many new jobs at a time, each at a random moment within a
spread, so that an outage is not followed by everything at once. This module must not know
when work is due.
"""

from datetime import timedelta

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Trigger
from permsync.rules.schedule import PRIORITY
from permsync.store.queue import Kind


def _enqueue(due: str, *, of: str, field: str) -> TextClause:
    """
    One statement for all that is ``due`` in the table ``of``; jobs hold its id as ``field``.

    Jobs that exist already are left out before the limit counts, or a batch that waits in the
    queue would hide all others. In the order of their ids, as every other writer of jobs, or
    two of them could wait for each other.
    """
    return text(f"""
        INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
        SELECT
            :priority, CAST(:kind AS text) || '@' || due.host,
            convert_to(json_build_object('{field}', due.id)::text, 'UTF8'),
            now() + random() * CAST(:spread AS interval),
            CAST(:kind AS text) || ':' || due.id, 'queued'
        FROM (
            SELECT {of}.id, {of}.host {due} AND NOT EXISTS (
                SELECT FROM pgqueuer AS job
                WHERE job.dedupe_key = CAST(:kind AS text) || ':' || {of}.id
                    AND job.status IN ('queued', 'picked')
            )
            ORDER BY {of}.listed_at IS NOT NULL, {of}.sync_due_at
            LIMIT :most
        ) AS due
        ORDER BY due.id
        ON CONFLICT (dedupe_key)
            WHERE status = ANY (ARRAY['queued'::pgqueuer_status, 'picked'::pgqueuer_status])
            AND dedupe_key IS NOT NULL
        DO NOTHING
    """)  # noqa: S608 - the words of constants


_ENQUEUE_ACCOUNTS = _enqueue(
    """
    FROM account
    JOIN "user" ON "user".id = account.user_id AND "user".disabled_at IS NULL
    WHERE account.sync_due_at <= now() AND account.state = ANY (:living)
    """,
    of="account",
    field="account_id",
)
_ENQUEUE_REPOSITORIES = _enqueue(
    "FROM repository WHERE repository.sync_due_at <= now() AND repository.gone_at IS NULL",
    of="repository",
    field="repository_id",
)


async def enqueue_due(connection: AsyncConnection, *, spread_in: timedelta, most: int) -> int:
    """
    Ask for the syncs that are due, at most ``most``; return how many were new.

    First syncs come before the oldest ones; each starts at a random time within
    ``spread_in``, so that an outage is not followed by everything at once.
    """
    placed = await connection.execute(
        _ENQUEUE_ACCOUNTS,
        {
            "priority": PRIORITY[Trigger.SCHEDULE],
            "kind": Kind.SYNC_ACCOUNT.value,
            "living": [state.value for state in LIVING],
            "spread": spread_in,
            "most": most,
        },
    )
    return placed.rowcount


async def enqueue_due_repositories(
    connection: AsyncConnection, *, spread_in: timedelta, most: int
) -> int:
    """Ask for the listings of readers that are due, as :func:`enqueue_due` does for accounts."""
    placed = await connection.execute(
        _ENQUEUE_REPOSITORIES,
        {
            "priority": PRIORITY[Trigger.SCHEDULE],
            "kind": Kind.SYNC_REPOSITORY.value,
            "spread": spread_in,
            "most": most,
        },
    )
    return placed.rowcount
