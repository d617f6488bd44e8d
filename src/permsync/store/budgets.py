"""
What each credential may still ask at its host, shared by all processes.

This module must not know who may spend it; ``rules.budget`` decides that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Float, RowMapping, cast, false, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.rules.budget import Budget
from permsync.store import schema

_budget = schema.budget


@dataclass(frozen=True, slots=True)
class KnownBudget:
    """One stored budget: at which host, of which credential, and when it was learned."""

    host: str
    credential: str
    budget: Budget
    seen_at: datetime


async def load(
    connection: AsyncConnection, *, host: str, credential: str, lock: bool = False
) -> Budget | None:
    """The budget of one credential; ``lock`` keeps others from spending it meanwhile."""
    query = select(_budget).where(_budget.c.host == host, _budget.c.credential == credential)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().first()
    return _budget_of(row) if row else None


async def save(connection: AsyncConnection, budget: Budget, *, host: str, credential: str) -> None:
    """Write what was learned or spent."""
    values = {
        "request_limit": budget.limit,
        "remaining": budget.remaining,
        "resets_at": budget.resets_at,
        "limited_until": budget.limited_until,
        "seen_at": func.clock_timestamp(),
    }
    row = insert(_budget).values(host=host, credential=credential, **values)
    await connection.execute(
        row.on_conflict_do_update(index_elements=["host", "credential"], set_=values)
    )


async def load_scarcest(
    connection: AsyncConnection, *, host: str | None, limit: int
) -> Sequence[KnownBudget]:
    """Of one host or of all: what the hosts refuse now first, then what has least left."""
    refused = _budget.c.limited_until > func.clock_timestamp()
    # A window that is over has everything left, whatever was left of it.
    over = _budget.c.resets_at <= func.clock_timestamp()
    share = cast(_budget.c.remaining, Float) / func.greatest(_budget.c.request_limit, 1)
    query = select(_budget).order_by(
        func.coalesce(refused, false()).desc(), over, share, _budget.c.host, _budget.c.credential
    )
    if host is not None:
        query = query.where(_budget.c.host == host)
    query = query.limit(limit)
    rows = (await connection.execute(query)).mappings()
    return [
        KnownBudget(row["host"], row["credential"], _budget_of(row), row["seen_at"]) for row in rows
    ]


def _budget_of(row: RowMapping) -> Budget:
    return Budget(
        limit=row["request_limit"],
        remaining=row["remaining"],
        resets_at=row["resets_at"],
        limited_until=row["limited_until"],
    )
