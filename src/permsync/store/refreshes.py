"""
Everything that a use, a claim and a verdict decide on: read in one statement.

What is decided here: which accounts a refresh could still help, and which of them are due.
This module must not know HTTP, hosts or what an outcome means; ``rules.refresh`` decides
that. Attempts are written by ``refresh_attempts``, tokens by ``refresh_commits``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, RowMapping, Select, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Account, AccountReason, AccountState, Sealed
from permsync.rules.refresh import (
    REUSE_REACH,
    UNCERTAIN_OUTCOMES,
    AttemptFacts,
    AttemptState,
    Candidate,
    Outcome,
)
from permsync.rules.refresh.circuit import CircuitFacts
from permsync.store import schema
from permsync.store.refresh_attempts import IS_LIVE
from permsync.store.rows import account_of

_account = schema.account
_attempt = schema.refresh_attempt
_candidate = schema.refresh_candidate
_circuit = schema.circuit
_earlier = _attempt.alias("earlier")

# Access may have ended at the API's word while the refresh token still awaits its verdict.
_UNDECIDED = _account.c.state.in_([one.value for one in LIVING]) | (
    (_account.c.state == AccountState.NEEDS_REAUTH.value)
    & (_account.c.reason == AccountReason.CREDENTIAL_REJECTED.value)
    & (_account.c.rejections > 0)
)


@dataclass(frozen=True, slots=True)
class Holding:
    """
    An account with its sealed tokens and all that a refresh decides on, at one instant.

    ``attempt`` is the live one, ``circuit`` that of the OAuth client that was asked for.
    """

    account: Account
    access: Sealed | None
    refresh: Sealed | None
    redirect_uri: str
    faults: int
    attempt: AttemptFacts | None
    uncertain_before: bool
    reused_before: bool
    candidates: tuple[Candidate, ...]
    circuit: CircuitFacts | None
    user_disabled: bool
    now: datetime


async def load(
    connection: AsyncConnection,
    account_id: int,
    *,
    clients: Collection[bytes] = (),
    lock: bool = False,
) -> Holding | None:
    """
    Everything a use, a claim or a verdict decides on, in one statement.

    ``clients`` are the digests of the OAuth clients in use, one per host. ``lock`` holds the
    account's row first, so that writers queue. It is a statement of its own: one that waits
    for a lock goes on with the attempts that it saw before.
    """
    if lock:
        await connection.execute(
            select(_account.c.id).where(_account.c.id == account_id).with_for_update()
        )
    row = (await connection.execute(_query(account_id, clients))).mappings().first()
    return _holding_of(row) if row else None


def _query(account_id: int, clients: Collection[bytes]) -> Select[Any]:
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
    reused = (
        exists()
        .where(
            _earlier.c.account_id == _account.c.id,
            _earlier.c.link_id == _account.c.link_id,
            _earlier.c.for_version >= _account.c.token_version - REUSE_REACH,
            _earlier.c.outcome == Outcome.REUSED.value,
        )
        .correlate(_account)
    )
    digests = literal(list(clients), ARRAY(BYTEA))
    return (
        select(
            _account,
            _attempt.c.id.label("attempt_id"),
            _attempt.c.state.label("attempt_state"),
            _attempt.c.link_id.label("attempt_link_id"),
            _attempt.c.for_version.label("attempt_version"),
            _attempt.c.lease_until.label("attempt_lease_until"),
            _attempt.c.candidate.label("attempt_candidate"),
            _circuit.c.failures.label("circuit_failures"),
            _circuit.c.retry_at.label("circuit_retry_at"),
            _circuit.c.probe_until.label("circuit_probe_until"),
            _circuit.c.opened_by.label("circuit_opened_by"),
            _candidates_as(_candidate.c.attempt_id).label("candidate_ids"),
            _candidates_as(_candidate.c.expires_at).label("candidate_ends"),
            uncertain.label("uncertain_before"),
            reused.label("reused_before"),
            schema.user.c.disabled_at.is_not(None).label("user_disabled"),
            func.clock_timestamp().label("database_now"),
        )
        .select_from(
            _account.join(schema.user, schema.user.c.id == _account.c.user_id)
            .outerjoin(_attempt, (_attempt.c.account_id == _account.c.id) & IS_LIVE)
            .outerjoin(
                _circuit,
                (_circuit.c.host == _account.c.host)
                & (_circuit.c.client_digest == func.any(digests)),
            )
        )
        .where(_account.c.id == account_id)
    )


def _candidates_as(column: Any) -> Any:
    return (
        select(func.array_agg(aggregate_order_by(column, _candidate.c.attempt_id)))
        .where(_candidate.c.account_id == _account.c.id, _candidate.c.link_id == _account.c.link_id)
        .correlate(_account)
        .scalar_subquery()
    )


def _holding_of(row: RowMapping) -> Holding:
    ids, ends = row["candidate_ids"] or (), row["candidate_ends"] or ()
    circuit = None
    if row["circuit_failures"] is not None:
        circuit = CircuitFacts(
            failures=row["circuit_failures"],
            retry_at=row["circuit_retry_at"],
            probe_until=row["circuit_probe_until"],
            opened_by=row["circuit_opened_by"],
        )
    return Holding(
        account=account_of(row),
        access=_sealed(row, "access_sealed"),
        refresh=_sealed(row, "refresh_sealed"),
        redirect_uri=row["redirect_uri"],
        faults=row["refresh_faults"],
        attempt=_attempt_of(row) if row["attempt_id"] is not None else None,
        uncertain_before=row["uncertain_before"],
        reused_before=row["reused_before"],
        candidates=tuple(Candidate(one, end) for one, end in zip(ids, ends, strict=True)),
        circuit=circuit,
        user_disabled=row["user_disabled"],
        now=row["database_now"],
    )


def _sealed(row: RowMapping, column: str) -> Sealed | None:
    """The value; one that was cut down to nothing is damaged, not absent."""
    return Sealed(row["key_id"], row[column]) if row[column] is not None else None


def _attempt_of(row: RowMapping) -> AttemptFacts:
    return AttemptFacts(
        id=row["attempt_id"],
        state=AttemptState(row["attempt_state"]),
        link_id=row["attempt_link_id"],
        version=row["attempt_version"],
        lease_until=row["attempt_lease_until"],
        candidate=row["attempt_candidate"],
    )


async def load_version(connection: AsyncConnection, account_id: int) -> tuple[int, bool] | None:
    """The token version, and whether an attempt is live: what a waiting caller looks at."""
    live = exists().where(_attempt.c.account_id == account_id, IS_LIVE)
    query = select(_account.c.token_version, live).where(_account.c.id == account_id)
    row = (await connection.execute(query)).first()
    return (row[0], row[1]) if row else None


async def load_overdue(
    connection: AsyncConnection, *, host: str, limit: int, patient: bool
) -> list[int]:
    """
    Accounts of a host whose live attempt outlived its lease: stored answers, then the oldest.

    At a ``patient`` host those are left out whose access token still serves. Of people who
    are disabled only stored answers are judged, which needs no call.
    """
    now = func.clock_timestamp()
    is_staged = _attempt.c.state == AttemptState.STAGED.value
    user = schema.user
    may_call = _UNDECIDED & user.c.disabled_at.is_(None)
    if patient:
        may_call &= _account.c.access_expires_at <= now
    query = (
        select(_attempt.c.account_id)
        .join(_account, _account.c.id == _attempt.c.account_id)
        .join(user, user.c.id == _account.c.user_id)
        .where(
            IS_LIVE,
            _attempt.c.lease_until <= now,
            _account.c.host == host,
            may_call | is_staged,
        )
        .order_by(is_staged.desc(), _attempt.c.lease_until)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def load_due(connection: AsyncConnection, *, host: str, limit: int) -> list[int]:
    """Accounts of a host whose refresh is due and may start, the longest due first."""
    live = exists().where(_attempt.c.account_id == _account.c.id, IS_LIVE)
    query = (
        _due(select(_account.c.id))
        .where(_account.c.host == host, ~live.correlate(_account))
        .order_by(_account.c.refresh_due_at)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def load_oldest_due(connection: AsyncConnection) -> dict[str, timedelta]:
    """How long the longest due refresh of each host is due."""
    oldest = func.clock_timestamp() - func.min(_account.c.refresh_due_at)
    query = _due(select(_account.c.host, oldest)).group_by(_account.c.host)
    return dict((await connection.execute(query)).all())


def _due(query: Select[Any]) -> Select[Any]:
    """People who are disabled are left alone."""
    now = func.clock_timestamp()
    user = schema.user
    return query.join(user, user.c.id == _account.c.user_id).where(
        _account.c.refresh_due_at <= now,
        _account.c.refresh_try_at.is_(None) | (_account.c.refresh_try_at <= now),
        _UNDECIDED,
        user.c.disabled_at.is_(None),
    )


async def postpone(
    connection: AsyncConnection, account_id: int, *, until: datetime | None, later_in: timedelta
) -> None:
    """What was due must wait until then; without an instant, for as long as ``later_in``."""
    due_at = func.coalesce(
        literal(until, DateTime(timezone=True)), func.clock_timestamp() + later_in
    )
    await connection.execute(
        update(_account).where(_account.c.id == account_id).values(refresh_due_at=due_at)
    )
