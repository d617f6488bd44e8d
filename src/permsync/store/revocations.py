"""
The outbox of tokens that their hosts are still to be told to forget.

What is decided here: a row is written in the transaction that lets go of the tokens, a
claim is a lease, the end is a compare-and-set on the number of tries, and the end erases
the sealed tokens (REFRESH 2). So a process that is killed between the request and its
commit leaves a row that is sent again, which harms nobody. This module must not know a
host or what an answer means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Sealed
from permsync.rules.revocation import Outcome
from permsync.store import schema

_revocation = schema.revocation
_OPEN = _revocation.c.closed_at.is_(None)


@dataclass(frozen=True, slots=True)
class SealedRevocation:
    """
    Old tokens of one link, both of a set or one, sealed to this row.

    ``dies_at`` is when all of them die of age. ``account_id`` is ``None`` for tokens of a link
    that was never stored.
    """

    id: int
    host: str
    account_id: int | None
    link_id: str
    access: Sealed | None
    refresh: Sealed | None
    dies_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClaimedRevocation:
    """The right to try once. ``tries`` counts this try."""

    revocation: SealedRevocation
    tries: int
    created_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """What is told of a revocation; ``outcome`` is ``None`` while it is open."""

    id: int
    host: str
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None


async def next_id(connection: AsyncConnection) -> int:
    """The id of a row that is about to be inserted: its tokens are sealed to it."""
    query = text("SELECT nextval(pg_get_serial_sequence('revocation', 'id'))")
    return int((await connection.execute(query)).scalar_one())


async def enqueue(connection: AsyncConnection, revocation: SealedRevocation) -> None:
    """Write the row, due at once; it exists when the caller's transaction commits."""
    await connection.execute(
        insert(_revocation).values(
            id=revocation.id,
            host=revocation.host,
            account_id=revocation.account_id,
            link_id=revocation.link_id,
            access_sealed=revocation.access.ciphertext if revocation.access else None,
            refresh_sealed=revocation.refresh.ciphertext if revocation.refresh else None,
            key_id=next(
                one.key_id for one in (revocation.access, revocation.refresh) if one is not None
            ),
            dies_at=revocation.dies_at,
            next_try_at=func.clock_timestamp(),
        )
    )


async def claim(
    connection: AsyncConnection,
    *,
    lease_in: timedelta,
    host: str | None = None,
    revocation_id: int | None = None,
) -> ClaimedRevocation | None:
    """
    Take the oldest due row, of this host or with this id, for as long as ``lease_in``.

    ``None`` where nothing is due or somebody else has it.
    """
    due = select(_revocation.c.id).where(_OPEN, _revocation.c.next_try_at <= func.clock_timestamp())
    if host is not None:
        due = due.where(_revocation.c.host == host)
    if revocation_id is not None:
        due = due.where(_revocation.c.id == revocation_id)
    due = due.order_by(_revocation.c.next_try_at).limit(1).with_for_update(skip_locked=True)
    query = (
        update(_revocation)
        .where(_revocation.c.id == due.scalar_subquery())
        .values(tries=_revocation.c.tries + 1, next_try_at=func.clock_timestamp() + lease_in)
        .returning(_revocation, func.clock_timestamp().label("database_now"))
    )
    row = (await connection.execute(query)).mappings().first()
    return _claimed_of(row) if row else None


def _claimed_of(row: RowMapping) -> ClaimedRevocation:
    return ClaimedRevocation(
        revocation=SealedRevocation(
            id=row["id"],
            host=row["host"],
            account_id=row["account_id"],
            link_id=row["link_id"],
            access=_sealed(row, "access_sealed"),
            refresh=_sealed(row, "refresh_sealed"),
            dies_at=row["dies_at"],
        ),
        tries=row["tries"],
        created_at=row["created_at"],
        now=row["database_now"],
    )


def _sealed(row: RowMapping, column: str) -> Sealed | None:
    return Sealed(row["key_id"], row[column]) if row[column] is not None else None


async def close(connection: AsyncConnection, claimed: ClaimedRevocation, outcome: Outcome) -> bool:
    """End the matter and erase the tokens; false where another try has it by now."""
    query = (
        update(_revocation)
        .where(
            _OPEN,
            _revocation.c.id == claimed.revocation.id,
            _revocation.c.tries == claimed.tries,
        )
        .values(
            outcome=outcome.value,
            closed_at=func.clock_timestamp(),
            next_try_at=None,
            access_sealed=None,
            refresh_sealed=None,
            key_id=None,
        )
    )
    return (await connection.execute(query)).rowcount == 1


async def postpone(
    connection: AsyncConnection, claimed: ClaimedRevocation, *, try_in: timedelta
) -> None:
    """Give the row back; it is due again after ``try_in``."""
    await connection.execute(
        update(_revocation)
        .where(
            _OPEN,
            _revocation.c.id == claimed.revocation.id,
            _revocation.c.tries == claimed.tries,
        )
        .values(next_try_at=func.clock_timestamp() + try_in)
    )


async def count_open(connection: AsyncConnection) -> dict[str, int]:
    """How many revocations each host is still to be told of."""
    query = select(_revocation.c.host, func.count()).where(_OPEN).group_by(_revocation.c.host)
    return dict((await connection.execute(query)).all())


async def load_last(
    connection: AsyncConnection, account_id: int, *, limit: int
) -> Sequence[RevocationFacts]:
    """The account's last revocations, newest first."""
    query = (
        select(_revocation)
        .where(_revocation.c.account_id == account_id)
        .order_by(_revocation.c.id.desc())
        .limit(limit)
    )
    return [_facts_of(row) for row in (await connection.execute(query)).mappings()]


def _facts_of(row: RowMapping) -> RevocationFacts:
    return RevocationFacts(
        id=row["id"],
        host=row["host"],
        tries=row["tries"],
        created_at=row["created_at"],
        next_try_at=row["next_try_at"],
        closed_at=row["closed_at"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
    )
