"""
Claimed jobs: how a worker holds one, and how one ends.

What is decided here: whoever writes about a running job names the worker and the number of
resets that it was claimed with. A worker that was paused past its replacement therefore
finds nothing to write. Resets are counted here, because PgQueuer does not count a job that
it takes from a dead worker. This module must not know what a job does.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Trigger


class JobEnd(StrEnum):
    """What the queue's log says of a job that is over; the words are PgQueuer's."""

    SUCCESSFUL = "successful"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Job:
    """
    A job that ``worker_id`` has claimed.

    It is about an account or a repository, or neither: then it is a round, the periodic work
    of all workers together. ``host`` is where its subject is, "" for a round.
    ``resets`` counts the workers that this job has outlived.
    """

    id: int
    kind: str
    worker_id: UUID
    host: str = ""
    account_id: int | None = None
    repository_id: int | None = None
    trigger: Trigger = Trigger.SCHEDULE
    resets: int = 0


def new_worker_id() -> UUID:
    """The name of one worker for as long as its process lives."""
    return uuid4()


_END = text("""
    WITH ended AS (
        DELETE FROM pgqueuer
        WHERE id = :id AND attempts = :resets
            AND queue_manager_id = :worker_id AND status = 'picked'
        RETURNING
            id, entrypoint, priority, payload, dedupe_key,
            CAST(headers->>'again' AS int) AS again,
            CAST(headers->>'again_at' AS timestamptz) AS again_at,
            -- What is owed after this began: it was claimed when its row was last updated.
            CAST(headers->>'owed' AS int) AS owed,
            CASE WHEN CAST(headers->>'owed_at' AS timestamptz) > updated
                THEN CAST(headers->>'owed_at' AS timestamptz) END AS owed_at
    ), logged AS (
        INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
        SELECT id, CAST(:end AS pgqueuer_status), entrypoint, priority FROM ended
    )
    SELECT
        entrypoint, payload, dedupe_key, coalesce(again, owed, priority) AS priority,
        least(again_at, owed_at) AS again_at,
        CASE WHEN owed_at IS NOT NULL
            THEN jsonb_build_object('owed', owed, 'owed_at', owed_at)::text END AS headers
    FROM ended
""")

_BEGIN_AGAIN = text("""
    INSERT INTO pgqueuer
        (priority, entrypoint, payload, execute_after, dedupe_key, status, headers)
    VALUES (
        :priority, :entrypoint, :payload,
        coalesce(CAST(:again_at AS timestamptz), now() + CAST(:again_in AS interval)),
        :dedupe_key, 'queued', CAST(CAST(:headers AS text) AS jsonb)
    )
""")


async def finish(
    connection: AsyncConnection, job: Job, *, end: JobEnd, again_in: timedelta | None = None
) -> bool:
    """
    End a job; one that was wanted meanwhile, or comes ``again_in``, is queued anew.

    False where the job is no longer this worker's: then nothing was written.
    """
    ended = (await connection.execute(_END, {**_claim(job), "end": end.value})).mappings().first()
    if ended is None:
        return False
    # Only then: an INSERT that inserts nothing wakes every worker as well.
    if ended["again_at"] is not None or again_in is not None:
        await connection.execute(_BEGIN_AGAIN, {**ended, "again_in": again_in})
    return True


# A run that starts now answers every wish up to now: the mark only leaves its urgency. What
# is owed stays, as it may be owed later than now.
_PUT_BACK = text("""
    UPDATE pgqueuer
    SET status = 'queued', queue_manager_id = NULL, updated = now(),
        headers = nullif(headers - 'again' - 'again_at', '{}'),
        priority = greatest(priority, CAST(headers->>'again' AS int)),
        execute_after = now() + CAST(:delay AS interval)
    WHERE id = :id AND attempts = :resets
        AND queue_manager_id = :worker_id AND status = 'picked'
    RETURNING id
""")


async def put_back(
    connection: AsyncConnection, job: Job, *, delay_in: timedelta | None = None
) -> bool:
    """
    Return a job unfinished, for any worker to do; it does not count as a reset.

    False where the job is no longer this worker's: then nothing was written.
    """
    returned = await connection.execute(
        _PUT_BACK, {**_claim(job), "delay": delay_in or timedelta()}
    )
    return returned.first() is not None


def _claim(job: Job) -> dict[str, object]:
    return {"id": job.id, "resets": job.resets, "worker_id": job.worker_id}


_BEAT = text("""
    UPDATE pgqueuer SET heartbeat = now()
    WHERE queue_manager_id = :worker_id AND status = 'picked'
        AND (id, attempts) IN (
            SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:resets AS int[]))
        )
    RETURNING id, attempts
""")


async def beat(
    connection: AsyncConnection, worker_id: UUID, jobs: Collection[Job]
) -> frozenset[Job]:
    """Say that this worker still works on ``jobs``; return those that are still its own."""
    claims = {"ids": [job.id for job in jobs], "resets": [job.resets for job in jobs]}
    beaten = await connection.execute(_BEAT, {"worker_id": worker_id, **claims})
    kept = {(row.id, row.attempts) for row in beaten}
    return frozenset(job for job in jobs if (job.id, job.resets) in kept)


# A server that has just come back says nothing about the workers: none of them could beat
# while it was away. A mark is folded in as it is when a job is put back.
_RECLAIM = text("""
    UPDATE pgqueuer
    SET status = 'queued', queue_manager_id = NULL, updated = now(),
        headers = nullif(headers - 'again' - 'again_at', '{}'),
        priority = greatest(priority, CAST(headers->>'again' AS int)),
        execute_after = now(), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM pgqueuer
        WHERE status = 'picked' AND heartbeat < now() - CAST(:stalled AS interval)
            AND pg_postmaster_start_time() < now() - CAST(:stalled AS interval)
        FOR UPDATE SKIP LOCKED
    )
""")


async def reclaim_stalled(connection: AsyncConnection, *, stalled_in: timedelta) -> int:
    """Return to the queue what no worker has beaten for ``stalled_in``, and count it."""
    reclaimed = await connection.execute(_RECLAIM, {"stalled": stalled_in})
    return reclaimed.rowcount


_DROP_LOG = text("DELETE FROM pgqueuer_log WHERE created < now() - CAST(:kept AS interval)")


async def drop_log(connection: AsyncConnection, *, kept_in: timedelta) -> int:
    """Delete what the queue's log says of times longer ago than ``kept_in``."""
    dropped = await connection.execute(_DROP_LOG, {"kept": kept_in})
    return dropped.rowcount
