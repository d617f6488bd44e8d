"""
Runs: claiming the right to list an account, and what became of it.

What is decided here: a claim writes ``run_id`` and the start in one transaction and
closes whatever run held it before; finishing is a compare-and-set on ``run_id`` and link
(EVIDENCE R2). So a run whose worker was killed is closed by its successor, and one whose
worker was paused finds itself fenced. This module must not know what a run lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Account, Run, RunState, Trigger
from permsync.store import schema
from permsync.store.engine import database_now
from permsync.store.rows import account_of, run_of

_account = schema.account
_run = schema.run
# One that a limit cut needs more than it had, nobody knows how much more.
_EXPECTED = text("""
SELECT coalesce(max(CASE WHEN failure = 'rate_limited' THEN 2 * requests ELSE requests END), 0)
FROM (SELECT * FROM run WHERE account_id = :account_id ORDER BY id DESC LIMIT 5) AS late
""")
SYSTEM = "permsync"  # who asks where nobody did, as the audit trail names it


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """
    The right to speak about an account, as of the start of the listing.

    ``expected`` is how many requests it will take, judged by the runs before it.
    """

    id: int
    account: Account
    trigger: Trigger
    started_at: datetime
    expected: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What a run did: grant rows added and removed, repositories seen, requests sent.

    ``not_modified`` counts the answers that nothing had changed.
    """

    added: int = 0
    removed: int = 0
    total: int = 0
    requests: int = 0
    not_modified: int = 0


async def claim(
    connection: AsyncConnection,
    account: Account,
    trigger: Trigger,
    *,
    next_due_in: timedelta,
    actor: str = SYSTEM,
) -> ClaimedRun:
    """
    Start a run of this account, in the name of ``actor``; the caller holds the account's row.

    ``next_due_in`` is when the schedule looks again should nobody ever finish this run.
    """
    await abandon(connection, account.id, failure="superseded")
    expected = (await connection.execute(_EXPECTED, {"account_id": account.id})).scalar_one()
    started_at = await database_now(connection)
    query = (
        insert(_run)
        .values(
            account_id=account.id,
            trigger=trigger.value,
            actor=actor,
            state=RunState.RUNNING.value,
            started_at=started_at,
        )
        .returning(_run.c.id)
    )
    run_id = int((await connection.execute(query)).scalar_one())
    await connection.execute(
        update(_account)
        .where(_account.c.id == account.id)
        .values(run_id=run_id, sync_due_at=started_at + next_due_in)
    )
    return ClaimedRun(run_id, account, trigger, started_at, expected)


async def lock_claim(connection: AsyncConnection, run: ClaimedRun) -> Account | None:
    """
    The account as it is now, locked, if this run may still speak about it.

    ``None`` where another run claimed it, the person linked again, or access ended.
    """
    query = (
        select(_account)
        .where(
            _account.c.id == run.account.id,
            _account.c.run_id == run.id,
            _account.c.link_id == run.account.link_id,
            _account.c.state.in_([one.value for one in LIVING]),
        )
        .with_for_update()
    )
    row = (await connection.execute(query)).mappings().first()
    return account_of(row) if row else None


async def load_digest(connection: AsyncConnection, account_id: int) -> bytes | None:
    """The digest of the last listing that was applied whole, unless a writer cleared it."""
    query = select(_account.c.listing_digest).where(_account.c.id == account_id)
    digest: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return digest


async def save_listed(
    connection: AsyncConnection,
    run: ClaimedRun,
    *,
    listed_to: datetime,
    digest: bytes | None,
    due_in: timedelta,
    failures: int = 0,
) -> None:
    """
    A complete listing was applied: every row of its source is as old as its start.

    ``failures`` counts those in a row that left an owner out by a fault.
    """
    await connection.execute(
        update(_account)
        .where(_account.c.id == run.account.id, _account.c.run_id == run.id)
        .values(
            listed_at=run.started_at,
            listed_to=listed_to,
            listing_digest=digest,
            run_id=None,
            held_at=None,
            sync_failures=failures,
            sync_due_at=func.clock_timestamp() + due_in,
        )
    )


