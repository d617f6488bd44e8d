"""
What happened to one account lately: refresh attempts and runs, newest first.

Reading only; nothing here is locked, and no token or digest is read. This module must not
decide anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Run
from permsync.rules.refresh import AttemptState, Outcome
from permsync.store import schema
from permsync.store.rows import run_of

_attempt = schema.refresh_attempt
_run = schema.run


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """
    One attempt to refresh. ``outcome`` is ``None`` while it is live.

    ``lease_until`` is then when somebody else may take it over; ``version`` is the token
    version that it set out from, of the link ``link_id``.
    """

    id: int
    link_id: str
    version: int
    state: AttemptState
    outcome: Outcome | None
    started_at: datetime
    lease_until: datetime
    closed_at: datetime | None


async def load_attempts(
    connection: AsyncConnection, account_id: int, *, limit: int
) -> Sequence[PastAttempt]:
    """The account's last refresh attempts, those of earlier links too."""
    query = (
        select(_attempt)
        .where(_attempt.c.account_id == account_id)
        .order_by(_attempt.c.id.desc())
        .limit(limit)
    )
    return [
        PastAttempt(
            id=row["id"],
            link_id=row["link_id"],
            version=row["for_version"],
            state=AttemptState(row["state"]),
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
            started_at=row["started_at"],
            lease_until=row["lease_until"],
            closed_at=row["closed_at"],
        )
        for row in (await connection.execute(query)).mappings()
    ]


async def load_runs(connection: AsyncConnection, account_id: int, *, limit: int) -> Sequence[Run]:
    """The account's last runs."""
    query = (
        select(_run).where(_run.c.account_id == account_id).order_by(_run.c.id.desc()).limit(limit)
    )
    return [run_of(row) for row in (await connection.execute(query)).mappings()]
