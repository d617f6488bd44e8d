"""
What each credential may still ask at its host, shared by all processes.

This module must not know who may spend it; ``rules.budget`` decides that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, select
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


async def load_all(connection: AsyncConnection) -> Sequence[KnownBudget]:
    """Every budget, the scarcest first within its host."""
    share = _budget.c.remaining / func.greatest(_budget.c.request_limit, 1)
    query = select(_budget).order_by(_budget.c.host, share, _budget.c.credential)
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
