"""
Taking back a wish for a job: one that waits, and the mark on one that runs.

What is decided here: only what somebody pressed for is taken back, and what the schedule
queued; a look that is owed to a notice or to another run is put off. The job that runs is not
ours to end; what it does is cancelled where it is done (``flows.cancel_sync``). This module
must not know what a job does.
"""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store.queue import Kind

# It is owed no earlier than before, and claimed no earlier than that.
_OWED_AT = """greatest(
        CAST(headers->>'owed_at' AS timestamptz), now() + CAST(:put_off AS interval)
    )"""
_WITHDRAW = text(f"""
WITH gone AS (
    DELETE FROM pgqueuer
    WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint)
        AND status = 'queued' AND headers->>'owed' IS NULL
    RETURNING id, entrypoint, priority
), logged AS (
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'canceled', entrypoint, priority FROM gone
), put_off AS (
    UPDATE pgqueuer
    SET priority = CAST(headers->>'owed' AS int), execute_after = {_OWED_AT}
    WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint)
        AND status = 'queued' AND headers->>'owed' IS NOT NULL
    RETURNING id
), unmarked AS (
    UPDATE pgqueuer SET headers = nullif(headers - 'again' - 'again_at', '{{}}')
    WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint)
        AND status = 'picked' AND headers->>'again' IS NOT NULL
    RETURNING id
)
SELECT EXISTS (SELECT FROM gone) OR EXISTS (SELECT FROM put_off)
    OR EXISTS (SELECT FROM unmarked)
""")  # noqa: S608 - the words of a constant
_PUT_OFF = text(f"""
UPDATE pgqueuer SET headers = headers || jsonb_build_object('owed_at', {_OWED_AT})
WHERE dedupe_key = CAST(:kind AS text) || ':' || CAST(:id AS bigint)
    AND status = 'picked' AND headers->>'owed' IS NOT NULL
""")  # noqa: S608 - the words of a constant


async def withdraw(
    connection: AsyncConnection, kind: Kind, subject_id: int, *, put_off: timedelta
) -> bool:
    """Take back what waits, or put it off where it is owed; false where nothing waited."""
    about = {"kind": kind.value, "id": subject_id, "put_off": put_off}
    return bool((await connection.execute(_WITHDRAW, about)).scalar_one())


async def keep_owed(
    connection: AsyncConnection, kind: Kind, subject_id: int, *, put_off: timedelta
) -> None:
    """What the job that runs owes is not done by it: it is done once more, put off."""
    about = {"kind": kind.value, "id": subject_id, "put_off": put_off}
    await connection.execute(_PUT_OFF, about)
