"""
Runs that were, newest first: read in pages, closed by whoever cancels, forgotten when old.

What is decided here: the last run of each account and repository is kept however old it is,
and changes keep the number of a run that is forgotten. This module must not know what a run
lists.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Run, RunState
from permsync.store import schema
from permsync.store.rows import run_of

_run = schema.run
CANCELLED = "cancelled"

_PAGE = text("""
SELECT run.* FROM run
WHERE (CAST(:before AS bigint) IS NULL OR run.id < :before)
  AND (CAST(:account_id AS bigint) IS NULL OR run.account_id = :account_id)
  AND (CAST(:repository_id AS bigint) IS NULL OR run.repository_id = :repository_id)
  AND (CAST(:state AS text) IS NULL OR run.state = :state)
  AND (CAST(:failure AS text) IS NULL OR run.failure = :failure)
ORDER BY run.id DESC LIMIT :limit
""")
_UNDER_WAY = text("""
SELECT run.account_id FROM run JOIN account ON account.id = run.account_id
WHERE run.state = 'running' AND account.host = :host
ORDER BY run.account_id
""")
_FORGET = text("""
DELETE FROM run WHERE id IN (
    SELECT old.id FROM run AS old
    WHERE old.finished_at < clock_timestamp() - CAST(:kept AS interval) AND (
        EXISTS (SELECT FROM run AS newer
                WHERE newer.account_id = old.account_id AND newer.id > old.id)
        OR EXISTS (SELECT FROM run AS newer
                   WHERE newer.repository_id = old.repository_id AND newer.id > old.id)
    )
    LIMIT :most
)
""")
_PLAN = {
    "account": text("""
UPDATE account SET run_id = CASE WHEN run_id = :run_id THEN NULL ELSE run_id END,
       sync_due_at = clock_timestamp() + CAST(:due_in AS interval)
WHERE id = :id AND sync_due_at IS NOT NULL
"""),
    "repository": text("""
UPDATE repository SET run_id = CASE WHEN run_id = :run_id THEN NULL ELSE run_id END,
       sync_due_at = clock_timestamp() + CAST(:due_in AS interval)
WHERE id = :id AND sync_due_at IS NOT NULL
"""),
}

# What failed, or was asked to wait, keeps its own plan; whoever holds a row plans anew anyway.
_HASTEN = text("""
UPDATE account SET sync_due_at = listed_at + CAST(:every AS interval)
WHERE id IN (
    SELECT id FROM account WHERE user_id = :user_id AND sync_failures = 0
        AND sync_due_at > listed_at + 2 * CAST(:every AS interval)
    ORDER BY id FOR UPDATE SKIP LOCKED
)
""")


async def load(connection: AsyncConnection, run_id: int) -> Run | None:
    """One run."""
    row = (await connection.execute(select(_run).where(_run.c.id == run_id))).mappings().first()
    return run_of(row) if row else None


async def load_running(connection: AsyncConnection, account_id: int) -> Run | None:
    """The run of this account that has not ended."""
    query = select(_run).where(
        _run.c.account_id == account_id, _run.c.state == RunState.RUNNING.value
    )
    row = (await connection.execute(query)).mappings().first()
    return run_of(row) if row else None


async def load_under_way(connection: AsyncConnection, host: str) -> Sequence[int]:
    """The accounts at this host that are being listed."""
    return (await connection.execute(_UNDER_WAY, {"host": host})).scalars().all()


async def load_page(
    connection: AsyncConnection,
    *,
    account_id: int | None = None,
    repository_id: int | None = None,
    state: RunState | None = None,
    failure: str | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[Run]:
    """Runs by descending id, from the one before ``before``."""
    about = {
        "account_id": account_id,
        "repository_id": repository_id,
        "state": None if state is None else state.value,
        "failure": failure,
        "before": before,
        "limit": limit,
    }
    return [run_of(row) for row in (await connection.execute(_PAGE, about)).mappings()]


async def save_cancelled(connection: AsyncConnection, run_id: int) -> bool:
    """Close a run that is still open; false where it ended by itself."""
    query = (
        update(_run)
        .where(_run.c.id == run_id, _run.c.state == RunState.RUNNING.value)
        .values(
            state=RunState.CANCELLED.value, finished_at=func.clock_timestamp(), failure=CANCELLED
        )
    )
    return (await connection.execute(query)).rowcount == 1


async def plan_next(
    connection: AsyncConnection,
    *,
    account_id: int | None = None,
    repository_id: int | None = None,
    run_id: int | None = None,
    due_in: timedelta,
) -> None:
    """Whoever holds the claim ``run_id`` may say nothing any more; the next run is due then."""
    for kind, subject in (("account", account_id), ("repository", repository_id)):
        if subject is not None:
            about = {"id": subject, "run_id": run_id, "due_in": due_in}
            await connection.execute(_PLAN[kind], about)


async def hasten(connection: AsyncConnection, user_id: int, *, every: timedelta) -> None:
    """This person's accounts were planned for a person nobody asks about: list them ``every``."""
    await connection.execute(_HASTEN, {"user_id": user_id, "every": every})


async def forget(connection: AsyncConnection, *, kept_in: timedelta, most: int) -> int:
    """Delete up to ``most`` runs that ended longer ago; returns how many."""
    return (await connection.execute(_FORGET, {"kept": kept_in, "most": most})).rowcount
