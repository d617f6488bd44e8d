"""
Service keys: only their hashes are stored.

This module must not know what a scope allows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store import schema

_key = schema.service_key


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """A key that lets a program call the API, without the key itself."""

    id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def save(
    connection: AsyncConnection,
    *,
    name: str,
    key_hash: bytes,
    scopes: Iterable[str],
    expires_at: datetime | None,
) -> ServiceKey | None:
    """Create a key; ``None`` where the name is taken."""
    query = (
        upsert(_key)
        .values(name=name, key_hash=key_hash, scopes=sorted(scopes), expires_at=expires_at)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(_key)
    )
    row = (await connection.execute(query)).mappings().first()
    return _key_of(row) if row else None


async def load_living(connection: AsyncConnection, key_hash: bytes) -> ServiceKey | None:
    """The key with this hash, unless it is revoked or expired."""
    query = select(_key).where(
        _key.c.key_hash == key_hash,
        _key.c.revoked_at.is_(None),
        or_(_key.c.expires_at.is_(None), _key.c.expires_at > func.clock_timestamp()),
    )
    row = (await connection.execute(query)).mappings().first()
    return _key_of(row) if row else None


async def load_all(connection: AsyncConnection) -> Sequence[ServiceKey]:
    """Every key, revoked ones too, by name."""
    rows = await connection.execute(select(_key).order_by(_key.c.name))
    return [_key_of(row) for row in rows.mappings()]


async def save_revoked(connection: AsyncConnection, name: str) -> bool:
    """Revoke a key; false where no living one has this name."""
    query = (
        update(_key)
        .where(_key.c.name == name, _key.c.revoked_at.is_(None))
        .values(revoked_at=func.clock_timestamp())
    )
    return (await connection.execute(query)).rowcount == 1


def _key_of(row: RowMapping) -> ServiceKey:
    values = {name: row[name] for name in ServiceKey.__dataclass_fields__}
    return ServiceKey(**{**values, "scopes": frozenset(values["scopes"])})
