"""
Admits the sealing keys of a starting process, or stops the start.

What is decided here: every lasting value can be opened and nothing will be sealed with a
retired key, or the process does not start; better no start than no tokens. Nothing but the
list of known keys is written. This module must not know a key.
"""

from collections.abc import Mapping, Sequence

from permsync.errors import SealingKeyError
from permsync.store import audit, sealed_values, sealing_keys
from permsync.store.audit import Action
from permsync.store.engine import Database
from permsync.store.sealing_keys import KnownKey
from permsync.telemetry import Event, logger
from permsync.vault import Vault

log = logger(__name__)


async def admit_keys(database: Database, vault: Vault, *, lost: str | None = None) -> None:
    """
    Note the vault's keys as in use; raises ``SealingKeyError`` where they are not right.

    ``lost`` is a key that the operator gives up: it may be missing.
    """
    async with database.begin() as connection:
        uses = sealed_values.lasting(await sealed_values.load_uses(connection))
        _refuse_missing({use.key_id for use in uses} - {lost}, vault.key_ids)
        known = await sealing_keys.load_all(connection)
        _refuse_retired(known, vault.primary_key_id)
        retired = [one for one in vault.key_ids if one in known and known[one].retired_at]
        living = [one for one in vault.key_ids if one not in retired]
        if await sealing_keys.admit(connection, living, primary=vault.primary_key_id):
            await audit.record(connection, _first_use(vault.primary_key_id))
    for key_id in retired:
        log.warning(Event.SEALING_KEY_RETIRED, key_id=key_id, cure="remove it from sealing_keys")


def _refuse_missing(needed: set[str], configured: Sequence[str]) -> None:
    missing = needed - set(configured)
    if missing:
        raise SealingKeyError(
            place="sealing_keys",
            cure=f"stored tokens need the key {', '.join(sorted(missing))}, but only"
            f" {', '.join(configured)} is configured; add the missing key to the list",
        )


def _refuse_retired(known: Mapping[str, KnownKey], primary: str) -> None:
    key = known.get(primary)
    if key is not None and key.retired_at is not None:
        raise SealingKeyError(
            place="sealing_keys",
            cure=f"its first key, {primary}, was retired at {key.retired_at:%Y-%m-%d %H:%M} UTC:"
            " put a key first that is not, and remove this one",
        )


def _first_use(key_id: str) -> audit.Entry:
    return audit.Entry(action=Action.SEALING_KEY_FIRST_USED, actor="operator", code=key_id)
