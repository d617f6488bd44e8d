"""
Ends what a lost sealing key sealed, so that the service can start without it.

What is decided here: an account whose tokens are gone ends with a reason of its own and a wish
to reconnect, in one commit each; whatever else lay under the key is erased; the key is retired.
It may be killed and begun again. This module must not be reached by anything but an operator's
command: a key that is only missing must never end an account.
"""

from dataclasses import dataclass

from permsync.errors import SealingKeyInUseError, UnknownError
from permsync.flows.deps import Services
from permsync.flows.end_access import note_end, state_change, state_entry
from permsync.flows.retire_key import retire_key
from permsync.model import LIVING, Account, AccountReason, AccountState
from permsync.store import (
    accounts,
    audit,
    changes,
    refresh_attempts,
    runs,
    sealed_values,
    sealing_keys,
)
from permsync.store.engine import Connection

LOST = AccountReason.SEALING_KEY_LOST


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many accounts must be linked again, and how many other rows were erased."""

    accounts: int
    others: int


async def forget_key(services: Services, key_id: str) -> Forgotten:
    """
    Forget everything that this key sealed, and retire it.

    Raises ``SealingKeyInUseError`` for a key that is configured, which is not lost, and
    ``UnknownError`` for one that this database never met.
    """
    if key_id in services.vault.key_ids:
        cure = "it is configured, so what it sealed can be opened: rotate and retire it"
        raise SealingKeyInUseError(place=f"sealing key {key_id}", cure=cure)
    async with services.database.begin() as connection:
        if key_id not in await sealing_keys.load_all(connection):
            raise UnknownError(what="sealing key", name=key_id)
        concerned = await accounts.load_ids_under(connection, key_id)
    for account_id in concerned:
        async with services.database.begin() as connection:
            ended = await _end(connection, account_id)
        if ended is not None:
            note_end(ended, reason=LOST)
    async with services.database.begin() as connection:
        others = await sealed_values.delete_under(connection, key_id)
    await retire_key(services, key_id)
    return Forgotten(accounts=len(concerned), others=others)


async def _end(connection: Connection, account_id: int) -> Account | None:
    """Take its tokens from the account; returns it where it had access until then."""
    account = await accounts.load_locked(connection, account_id)
    assert account is not None  # noqa: S101 - accounts are never deleted
    await refresh_attempts.fence(connection, account_id)
    if account.state in LIVING:
        state = AccountState.NEEDS_REAUTH
        await accounts.save_state(
            connection, account, state=state, reason=LOST, rejections=account.rejections
        )
        await runs.abandon(connection, account_id, failure=LOST.value)
        await audit.record(connection, state_entry(account, state, LOST))
        await changes.append(connection, [state_change(account, state)])
    await accounts.save_without_tokens(connection, account)
    return account if account.state in LIVING else None