async def save_unlisted(
    connection: AsyncConnection,
    run: ClaimedRun,
    *,
    failures: int,
    due_in: timedelta,
    held: bool = False,
    wrote: bool = True,
) -> None:
    """
    A run ended without a listing that applies: no age moves, the next try is planned.

    ``held`` marks the account: its next complete listing confirms this one (R6). Where it
    ``wrote`` nothing, the last listing's digest still stands for the rows.
    """
    await connection.execute(
        update(_account)
        .where(_account.c.id == run.account.id, _account.c.run_id == run.id)
        .values(
            run_id=None,
            sync_failures=failures,
            sync_due_at=func.clock_timestamp() + due_in,
            **({"listing_digest": None} if wrote else {}),
            **({"held_at": func.clock_timestamp()} if held else {}),
        )
    )


async def finish(
    connection: AsyncConnection,
    run_id: int,
    state: RunState,
    tally: Tally,
    *,
    failure: str | None = None,
) -> None:
    """Write what became of a run, unless a successor closed it already."""
    await connection.execute(
        update(_run)
        .where(_run.c.id == run_id, _run.c.state == RunState.RUNNING.value)
        .values(
            state=state.value,
            finished_at=func.clock_timestamp(),
            added=tally.added,
            removed=tally.removed,
            total=tally.total,
            requests=tally.requests,
            not_modified=tally.not_modified,
            failure=failure,
        )
    )


async def credit_removal(connection: AsyncConnection, account_id: int) -> int | None:
    """
    Count one removal more for the last run of the account whose listing was applied.

    A pair that a listing missed leaves when an ask confirms it (EVIDENCE R3). Returns the
    run's id; ``None`` where no run is kept that long.
    """
    newest = (
        select(_run.c.id)
        .where(
            _run.c.account_id == account_id,
            _run.c.state.in_([RunState.SUCCEEDED.value, RunState.PARTIAL.value]),
        )
        .order_by(_run.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = update(_run).where(_run.c.id == newest).values(removed=_run.c.removed + 1)
    run_id: int | None = (await connection.execute(query.returning(_run.c.id))).scalar_one_or_none()
    return run_id


async def abandon(connection: AsyncConnection, account_id: int, *, failure: str) -> None:
    """Close whatever run is open: another claim, a re-link or an end of access fenced it."""
    await connection.execute(
        update(_run)
        .where(_run.c.account_id == account_id, _run.c.state == RunState.RUNNING.value)
        .values(state=RunState.ABANDONED.value, finished_at=func.clock_timestamp(), failure=failure)
    )


async def load_total(connection: AsyncConnection, account_id: int) -> int:
    """How many repositories the last whole listing showed."""
    query = (
        select(_run.c.total)
        .where(_run.c.account_id == account_id, _run.c.state == RunState.SUCCEEDED.value)
        .order_by(_run.c.id.desc())
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none() or 0


async def load_open(connection: AsyncConnection, run_id: int) -> bool:
    """Whether this run may still say something, as far as anybody wrote down."""
    query = select(_run.c.id).where(_run.c.id == run_id, _run.c.state == RunState.RUNNING.value)
    return (await connection.execute(query)).first() is not None


async def load_failures(connection: AsyncConnection, account_id: int) -> int:
    """How many runs in a row have failed."""
    query = select(_account.c.sync_failures).where(_account.c.id == account_id)
    return int((await connection.execute(query)).scalar_one())


async def load_asked_at(connection: AsyncConnection, user_id: int) -> datetime | None:
    """When somebody last asked about this user."""
    query = select(schema.user.c.asked_at).where(schema.user.c.id == user_id)
    asked_at: datetime | None = (await connection.execute(query)).scalar_one_or_none()
    return asked_at


async def load_last(connection: AsyncConnection, account_ids: Sequence[int]) -> dict[int, Run]:
    """The newest run of each of these accounts, in one query."""
    query = text("""
        SELECT one.* FROM unnest(CAST(:ids AS bigint[])) AS wanted (account_id)
        CROSS JOIN LATERAL (
            SELECT * FROM run WHERE run.account_id = wanted.account_id
            ORDER BY run.id DESC LIMIT 1
        ) AS one
    """)
    rows = (await connection.execute(query, {"ids": list(account_ids)})).mappings()
    return {row["account_id"]: run_of(row) for row in rows}
