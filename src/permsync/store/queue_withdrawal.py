"""
Taking back a wish for a job: one that waits, and the mark on one that runs.

The job that runs is not ours to end; what it does is cancelled where it is done
(``flows.cancel_sync``). This module must not know what a job does.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store.queue import Kind

_WITHDRAW = text("""
WITH gone AS (
    DELETE FROM pgqueuer
    WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint) AND status = 'queued'
    RETURNING id, entrypoint, priority
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'canceled', entrypoint, priority FROM gone
), unmarked AS (
    UPDATE pgqueuer SET headers = NULL
    WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint)
        AND status = 'picked' AND headers->>'again' IS NOT NULL
    RETURNING id
)
SELECT EXISTS (SELECT FROM gone) OR EXISTS (SELECT FROM unmarked)
""")


async def withdraw(connection: AsyncConnection, kind: Kind, subject_id: int) -> bool:
    """Take back what waits; false where nothing did."""
    about = {"kind": kind.value, "id": subject_id}
    return bool((await connection.execute(_WITHDRAW, about)).scalar_one())
