"""
Candidates: other refresh tokens of the same link, worth a try before the link is given up.

What is decided here: an account keeps two at most, the newest; each is sealed to the
attempt that it came from. This module must not know when one is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Sealed
from permsync.rules.refresh import AttemptFacts
from permsync.store import schema

MOST = 2
_candidate = schema.refresh_candidate


@dataclass(frozen=True, slots=True)
class StoredCandidate:
    """A candidate, sealed to the attempt ``id`` that it came from, its link and version."""

    id: int
    link_id: str
    version: int
    token: Sealed


async def keep(
    connection: AsyncConnection,
    attempt: AttemptFacts,
    token: Sealed,
    *,
    account_id: int,
    lives_in: timedelta,
) -> None:
    """Keep the token that an attempt brought or spent; the oldest makes room."""
    await connection.execute(
        insert(_candidate)
        .values(
            attempt_id=attempt.id,
            account_id=account_id,
            link_id=attempt.link_id,
            for_version=attempt.version,
            token_sealed=token.ciphertext,
            key_id=token.key_id,
            expires_at=func.clock_timestamp() + lives_in,
        )
        .on_conflict_do_nothing()
    )
    newest = (
        select(_candidate.c.attempt_id)
        .where(_candidate.c.account_id == account_id)
        .order_by(_candidate.c.attempt_id.desc())
        .limit(MOST)
    )
    await connection.execute(
        delete(_candidate).where(
            _candidate.c.account_id == account_id, _candidate.c.attempt_id.not_in(newest)
        )
    )


async def load(connection: AsyncConnection, candidate_id: int) -> tuple[int, Sealed] | None:
    """The version that a candidate was sealed for, and the token; ``None`` where it is gone."""
    query = select(_candidate).where(_candidate.c.attempt_id == candidate_id)
    row = (await connection.execute(query)).mappings().first()
    return (row["for_version"], Sealed(row["key_id"], row["token_sealed"])) if row else None


async def load_all(connection: AsyncConnection, account_id: int) -> Sequence[StoredCandidate]:
    """Every candidate of the account, the oldest first."""
    query = (
        select(_candidate)
        .where(_candidate.c.account_id == account_id)
        .order_by(_candidate.c.attempt_id)
    )
    return [
        StoredCandidate(
            id=row["attempt_id"],
            link_id=row["link_id"],
            version=row["for_version"],
            token=Sealed(row["key_id"], row["token_sealed"]),
        )
        for row in (await connection.execute(query)).mappings()
    ]


async def drop(connection: AsyncConnection, candidate_id: int) -> None:
    """Forget a candidate: it was refused, or it became the account's own token."""
    await connection.execute(delete(_candidate).where(_candidate.c.attempt_id == candidate_id))
