"""
Browser sessions: only their hashes are stored.

This module must not know cookies; it finds the user behind a hash.
"""

from datetime import timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import User
from permsync.store import schema
from permsync.store.rows import user_of

_session = schema.session
_user = schema.user


async def save(
    connection: AsyncConnection, *, token_hash: bytes, user_id: int, lives_in: timedelta
) -> None:
    """Begin a session."""
    await connection.execute(
        insert(_session).values(
            token_hash=token_hash, user_id=user_id, expires_at=func.clock_timestamp() + lives_in
        )
    )


async def load_user(connection: AsyncConnection, token_hash: bytes) -> User | None:
    """The user of a living session, unless the user is disabled."""
    query = (
        select(_user)
        .join(_session)
        .where(
            _session.c.token_hash == token_hash,
            _session.c.expires_at > func.clock_timestamp(),
            _user.c.disabled_at.is_(None),
        )
    )
    row = (await connection.execute(query)).mappings().first()
    return user_of(row) if row else None


async def delete_one(connection: AsyncConnection, token_hash: bytes) -> None:
    """End one session."""
    await connection.execute(delete(_session).where(_session.c.token_hash == token_hash))


async def delete_of_user(connection: AsyncConnection, user_id: int) -> None:
    """End every session of a user."""
    await connection.execute(delete(_session).where(_session.c.user_id == user_id))


async def delete_expired(connection: AsyncConnection) -> int:
    """Forget the sessions that are over; returns how many there were."""
    query = delete(_session).where(_session.c.expires_at <= func.clock_timestamp())
    return (await connection.execute(query)).rowcount
