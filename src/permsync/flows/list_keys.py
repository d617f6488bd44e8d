"""
Lists the sealing keys: those of the settings and those that the database has met.

A key is shown by its id, which tells nothing of it. This module must not know a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from permsync.flows.deps import Services
from permsync.store import sealed_values, sealing_keys


@dataclass(frozen=True, slots=True)
class ShownKey:
    """
    One sealing key. ``values`` counts what it sealed, by table.

    ``primary_since`` is the first start of a process that sealed with it, ``last_used_at``
    the last such start.
    """

    key_id: str
    primary: bool
    configured: bool
    primary_since: datetime | None
    last_used_at: datetime | None
    retired_at: datetime | None
    values: Mapping[str, int]


async def list_keys(services: Services) -> list[ShownKey]:
    """The configured keys in their order, then the others."""
    configured = services.vault.key_ids
    async with services.database.begin() as connection:
        known = await sealing_keys.load_all(connection)
        uses = await sealed_values.load_uses(connection)
    others = [key_id for key_id in known if key_id not in configured]
    return [
        ShownKey(
            key_id=key_id,
            primary=key_id == services.vault.primary_key_id,
            configured=key_id in configured,
            primary_since=known[key_id].first_used_at,
            last_used_at=known[key_id].last_used_at,
            retired_at=known[key_id].retired_at,
            values={use.table: use.values for use in uses if use.key_id == key_id and use.values},
        )
        for key_id in (*configured, *others)
    ]
