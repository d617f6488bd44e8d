"""
Retires a sealing key for ever, once nothing needs it.

What is decided here: what stands in the way, said with numbers. That nothing can need the
key afterwards is PostgreSQL's to enforce, for this process and every other (``store.columns``).
This module must not know a key.
"""

from permsync.errors import SealingKeyError, SealingKeyInUseError, UnknownError
from permsync.flows.deps import Services
from permsync.store import attempts, audit, sealed_values, sealing_keys
from permsync.store.audit import Action
from permsync.store.sealed_values import KeyUse


async def retire_key(services: Services, key_id: str) -> bool:
    """
    Retire the key; false if it was retired before.

    Raises ``UnknownError`` for a key that this database never met, and
    ``SealingKeyInUseError`` for the primary one and for one that a row needs.
    """
    if key_id == services.vault.primary_key_id:
        raise SealingKeyInUseError(
            place=f"sealing key {key_id}", cure="it is the primary one: put another key first"
        )
    try:
        async with services.database.begin() as connection:
            if key_id not in await sealing_keys.load_all(connection):
                raise UnknownError(what="sealing key", name=key_id)
            await attempts.forget_over(connection)
            uses = [
                one for one in await sealed_values.load_uses(connection) if one.key_id == key_id
            ]
            if uses:
                raise _in_use(key_id, uses)
            retired = await sealing_keys.retire(connection, key_id)
            if retired:
                entry = audit.Entry(
                    action=Action.SEALING_KEY_RETIRED, actor="operator", code=key_id
                )
                await audit.record(connection, entry)
    except SealingKeyError:
        # A row was written with it between the look and the retirement.
        raise _in_use(key_id, []) from None
    return retired


def _in_use(key_id: str, uses: list[KeyUse]) -> SealingKeyInUseError:
    rows = ", ".join(
        f"{use.rows} in {use.table}" for use in sorted(uses, key=lambda one: one.table)
    )
    return SealingKeyInUseError(
        place=f"sealing key {key_id}",
        cure=f"rows need it ({rows or 'written just now'}): start every process with the settings"
        " of today, run permsync keys rotate, and retire it then",
    )
