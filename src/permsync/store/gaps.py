"""
Gaps: the owners that an account's last listing left out, and how old their rows are.

What is decided here: a gap keeps the age that its owner's rows had when it opened, until
the owner is listed again (EVIDENCE R4). This module must not know how a host says that it
left somebody out.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LeftOut

_LOAD = text("SELECT owner_id, as_of FROM account_gap WHERE account_id = :account_id")
_OPEN = text("""
INSERT INTO account_gap (account_id, owner_id, as_of, to_approve)
SELECT :account_id, owner_id, :as_of, owner_id = ANY (CAST(:to_approve AS text[]))
FROM unnest(CAST(:owners AS text[])) AS owner_id
ON CONFLICT (account_id, owner_id) DO UPDATE SET to_approve = excluded.to_approve
WHERE account_gap.to_approve <> excluded.to_approve
""")
_CLOSE = text("""
DELETE FROM account_gap WHERE account_id = :account_id AND owner_id <> ALL (CAST(:kept AS text[]))
""")
# Hosts that are listed by owner begin a repository's name with its owner's.
_SHOWN = text("""
SELECT gap.account_id, gap.owner_id, gap.to_approve, one.full_name
FROM account_gap AS gap JOIN account ON account.id = gap.account_id
LEFT JOIN LATERAL (
    SELECT repository.full_name FROM repository
    WHERE repository.host = account.host AND repository.owner_id = gap.owner_id
        AND repository.full_name IS NOT NULL
    LIMIT 1
) AS one ON true
WHERE gap.account_id = ANY (CAST(:account_ids AS bigint[]))
ORDER BY gap.account_id, gap.owner_id
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
    to_approve: Collection[str],
    known: Mapping[str, datetime | None],
    as_of: datetime | None,
) -> None:
    """
    These owners are the gaps now; ``to_approve`` are those that wait for single sign-on.

    ``as_of`` is the listing before this one: the age at which a new gap stands still.
    """
    if not owners and not known:
        return
    await connection.execute(_CLOSE, {"account_id": account_id, "kept": list(owners)})
    await connection.execute(
        _OPEN,
        {
            "account_id": account_id,
            "as_of": as_of,
            "owners": sorted(owners),
            "to_approve": sorted(to_approve),
        },
    )


async def load_shown(
    connection: AsyncConnection, account_ids: Sequence[int]
) -> dict[int, tuple[LeftOut, ...]]:
    """What each of these accounts was not shown, by owner; accounts without gaps are absent."""
    found: dict[int, list[LeftOut]] = {}
    for row in await connection.execute(_SHOWN, {"account_ids": list(account_ids)}):
        name = row.full_name and row.full_name.partition("/")[0]
        found.setdefault(row.account_id, []).append(LeftOut(row.owner_id, name, row.to_approve))
    return {account_id: tuple(gaps) for account_id, gaps in found.items()}
