"""
Runs of repositories: claiming the right to list one's readers, and what became of it.

The same rule as for accounts (``store.runs``): a claim closes whatever run held it before,
and finishing is a compare-and-set on ``run_id`` (EVIDENCE R2). This module must not know
what a run lists.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Repository, RunState, Trigger
from permsync.store import schema
from permsync.store.engine import database_now
from permsync.store.rows import repository_of
from permsync.store.runs import SYSTEM

_repository = schema.repository
_run = schema.run


@dataclass(frozen=True, slots=True)
class RepositoryRun:
    """
    The right to speak about a repository's readers, as of the start of the listing.

    ``listed_at`` and ``held_at`` are what its listings said before this one.
    """

    id: int
    repository: Repository
    trigger: Trigger
    started_at: datetime
    listed_at: datetime | None = None
    held_at: datetime | None = None


async def claim(
    connection: AsyncConnection, repository_id: int, trigger: Trigger, *, next_due_in: timedelta
) -> RepositoryRun | None:
    """Start a run of this repository; ``None`` where it is unknown or gone."""
    row = await _lock(connection, repository_id)
    if row is None or row["gone_at"] is not None:
        return None
    await connection.execute(
        update(_run)
        .where(_run.c.repository_id == repository_id, _run.c.state == RunState.RUNNING.value)
        .values(
            state=RunState.ABANDONED.value,
            finished_at=func.clock_timestamp(),
            failure="superseded",
        )
    )
    started_at = await database_now(connection)
    values = {
        "repository_id": repository_id,
        "trigger": trigger.value,
        "actor": SYSTEM,
        "started_at": started_at,
    }
    query = insert(_run).values(state=RunState.RUNNING.value, **values).returning(_run.c.id)
    run_id = int((await connection.execute(query)).scalar_one())
    await _save(connection, repository_id, run_id=run_id, sync_due_at=started_at + next_due_in)
    return RepositoryRun(
        id=run_id,
        repository=repository_of(row),
        trigger=trigger,
        started_at=started_at,
        listed_at=row["listed_at"],
        held_at=row["held_at"],
    )


async def _lock(connection: AsyncConnection, repository_id: int) -> RowMapping | None:
    query = select(_repository).where(_repository.c.id == repository_id).with_for_update()
    return (await connection.execute(query)).mappings().first()


async def lock(connection: AsyncConnection, repository_id: int) -> None:
    """Wait for whoever writes about this repository: before its run and its job, as they do."""
    await _lock(connection, repository_id)


async def lock_claim(connection: AsyncConnection, run: RepositoryRun) -> Repository | None:
    """The repository as it is now, locked, if this run may still speak about its readers."""
    row = await _lock(connection, run.repository.id)
    if row is None or row["run_id"] != run.id or row["gone_at"] is not None:
        return None
    return repository_of(row)


async def save_listed(
    connection: AsyncConnection, run: RepositoryRun, *, listed_to: datetime, due_in: timedelta
) -> None:
    """A complete listing was applied: every row of its source is as old as its start."""
    await _save(
        connection,
        run.repository.id,
        run_id=None,
        listed_at=run.started_at,
        listed_to=listed_to,
        held_at=None,
        sync_failures=0,
        sync_due_at=func.clock_timestamp() + due_in,
    )


async def save_unlisted(
    connection: AsyncConnection,
    run: RepositoryRun,
    *,
    failures: int,
    due_in: timedelta,
    held: bool = False,
) -> None:
    """A run ended without a listing that applies: no age moves, the next try is planned."""
    await _save(
        connection,
        run.repository.id,
        run_id=None,
        sync_failures=failures,
        sync_due_at=func.clock_timestamp() + due_in,
        **({"held_at": func.clock_timestamp()} if held else {}),
    )


async def _save(connection: AsyncConnection, repository_id: int, **values: object) -> None:
    await connection.execute(
        update(_repository).where(_repository.c.id == repository_id).values(**values)
    )


async def load_failures(connection: AsyncConnection, repository_id: int) -> int:
    """How many runs in a row have failed."""
    query = select(_repository.c.sync_failures).where(_repository.c.id == repository_id)
    return int((await connection.execute(query)).scalar_one())


async def stop_listing(connection: AsyncConnection, repository_id: int) -> None:
    """No connection covers it any more: it is not due, and what it listed ages out."""
    await _save(connection, repository_id, sync_due_at=None, run_id=None)


_SCHEDULE = text("""
UPDATE repository SET sync_due_at = clock_timestamp()
WHERE id = ANY (CAST(:ids AS bigint[])) AND sync_due_at IS NULL AND gone_at IS NULL
""")


async def start_listing(connection: AsyncConnection, repository_ids: list[int]) -> int:
    """A connection covers these: list those that nobody listed before; returns how many."""
    return (await connection.execute(_SCHEDULE, {"ids": repository_ids})).rowcount
