"""
What is known of a repository that somebody misses: which one is meant, and when it was lost.

This module must not know who may see what.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Repository
from permsync.store.rows import repository_of

_NAMED = text("""
SELECT * FROM repository
WHERE host = :host AND gone_at IS NULL AND lower(full_name) = ANY (
    ARRAY(SELECT lower(one) FROM unnest(CAST(:names AS text[])) AS one)
)
ORDER BY length(full_name) DESC, full_name = ANY (CAST(:names AS text[])) DESC LIMIT 1
""")
_LOST = text("""
SELECT account_id, max(at) AS at FROM change
WHERE repository_id = :repository_id AND kind = 'grant' AND became IS NULL
    AND account_id = ANY (CAST(:account_ids AS bigint[]))
GROUP BY account_id
""")
_HELD = text("""
SELECT DISTINCT account_id FROM "grant"
WHERE repository_id = :repository_id AND account_id = ANY (CAST(:account_ids AS bigint[]))
""")


async def load_named(
    connection: AsyncConnection, *, host: str, names: Collection[str]
) -> Repository | None:
    """
    The repository that has one of these names now; of several the longest name's.

    Hosts take names in small and capital letters.
    """
    about = {"host": host, "names": list(names)}
    row = (await connection.execute(_NAMED, about)).mappings().first()
    return repository_of(row) if row else None


async def load_lost(
    connection: AsyncConnection, repository_id: int, *, account_ids: Sequence[int]
) -> dict[int, datetime]:
    """When each of these accounts last lost a row of the repository; the others are absent."""
    about = {"repository_id": repository_id, "account_ids": list(account_ids)}
    return {row.account_id: row.at for row in await connection.execute(_LOST, about)}


async def load_held(
    connection: AsyncConnection, repository_id: int, *, account_ids: Sequence[int]
) -> frozenset[int]:
    """Those of these accounts that have a row of the repository."""
    about = {"repository_id": repository_id, "account_ids": list(account_ids)}
    return frozenset((await connection.execute(_HELD, about)).scalars())
