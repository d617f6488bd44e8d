"""
The durable side of a refresh: attempts, claims, and the commit of new tokens.

The attempt row is the lock, the write-ahead intent and the crash evidence in one
(REFRESH 2): a unique index allows one live attempt per account. Every function is a
statement or two in the caller's short transaction. This module must not know HTTP, hosts
or what an outcome means; ``rules.refresh`` decides that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Account, AccountReason, AccountState, Sealed
from permsync.rules.refresh import UNCERTAIN_OUTCOMES, AttemptFacts, AttemptState, Outcome
from permsync.store import schema
from permsync.store.accounts import SealedTokens, token_columns
from permsync.store.engine import database_now
from permsync.store.rows import account_of

_account = schema.account
_attempt = schema.refresh_attempt
_earlier = _attempt.alias("earlier")
_LIVE = _attempt.c.state.in_([AttemptState.ARMED.value, AttemptState.UNCERTAIN.value])


@dataclass(frozen=True, slots=True)
class Holding:
    """An account with its sealed tokens, its live attempt, and the database's time."""

    account: Account
    access: Sealed | None
    refresh: Sealed | None
    redirect_uri: str
    attempt: AttemptFacts | None
    uncertain_before: bool
    now: datetime


async def load(
    connection: AsyncConnection, account_id: int, *, lock: bool = False
) -> Holding | None:
    """
    Everything a use or a claim decides on, in one statement.

    ``lock`` holds the account's row first, so that a claim and a write of the state queue.
    It is a statement of its own: one that waits for a lock goes on with the attempts that it
    saw before, and two claims would both see none.
    """
    if lock:
        await connection.execute(
            select(_account.c.id).where(_account.c.id == account_id).with_for_update()
        )
    uncertain = (
        exists()
        .where(
            _earlier.c.account_id == _account.c.id,
            _earlier.c.for_version == _account.c.token_version,
            _earlier.c.link_id == _account.c.link_id,
            _earlier.c.outcome.in_([one.value for one in UNCERTAIN_OUTCOMES]),
        )
        .correlate(_account)
    )
    query = (
        select(
            _account,
            _attempt.c.id.label("attempt_id"),
            _attempt.c.state.label("attempt_state"),
            _attempt.c.link_id.label("attempt_link_id"),
            _attempt.c.for_version.label("attempt_version"),
            _attempt.c.lease_until.label("attempt_lease_until"),
            uncertain.label("uncertain_before"),
            func.clock_timestamp().label("database_now"),
        )
        .select_from(_account.outerjoin(_attempt, (_attempt.c.account_id == _account.c.id) & _LIVE))
        .where(_account.c.id == account_id)
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    attempt = None
    if row["attempt_id"] is not None:
        attempt = AttemptFacts(
            id=row["attempt_id"],
            state=AttemptState(row["attempt_state"]),
            link_id=row["attempt_link_id"],
            version=row["attempt_version"],
            lease_until=row["attempt_lease_until"],
        )
    key_id = row["key_id"]
    return Holding(
        account=account_of(row),
        access=Sealed(key_id, row["access_sealed"]) if row["access_sealed"] else None,
        refresh=Sealed(key_id, row["refresh_sealed"]) if row["refresh_sealed"] else None,
        redirect_uri=row["redirect_uri"],
        attempt=attempt,
        uncertain_before=row["uncertain_before"],
        now=row["database_now"],
    )


async def claim(
    connection: AsyncConnection,
    account: Account,
    *,
    owner: str,
    token_digest: bytes,
    key_id: str,
    lease_in: timedelta,
    takes_over: int | None,
) -> int:
    """
    Write the intent; the caller holds the account's row (``load(lock=True)``).

    An attempt that is taken over is closed as unanswered first: whether its token was
    spent is unknown for ever. ``key_id`` is the key that the answer will be sealed with: a
    retired one is refused now, and cannot be retired until the attempt is closed.
    """
    if takes_over is not None:
        await close(connection, takes_over, Outcome.UNANSWERED)
    query = (
        insert(_attempt)
        .values(
            account_id=account.id,
            link_id=account.link_id,
            for_version=account.token_version,
            owner=owner,
            state=AttemptState.ARMED.value,
            token_digest=token_digest,
            key_id=key_id,
            started_at=func.clock_timestamp(),
            lease_until=func.clock_timestamp() + lease_in,
        )
        .returning(_attempt.c.id)
    )
    return int((await connection.execute(query)).scalar_one())


async def adopt(
    connection: AsyncConnection, account: Account, attempt_id: int, tokens: SealedTokens
) -> bool:
    """
    Commit new tokens by compare-and-set on link and version; only token columns move.

    False where the account moved on meanwhile: a re-link, an unlink, or another attempt
    that took this one over and won.
    """
    query = (
        update(_account)
        .where(
            _account.c.id == account.id,
            _account.c.link_id == account.link_id,
            _account.c.token_version == account.token_version,
        )
        .values(
            token_version=account.token_version + 1,
            rejections=0,
            refresh_try_at=None,
            **token_columns(tokens),
        )
    )
    won = (await connection.execute(query)).rowcount == 1
    await close(connection, attempt_id, Outcome.ADOPTED if won else Outcome.FENCED)
    return won


# Verdicts that said "this credential is dead", which a late token of the same link disproves.
_DISPROVED = (
    AccountReason.ROTATION_LOST,
    AccountReason.REVOKED_OR_EXPIRED,
    AccountReason.CREDENTIAL_REJECTED,
)


async def save_healed(connection: AsyncConnection, account: Account) -> bool:
    """
    Make an account active whose doubt or death new tokens of the same link disproved.

    What ended with it counts again (EVIDENCE R10), and it is listed at once. A missing
    scope or a disabled account is not healed by a token.
    """
    dead = (_account.c.state == AccountState.NEEDS_REAUTH.value) & _account.c.reason.in_(
        [one.value for one in _DISPROVED]
    )
    query = (
        update(_account)
        .where(
            _account.c.id == account.id,
            _account.c.link_id == account.link_id,
            (_account.c.state == AccountState.SUSPECT.value) | dead,
        )
        .values(
            state=AccountState.ACTIVE.value,
            reason=None,
            state_since=func.clock_timestamp(),
            ended_at=case((dead, None), else_=_account.c.ended_at),
            ended_reason=case((dead, None), else_=_account.c.ended_reason),
            sync_due_at=case((dead, func.clock_timestamp()), else_=_account.c.sync_due_at),
        )
    )
    return (await connection.execute(query)).rowcount == 1


async def close(connection: AsyncConnection, attempt_id: int, outcome: Outcome) -> bool:
    """Close a live attempt; false where somebody closed it already."""
    query = (
        update(_attempt)
        .where(_attempt.c.id == attempt_id, _LIVE)
        .values(
            state=AttemptState.CLOSED.value,
            outcome=outcome.value,
            closed_at=func.clock_timestamp(),
            key_id=None,
        )
    )
    return (await connection.execute(query)).rowcount == 1


async def save_uncertain(
    connection: AsyncConnection, attempt_id: int, *, settle_in: timedelta
) -> None:
    """The answer did not come: nobody may present the token before the host settled."""
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.id == attempt_id, _attempt.c.state == AttemptState.ARMED.value)
        .values(state=AttemptState.UNCERTAIN.value, lease_until=func.clock_timestamp() + settle_in)
    )


async def fence(connection: AsyncConnection, account_id: int) -> None:
    """Close whatever attempt is live: the account was linked again or unlinked (I7)."""
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.account_id == account_id, _LIVE)
        .values(
            state=AttemptState.CLOSED.value,
            outcome=Outcome.FENCED.value,
            closed_at=func.clock_timestamp(),
            key_id=None,
        )
    )


async def load_overdue(connection: AsyncConnection, *, limit: int) -> list[int]:
    """Living accounts whose live attempt outlived its lease, oldest first."""
    now = await database_now(connection)
    query = (
        select(_attempt.c.account_id)
        .join(_account, _account.c.id == _attempt.c.account_id)
        .where(
            _LIVE,
            _attempt.c.lease_until <= now,
            _account.c.state.in_([one.value for one in LIVING]),
        )
        .order_by(_attempt.c.lease_until)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())
