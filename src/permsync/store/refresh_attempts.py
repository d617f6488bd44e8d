"""
Attempts to refresh: the lock, the write-ahead intent and the crash evidence in one row.

What is decided here: a claim is one statement, so that the intent is durable before the
token leaves (I2), at most one attempt is live per account (I1, a unique index), and nothing
is claimed on facts that moved since they were read (I4). This module must not know HTTP,
hosts or what an outcome means; ``rules.refresh`` decides that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, case, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Account, Sealed
from permsync.rules.refresh import LIVE, AttemptFacts, AttemptState, Outcome
from permsync.rules.refresh.claim import Claim
from permsync.store import schema
from permsync.store.refresh_tables import LIVE_ATTEMPT

_attempt = schema.refresh_attempt
_FORGET = text("""
DELETE FROM refresh_attempt WHERE id IN (
    SELECT old.id FROM refresh_attempt AS old JOIN account ON account.id = old.account_id
    WHERE old.closed_at < clock_timestamp() - CAST(:kept AS interval)
        AND old.for_version < account.token_version AND old.answer_sealed IS NULL
        AND NOT EXISTS (SELECT FROM refresh_candidate WHERE attempt_id = old.id)
    LIMIT :most
)
""")
_TOOK_TOKENS = (Outcome.ADOPTED, Outcome.KEPT, Outcome.REUSED)
IS_LIVE = _attempt.c.state.in_([one.value for one in LIVE])

# The account's row is locked first: who waited for it decides on what it is by then. Closing
# the old attempt comes before the insertion, because the insertion asks for its result.
_CLAIM = text(f"""
    WITH held AS (
        SELECT id, link_id, token_version FROM account
        WHERE id = :account_id AND link_id = CAST(:link_id AS uuid)
            AND token_version = :version AND state = :state AND rejections = :rejections
            AND refresh_try_at IS NOT DISTINCT FROM CAST(:try_at AS timestamptz)
        FOR UPDATE
    ), taken AS (
        UPDATE refresh_attempt SET
            state = 'closed', outcome = :unanswered, closed_at = clock_timestamp(), key_id = NULL
        WHERE id = CAST(:takes_over AS bigint) AND {LIVE_ATTEMPT}
            AND lease_until <= clock_timestamp() AND EXISTS (SELECT FROM held)
        RETURNING id
    ), probed AS (
        UPDATE circuit SET probe_until = clock_timestamp() + CAST(:lease_in AS interval)
        WHERE CAST(:probes AS boolean) AND client_digest = CAST(:client AS bytea)
            AND retry_at <= clock_timestamp()
            AND (probe_until IS NULL OR probe_until <= clock_timestamp())
            AND EXISTS (SELECT FROM held)
        RETURNING host
    )
    INSERT INTO refresh_attempt (
        account_id, link_id, for_version, owner, state, token_digest, key_id, candidate,
        started_at, deadline, lease_until
    )
    SELECT
        id, link_id, token_version, CAST(:owner AS uuid), 'armed', CAST(:token_digest AS bytea),
        CAST(:key_id AS text), CAST(:candidate AS bigint), clock_timestamp(),
        clock_timestamp() + CAST(:deadline_in AS interval),
        clock_timestamp() + CAST(:lease_in AS interval)
    FROM held
    WHERE (CAST(:takes_over AS bigint) IS NULL OR EXISTS (SELECT FROM taken))
        AND CASE WHEN CAST(:probes AS boolean) THEN EXISTS (SELECT FROM probed)
            ELSE NOT EXISTS (
                SELECT FROM circuit
                WHERE client_digest = CAST(:client AS bytea) AND retry_at IS NOT NULL
            ) END
    ON CONFLICT (account_id) WHERE {LIVE_ATTEMPT} DO NOTHING
    RETURNING id, started_at
""")  # noqa: S608 - the words of a constant


@dataclass(frozen=True, slots=True)
class Claimed:
    """The right to present a token once, since this instant."""

    id: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """An attempt, when it began, and the raw answer that is kept with it, sealed."""

    facts: AttemptFacts
    started_at: datetime
    answer: Sealed | None


async def claim(
    connection: AsyncConnection,
    account: Account,
    plan: Claim,
    *,
    owner: str,
    token_digest: bytes,
    key_id: str,
    client_digest: bytes,
    deadline_in: timedelta,
    lease_in: timedelta,
) -> Claimed | None:
    """
    Write the intent in one statement; ``None`` where anything moved since it was planned.

    An attempt that is taken over is closed as unanswered: whether its token was spent is
    unknown for ever. ``key_id`` is the key that the answer will be sealed with: a retired
    one is refused now, and cannot be retired until the attempt is closed.
    """
    claimed = await connection.execute(
        _CLAIM,
        {
            "account_id": account.id,
            "link_id": account.link_id,
            "version": account.token_version,
            "state": account.state.value,
            "rejections": account.rejections,
            "try_at": account.refresh_try_at,
            "takes_over": plan.takes_over,
            "candidate": plan.candidate,
            "probes": plan.probes,
            "client": client_digest,
            "owner": owner,
            "token_digest": token_digest,
            "key_id": key_id,
            "deadline_in": deadline_in,
            "lease_in": lease_in,
            "unanswered": Outcome.UNANSWERED.value,
        },
    )
    row = claimed.mappings().first()
    return Claimed(row["id"], row["started_at"]) if row else None


async def load(connection: AsyncConnection, attempt_id: int) -> StoredAttempt:
    """The attempt as it is stored now."""
    query = select(_attempt).where(_attempt.c.id == attempt_id)
    return _stored_of((await connection.execute(query)).mappings().one())


async def load_unadopted(connection: AsyncConnection, account_id: int) -> Sequence[StoredAttempt]:
    """The account's attempts whose answer is stored and may hold tokens that went nowhere."""
    query = select(_attempt).where(
        _attempt.c.account_id == account_id,
        _attempt.c.answer_sealed.is_not(None),
        or_(
            _attempt.c.outcome.is_(None),
            _attempt.c.outcome.not_in([one.value for one in _TOOK_TOKENS]),
        ),
    )
    found = await connection.execute(query.order_by(_attempt.c.id))
    return [_stored_of(row) for row in found.mappings()]


