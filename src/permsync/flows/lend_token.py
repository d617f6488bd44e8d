"""
Lends a fresh access token to another program, under the rules of everybody who needs one.

The right is judged first, on facts of one moment; the token comes from ``fresh_token`` like
any other; and the audit entry is committed before the token leaves, in a transaction that
sees the account and its person as they are then. The token is never logged. This module
must not decide who may borrow; ``rules.lending`` does.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from permsync.errors import (
    LendingRefusal,
    LendingRefusedError,
    TokenUnavailableError,
    UnknownError,
)
from permsync.flows.deps import Services
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.model import Account
from permsync.rules.lending import (
    ENDS_WITH_REFRESH,
    EVERYTHING,
    Borrowed,
    LendingRight,
    refusal_of,
    remaining_wanted,
)
from permsync.store import accounts, audit, engine, users
from permsync.store.audit import Action
from permsync.store.engine import Connection

# A token that moved on between its reading and its audit entry is read again, so often.
MOST_READS = 3


@dataclass(frozen=True, slots=True)
class LentToken:
    """
    An access token on loan. ``expires_at`` is ``None`` where it does not expire.

    ``ends_with_refresh`` says that the next refresh, whoever needs it, ends this token.
    """

    access_token: str = field(repr=False)
    account: Account
    version: int
    expires_at: datetime | None
    scopes: frozenset[str] | None
    ends_with_refresh: bool


@dataclass(frozen=True, slots=True)
class Borrower:
    """Who borrows, as the audit trail names them, and for which accounts they may."""

    actor: str
    right: LendingRight


OPERATOR = Borrower("operator", EVERYTHING)


async def lend_token(
    services: Services,
    account_id: int,
    *,
    borrower: Borrower,
    min_remaining: timedelta = timedelta(),
) -> LentToken:
    """
    A fresh access token of this account.

    ``min_remaining`` is a wish, capped; ``expires_at`` says what came of it. Raises
    ``LendingRefusedError``, and ``UnknownError`` only to whom every account is open.
    """
    for _ in range(MOST_READS):
        async with services.database.begin() as connection:
            account = await _judge(services, connection, account_id, borrower=borrower)
        token = await _fresh(services, account, min_remaining=min_remaining)
        async with services.database.begin() as connection:
            account = await _judge(services, connection, account_id, borrower=borrower)
            if (account.link_id, account.token_version) == (token.link_id, token.version):
                await audit.record(connection, _entry(account, borrower))
                return _lent(services, account, token)
    raise LendingRefusedError(LendingRefusal.TRY_AGAIN, retry_in=services.durations.refresh_poll)


async def _judge(
    services: Services, connection: Connection, account_id: int, *, borrower: Borrower
) -> Account:
    """The account, if it may be lent from at this moment."""
    account = await accounts.load(connection, account_id)
    user = await users.load(connection, account.user_id) if account is not None else None
    wanted = None
    if account is not None and user is not None:
        configured = services.hosts.get(account.host)
        wanted = Borrowed(account, user, host_lends=configured is not None and configured.lends)
    elif borrower.right == EVERYTHING:
        raise UnknownError(what="account", name=str(account_id))
    refusal = refusal_of(wanted, borrower.right)
    if refusal is not None or wanted is None:
        raise LendingRefusedError(refusal or LendingRefusal.NOT_ALLOWED)
    return wanted.account


async def _fresh(services: Services, account: Account, *, min_remaining: timedelta) -> FreshToken:
    """A token of the account; one that is too near its end only where no other can be had."""
    try:
        token = await fresh_token(services, account.id)
    except TokenUnavailableError as error:
        raise await _refused(services, account, error) from None
    if not await _is_too_short(services, account, token, asked=min_remaining):
        return token
    try:
        return await fresh_token(services, account.id, rejected_version=token.version)
    except TokenUnavailableError:
        return token


async def _is_too_short(
    services: Services, account: Account, token: FreshToken, *, asked: timedelta
) -> bool:
    if token.expires_at is None:
        return False
    async with services.database.begin() as connection:
        now = await engine.database_now(connection)
        account = await accounts.load(connection, account.id) or account
    least = remaining_wanted(
        asked,
        most=services.durations.lend_remaining_most,
        lifetime=token.expires_at - account.issued_at,
        margin=services.durations.refresh_margin,
        rotation=services.host(account.host).host.rotation,
    )
    return token.expires_at - now < least


async def _refused(
    services: Services, account: Account, error: TokenUnavailableError
) -> LendingRefusedError:
    """Why there is no token: what the account turned into, or that time will tell."""
    async with services.database.begin() as connection:
        now = await accounts.load(connection, account.id) or account
        user = await users.load(connection, now.user_id)
    refusal = refusal_of(Borrowed(now, user, host_lends=True), EVERYTHING) if user else None
    if refusal is not None:
        return LendingRefusedError(refusal)
    retry_in = error.retry_in or services.durations.refresh_backoff
    return LendingRefusedError(LendingRefusal.TRY_AGAIN, retry_in=retry_in)


def _entry(account: Account, borrower: Borrower) -> audit.Entry:
    return audit.Entry(
        action=Action.TOKEN_LENT,
        actor=borrower.actor,
        user_id=account.user_id,
        account_id=account.id,
        host=account.host,
        token_version=account.token_version,
    )


def _lent(services: Services, account: Account, token: FreshToken) -> LentToken:
    return LentToken(
        access_token=token.access_token,
        account=account,
        version=token.version,
        expires_at=token.expires_at,
        scopes=token.scopes,
        ends_with_refresh=services.host(account.host).host.rotation in ENDS_WITH_REFRESH,
    )
