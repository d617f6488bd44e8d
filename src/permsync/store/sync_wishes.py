"""
Who asked for a sync, until the run that answers them begins.

What is decided here: one wish an account, the newest one's; whichever run is claimed next
answers it, whatever had that run queued. The job itself is in the queue (``store.queue``).
This module must not know who may ask.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_SAVE = text("""
INSERT INTO sync_wish (account_id, actor) VALUES (:account_id, :actor)
ON CONFLICT (account_id) DO UPDATE SET actor = excluded.actor, at = clock_timestamp()
""")
_TAKE = text("DELETE FROM sync_wish WHERE account_id = :account_id RETURNING actor")

_WAITS = text("SELECT EXISTS (SELECT FROM sync_wish WHERE account_id = :account_id)")


async def save(connection: AsyncConnection, *, account_id: int, actor: str) -> None:
    """Remember who wants a sync of this account."""
    await connection.execute(_SAVE, {"account_id": account_id, "actor": actor})


async def load_waits(connection: AsyncConnection, account_id: int) -> bool:
    """Whether somebody wants one that has not begun."""
    return bool((await connection.execute(_WAITS, {"account_id": account_id})).scalar_one())


async def take(connection: AsyncConnection, account_id: int) -> str | None:
    """Who wanted one; they are answered from here on, or their wish is withdrawn."""
    actor: str | None = (
        await connection.execute(_TAKE, {"account_id": account_id})
    ).scalar_one_or_none()
    return actor