def _stored_of(row: RowMapping) -> StoredAttempt:
    answer = Sealed(row["key_id"], row["answer_sealed"]) if row["answer_sealed"] else None
    return StoredAttempt(attempt_of(row), row["started_at"], answer)


def attempt_of(row: RowMapping) -> AttemptFacts:
    """What the rules need to know of an attempt."""
    return AttemptFacts(
        id=row["id"],
        state=AttemptState(row["state"]),
        link_id=row["link_id"],
        version=row["for_version"],
        lease_until=row["lease_until"],
        candidate=row["candidate"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
    )


async def close(connection: AsyncConnection, attempt_id: int, outcome: Outcome) -> None:
    """
    Close a live attempt, or leave the word of whoever closed it already.

    Only tokens change that word: they did come, whatever was believed.
    """
    query = update(_attempt).where(_attempt.c.id == attempt_id)
    if outcome not in _TOOK_TOKENS:
        query = query.where(IS_LIVE)
    await connection.execute(query.values(closing(outcome)))


def closing(outcome: Outcome) -> dict[str, object]:
    """The columns of an attempt that is over; a raw answer stays with its key."""
    return {
        "state": AttemptState.CLOSED.value,
        "outcome": outcome.value,
        "closed_at": func.clock_timestamp(),
        "key_id": case((_attempt.c.answer_sealed.is_(None), None), else_=_attempt.c.key_id),
    }


async def save_uncertain(
    connection: AsyncConnection, attempt_id: int, *, settle_in: timedelta
) -> None:
    """The answer did not come: nobody may present the token before the host settled."""
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.id == attempt_id, _attempt.c.state == AttemptState.ARMED.value)
        .values(state=AttemptState.UNCERTAIN.value, lease_until=func.clock_timestamp() + settle_in)
    )


async def save_staged(connection: AsyncConnection, attempt_id: int, answer: Sealed) -> None:
    """Keep a raw answer before anybody judges it; a closed attempt stays closed."""
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.id == attempt_id)
        .values(
            state=case((IS_LIVE, AttemptState.STAGED.value), else_=_attempt.c.state),
            answer_sealed=answer.ciphertext,
            key_id=answer.key_id,
        )
    )


async def fence(connection: AsyncConnection, account_id: int) -> None:
    """
    Close what is live and erase what was kept: linked again, or unlinked (I7).

    The caller holds the account's row, and has had revoked what is erased here.
    """
    own = _attempt.c.account_id == account_id
    await connection.execute(update(_attempt).where(own, IS_LIVE).values(closing(Outcome.FENCED)))
    await connection.execute(
        update(_attempt)
        .where(own, _attempt.c.answer_sealed.is_not(None))
        .values(answer_sealed=None, key_id=None)
    )
    candidate = schema.refresh_candidate
    await connection.execute(delete(candidate).where(candidate.c.account_id == account_id))


async def forget(connection: AsyncConnection, *, kept_in: timedelta, most: int) -> int:
    """
    Delete up to ``most`` attempts that ended longer ago; returns how many.

    Those of the account's token of today stay, and so does what holds a candidate or an answer.
    """
    return (await connection.execute(_FORGET, {"kept": kept_in, "most": most})).rowcount


async def forget_over(connection: AsyncConnection, *, kept_in: timedelta) -> None:
    """
    Erase candidates that are over, and raw answers that nobody could use in all that time.

    A candidate that is being presented stays: without an answer it has to be presented again.
    """
    candidate = schema.refresh_candidate
    now = func.clock_timestamp()
    presented = select(_attempt.c.candidate).where(IS_LIVE, _attempt.c.candidate.is_not(None))
    await connection.execute(
        delete(candidate).where(
            candidate.c.expires_at <= now, candidate.c.attempt_id.not_in(presented)
        )
    )
    await connection.execute(
        update(_attempt)
        .where(_attempt.c.answer_sealed.is_not(None), _attempt.c.closed_at <= now - kept_in)
        .values(answer_sealed=None, key_id=None)
    )


async def count_uncertain(connection: AsyncConnection) -> dict[str, int]:
    """How many attempts nobody knows the end of, by host."""
    account = schema.account
    query = (
        select(account.c.host, func.count())
        .join(_attempt, _attempt.c.account_id == account.c.id)
        .where(
            or_(
                _attempt.c.state == AttemptState.UNCERTAIN.value,
                IS_LIVE & (_attempt.c.lease_until <= func.clock_timestamp()),
            )
        )
        .group_by(account.c.host)
    )
    return dict((await connection.execute(query)).all())
