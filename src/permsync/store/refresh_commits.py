"""
The commit of new tokens, and of what a refusal made of an account.

What is decided here: every write is a compare-and-set on link and version, only token
columns move, and the attempt's end is in the same commit (I3, I4). The usual case is one
statement. This module must not know which answer leads to which write.
"""

from datetime import timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Account, AccountReason, AccountState
from permsync.rules.refresh import Outcome
from permsync.store import schema
from permsync.store.accounts import SealedTokens, token_columns
from permsync.store.refresh_attempts import IS_LIVE, closing

_account = schema.account
_attempt = schema.refresh_attempt


async def adopt_at_once(
    connection: AsyncConnection, account: Account, attempt_id: int, tokens: SealedTokens
) -> bool:
    """
    Commit new tokens of a healthy account and close their attempt, in one statement.

    False, and nothing written, where link, version or state moved meanwhile or somebody took
    the attempt over: what the tokens mean then is decided on what is stored by then.
    """
    owned = select(_attempt.c.id).where(_attempt.c.id == attempt_id, IS_LIVE)
    won = (
        update(_account)
        .where(
            _account.c.id == account.id,
            _account.c.link_id == account.link_id,
            _account.c.token_version == account.token_version,
            _account.c.state == AccountState.ACTIVE.value,
            exists(owned),
        )
        .values(_adopting(account, tokens))
        .returning(_account.c.id)
        .cte("won")
    )
    closed = (
        update(_attempt)
        .where(_attempt.c.id == attempt_id, exists(select(won.c.id)))
        .values(closing(Outcome.ADOPTED))
        .returning(_attempt.c.id)
        .cte("closed")
    )
    query = select(func.count()).select_from(won).add_cte(closed)
    return bool((await connection.execute(query)).scalar_one())


def _adopting(account: Account, tokens: SealedTokens) -> dict[str, object]:
    return {
        "token_version": account.token_version + 1,
        "rejections": 0,
        "refresh_faults": 0,
        "refresh_try_at": None,
        **token_columns(tokens),
    }


async def adopt(
    connection: AsyncConnection,
    account: Account,
    tokens: SealedTokens,
    *,
    state: AccountState,
    reason: AccountReason | None,
) -> bool:
    """
    Commit new tokens and the state that they bring; the caller holds the account's row.

    Where they disprove that the credential was dead, what ended with it counts again
    (EVIDENCE R10), and the account is listed at once.
    """
    revived = state in LIVING and account.state not in LIVING
    values = _adopting(account, tokens) | {
        "state": state.value,
        "reason": reason.value if reason else None,
    }
    if state is not account.state:
        values["state_since"] = func.clock_timestamp()
    if revived:
        values |= {"ended_at": None, "ended_reason": None, "sync_due_at": func.clock_timestamp()}
    query = update(_account).where(
        _account.c.id == account.id,
        _account.c.link_id == account.link_id,
        _account.c.token_version == account.token_version,
    )
    return (await connection.execute(query.values(values))).rowcount == 1


async def save_faults(
    connection: AsyncConnection, account: Account, *, faults: int, due_in: timedelta | None
) -> None:
    """
    Note how many tries in a row said nothing definite, and when a refresh is due again.

    ``None`` leaves the time as it is.
    """
    values: dict[str, object] = {"refresh_faults": faults}
    if due_in is not None:
        values["refresh_due_at"] = func.clock_timestamp() + due_in
    await connection.execute(
        update(_account)
        .where(_account.c.id == account.id, _account.c.link_id == account.link_id)
        .values(values)
    )
