"""
Linked accounts: reading them, linking, unlinking, and changing their state.

What is decided here: every write names the link and the token version that it was decided
on, and does nothing where either moved (REFRESH I4, I7). Tokens come and go sealed; this
module must not know a key, a host or why a state changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Account, AccountReason, AccountState, Sealed
from permsync.store import schema
from permsync.store.rows import ACCOUNT_COLUMNS, account_of

_account = schema.account


@dataclass(frozen=True, slots=True)
class SealedTokens:
    """The token columns of one version; both values are under one key id."""

    access: Sealed
    refresh: Sealed | None
    scopes: frozenset[str] | None
    issued_at: datetime
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    refresh_due_at: datetime | None


async def load(connection: AsyncConnection, account_id: int) -> Account | None:
    """The account with our id."""
    return await _one(connection, _account.c.id == account_id)


async def load_by_identity(
    connection: AsyncConnection, *, host: str, external_id: str, lock: bool = False
) -> Account | None:
    """The account of this host identity, locked until the commit where ``lock`` says so."""
    where = (_account.c.host == host) & (_account.c.external_id == external_id)
    return await _one(connection, where, lock=lock)


async def lock_identity(connection: AsyncConnection, *, host: str, external_id: str) -> None:
    """Let one transaction at a time link this host identity, known or new."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"account {host} {external_id}"},
    )


async def load_locked(connection: AsyncConnection, account_id: int) -> Account | None:
    """The account, locked until the caller's transaction ends."""
    return await _one(connection, _account.c.id == account_id, lock=True)


async def _one(
    connection: AsyncConnection, where: ColumnElement[bool], *, lock: bool = False
) -> Account | None:
    query = select(*ACCOUNT_COLUMNS).where(where)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().first()
    return account_of(row) if row else None


async def load_of_user(connection: AsyncConnection, user_id: int) -> Sequence[Account]:
    """Every account of a user, unlinked ones too, by host and login."""
    query = (
        select(*ACCOUNT_COLUMNS)
        .where(_account.c.user_id == user_id)
        .order_by(_account.c.host, _account.c.login, _account.c.id)
    )
    return [account_of(row) for row in (await connection.execute(query)).mappings()]


async def load_page(
    connection: AsyncConnection, *, after: int, limit: int, host: str | None = None
) -> Sequence[Account]:
    """Accounts by ascending id, from the one after ``after``."""
    query = select(*ACCOUNT_COLUMNS).where(_account.c.id > after)
    if host is not None:
        query = query.where(_account.c.host == host)
    rows = await connection.execute(query.order_by(_account.c.id).limit(limit))
    return [account_of(row) for row in rows.mappings()]


def new_link_id() -> str:
    """A link id, unique for ever: it binds the sealed tokens to one link."""
    return str(uuid4())


async def save_new(
    connection: AsyncConnection,
    *,
    account_id: int,
    user_id: int,
    host: str,
    external_id: str,
    login: str,
    restricted: bool,
    redirect_uri: str,
    link_id: str,
    tokens: SealedTokens,
) -> None:
    """Insert the first link of a host identity, as ``account_id`` from :func:`next_id`."""
    await connection.execute(
        insert(_account).values(
            id=account_id,
            user_id=user_id,
            host=host,
            external_id=external_id,
            login=login,
            restricted=restricted,
            redirect_uri=redirect_uri,
            link_id=link_id,
            token_version=1,
            state=AccountState.ACTIVE.value,
            sync_due_at=func.clock_timestamp(),
            **token_columns(tokens),
        )
    )


async def next_id(connection: AsyncConnection) -> int:
    """The id of an account that is about to be inserted: its tokens are sealed to it."""
    query = text("SELECT nextval(pg_get_serial_sequence('account', 'id'))")
    return int((await connection.execute(query)).scalar_one())


