"""
The sealing keys that this database has met: when each was used, and that one is retired.

What is decided here: a key is known by its id only, and a retired one stays known for ever.
That no row can name a retired key is PostgreSQL's to enforce (``store.columns``), so it holds
for a process that still runs with old settings. This module must not know a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store import schema

_key = schema.sealing_key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """
    A key that was configured once.

    ``first_used_at`` and ``last_used_at`` are the first and the last start of a process that
    sealed with it; both are ``None`` for a key that only ever opened.
    """

    key_id: str
    seen_at: datetime
    first_used_at: datetime | None
    last_used_at: datetime | None
    retired_at: datetime | None


async def load_all(connection: AsyncConnection) -> dict[str, KnownKey]:
    """Every known key by its id, in the order of their first use."""
    query = select(_key).order_by(_key.c.first_used_at.nulls_last(), _key.c.seen_at, _key.c.key_id)
    found = (await connection.execute(query)).mappings()
    return {
        row["key_id"]: KnownKey(**{name: row[name] for name in KnownKey.__dataclass_fields__})
        for row in found
    }


async def admit(connection: AsyncConnection, key_ids: Sequence[str], *, primary: str) -> bool:
    """Note the keys of a starting process; true if nobody sealed with ``primary`` before."""
    await connection.execute(
        insert(_key).on_conflict_do_nothing(), [{"key_id": one} for one in sorted(key_ids)]
    )
    first = update(_key).where(_key.c.key_id == primary, _key.c.first_used_at.is_(None))
    is_new = await connection.execute(first.values(first_used_at=func.clock_timestamp()))
    await connection.execute(
        update(_key).where(_key.c.key_id == primary).values(last_used_at=func.clock_timestamp())
    )
    return is_new.rowcount == 1


async def retire(connection: AsyncConnection, key_id: str) -> bool:
    """
    Retire a key for ever; false if it is unknown or retired already.

    Raises ``SealingKeyError`` at the end of the transaction where a row names it.
    """
    query = (
        update(_key)
        .where(_key.c.key_id == key_id, _key.c.retired_at.is_(None))
        .values(retired_at=func.clock_timestamp())
    )
    return (await connection.execute(query)).rowcount == 1
