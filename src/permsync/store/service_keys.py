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

from permsync.rules.lending import LendingRight
from permsync.store import schema

_key = schema.service_key


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """
    A key that lets a program call the API, without the key itself.

    ``lends`` says for which hosts and people it may be lent tokens.
    """

    id: int
    name: str
    scopes: frozenset[str]
    lends: LendingRight
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


async def save(
    connection: AsyncConnection,
    *,
    name: str,
    key_hash: bytes,
    scopes: Iterable[str],
    lends: LendingRight,
    expires_at: datetime | None,
) -> ServiceKey | None:
    """Create a key; ``None`` where the name is taken."""
    query = (
        upsert(_key)
        .values(
            name=name,
            key_hash=key_hash,
            scopes=sorted(scopes),
            lend_hosts=sorted(lends.hosts),
            lend_users=sorted(lends.users),
            expires_at=expires_at,
        )
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
    return ServiceKey(
        id=row["id"],
        name=row["name"],
        scopes=frozenset(row["scopes"]),
        lends=LendingRight(frozenset(row["lend_hosts"]), frozenset(row["lend_users"])),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