async def save_relink(
    connection: AsyncConnection,
    account: Account,
    *,
    user_id: int,
    login: str,
    restricted: bool,
    redirect_uri: str,
    link_id: str,
    tokens: SealedTokens,
) -> None:
    """
    A new link of a known host identity; the caller holds the row's lock.

    Link and version move on, so every older attempt and run is fenced (I7), and the
    account's error is cleared.
    """
    await connection.execute(
        update(_account)
        .where(_account.c.id == account.id)
        .values(
            user_id=user_id,
            login=login,
            restricted=restricted,
            redirect_uri=redirect_uri,
            link_id=link_id,
            token_version=account.token_version + 1,
            state=AccountState.ACTIVE.value,
            reason=None,
            state_since=func.clock_timestamp(),
            linked_at=func.clock_timestamp(),
            rejections=0,
            refresh_faults=0,
            refresh_try_at=None,
            run_id=None,
            held_at=None,
            sync_failures=0,
            sync_due_at=func.clock_timestamp(),
            listing_digest=None,
            **token_columns(tokens),
        )
    )


def token_columns(tokens: SealedTokens) -> dict[str, object]:
    """The columns of ``account`` that hold one version of its tokens."""
    return {
        "access_sealed": tokens.access.ciphertext,
        "refresh_sealed": tokens.refresh.ciphertext if tokens.refresh else None,
        "key_id": tokens.access.key_id,
        "scopes": None if tokens.scopes is None else sorted(tokens.scopes),
        "issued_at": tokens.issued_at,
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "refresh_due_at": tokens.refresh_due_at,
    }


async def save_unlinked(connection: AsyncConnection, account: Account) -> None:
    """End the link and erase its tokens; the caller holds the row's lock."""
    await connection.execute(
        update(_account)
        .where(_account.c.id == account.id)
        .values(
            state=AccountState.UNLINKED.value,
            reason=AccountReason.UNLINKED_BY_PERSON.value,
            state_since=func.clock_timestamp(),
            ended_at=func.clock_timestamp(),
            ended_reason=AccountReason.UNLINKED_BY_PERSON.value,
            token_version=account.token_version + 1,
            link_id=new_link_id(),
            access_sealed=None,
            refresh_sealed=None,
            key_id=None,
            refresh_try_at=None,
            refresh_due_at=None,
            run_id=None,
            sync_due_at=None,
            listing_digest=None,
        )
    )


async def save_without_tokens(connection: AsyncConnection, account: Account) -> None:
    """Erase tokens that nobody can open any more; the caller holds the row's lock."""
    await connection.execute(
        update(_account)
        .where(_account.c.id == account.id)
        .values(
            token_version=account.token_version + 1,
            access_sealed=None,
            refresh_sealed=None,
            key_id=None,
        )
    )


async def load_ids_under(connection: AsyncConnection, key_id: str) -> list[int]:
    """The accounts whose tokens this sealing key sealed."""
    query = select(_account.c.id).where(_account.c.key_id == key_id).order_by(_account.c.id)
    return list((await connection.execute(query)).scalars())


async def save_restricted(
    connection: AsyncConnection, account: Account, *, restricted: bool
) -> bool:
    """Note what the host says of the person; true if that is new and the link still stands."""
    query = (
        update(_account)
        .where(
            _account.c.id == account.id,
            _account.c.link_id == account.link_id,
            _account.c.restricted != restricted,
        )
        .values(restricted=restricted)
    )
    return (await connection.execute(query)).rowcount == 1


async def save_state(
    connection: AsyncConnection,
    account: Account,
    *,
    state: AccountState,
    reason: AccountReason | None,
    rejections: int,
    try_in: timedelta | None = None,
) -> bool:
    """
    Turn the account as it was read into ``state``; true if link and version still stood.

    A state that ends access stamps ``ended_at``, fences a running listing and stops the
    schedule of syncs. Without ``try_in`` the time of the next refresh stays as it is.
    """
    values: dict[str, object] = {
        "state": state.value,
        "reason": reason.value if reason else None,
        "rejections": rejections,
    }
    if try_in is not None:
        values["refresh_try_at"] = func.clock_timestamp() + try_in
    if state is not account.state:
        values["state_since"] = func.clock_timestamp()
    if state not in LIVING and account.state in LIVING:
        values |= {
            "ended_at": func.clock_timestamp(),
            "ended_reason": reason.value if reason else None,
            "run_id": None,
            "sync_due_at": None,
            "listing_digest": None,
        }
    query = (
        update(_account)
        .where(
            _account.c.id == account.id,
            _account.c.link_id == account.link_id,
            _account.c.token_version == account.token_version,
            _account.c.state == account.state.value,
        )
        .values(**values)
    )
    return (await connection.execute(query)).rowcount == 1
