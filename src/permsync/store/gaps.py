"""
Gaps: the owners that an account's last listing left out, and how old their rows are.

What is decided here: a gap keeps the age that its owner's rows had when it opened, until
the owner is listed again (EVIDENCE R4). This module must not know how a host says that it
left somebody out.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LOAD = text("SELECT owner_id, as_of FROM account_gap WHERE account_id = :account_id")
_OPEN = text("""
INSERT INTO account_gap (account_id, owner_id, as_of)
SELECT :account_id, owner_id, :as_of FROM unnest(CAST(:owners AS text[])) AS owner_id
ON CONFLICT DO NOTHING
""")
_CLOSE = text("""
DELETE FROM account_gap WHERE account_id = :account_id AND owner_id <> ALL (CAST(:kept AS text[]))
""")
_OWNERS = text("""
SELECT repository.id, repository.owner_id FROM "grant" AS one
JOIN repository ON repository.id = one.repository_id
WHERE one.account_id = :account_id AND one.source = 'account_listing'
    AND repository.owner_id = ANY (CAST(:owners AS text[]))
""")


async def load(connection: AsyncConnection, account_id: int) -> dict[str, datetime | None]:
    """The owners left out last, and the age of their rows."""
    rows = await connection.execute(_LOAD, {"account_id": account_id})
    return {row.owner_id: row.as_of for row in rows}


async def load_owners(
    connection: AsyncConnection, account_id: int, owners: Collection[str]
) -> dict[int, str]:
    """The account's own rows of these owners: repository and owner."""
    about = {"account_id": account_id, "owners": list(owners)}
    return {row.id: row.owner_id for row in await connection.execute(_OWNERS, about)}


async def save(
    connection: AsyncConnection,
    account_id: int,
    owners: Collection[str],
    *,
    known: Mapping[str, datetime | None],
    as_of: datetime | None,
) -> None:
    """
    These owners are the gaps now.

    ``as_of`` is the listing before this one: the age at which a new gap stands still.
    """
    if owners == known.keys():
        return
    about = {"account_id": account_id, "as_of": as_of}
    await connection.execute(_CLOSE, {"account_id": account_id, "kept": list(owners)})
    await connection.execute(_OPEN, {**about, "owners": sorted(owners)})
