"""
Pairs: rows that one ask or one removal writes, by source, and what they leave behind.

What is decided here: whoever writes a row of an account's own listing clears that
account's digest, so that its next listing reads the rows. This module must not decide
what to write.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import LIVING, Level, Source
from permsync.store.changes import Change, ChangeKind

_LIVING = [state.value for state in LIVING]


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of grants without what it says."""

    account_id: int
    repository_id: int
    source: Source


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows: each field that is ``None`` stands for all. See ``store.fences.Fence``."""

    host: str
    external_id: str | None = None
    repository_id: int | None = None
    owner_id: str | None = None


# The age of a row (EVIDENCE, Columns); what nothing dates is older than everything.
_REMOVE = text("""
DELETE FROM "grant" AS one
USING repository CROSS JOIN account LEFT JOIN account_gap AS gap
    ON gap.account_id = account.id AND gap.owner_id = repository.owner_id
WHERE one.repository_id = repository.id AND one.account_id = account.id
    AND repository.host = :host AND account.host = :host
    AND (CAST(:external_id AS text) IS NULL OR account.external_id = :external_id)
    AND (CAST(:repository_id AS bigint) IS NULL OR repository.id = :repository_id)
    AND (CAST(:owner_id AS text) IS NULL OR repository.owner_id = :owner_id)
    AND coalesce(
        CASE WHEN one.missed THEN one.as_of ELSE greatest(one.as_of, CASE
            WHEN one.source = 'repo_listing' THEN repository.listed_at
            WHEN gap.owner_id IS NULL THEN account.listed_at
            ELSE gap.as_of
        END) END, '-infinity') <= :aged_to
RETURNING one.account_id, one.repository_id, one.source
""")
# Accounts before their rows, in one order: whoever writes rows of several waits here.
_LOCK = text("""
SELECT account.id FROM account WHERE account.host = :host AND (
    account.id = CAST(:also AS bigint)
    OR ((CAST(:external_id AS text) IS NULL OR account.external_id = :external_id)
        AND EXISTS (
            SELECT FROM "grant" AS one JOIN repository ON repository.id = one.repository_id
            WHERE one.account_id = account.id
                AND (CAST(:repository_id AS bigint) IS NULL OR repository.id = :repository_id)
                AND (CAST(:owner_id AS text) IS NULL OR repository.owner_id = :owner_id)
        ))
) ORDER BY account.id FOR UPDATE
""")
_REMOVE_PENDING = text("""
DELETE FROM pending_grant AS one USING repository
WHERE one.repository_id = repository.id AND one.host = :host
    AND (CAST(:external_id AS text) IS NULL OR one.external_id = :external_id)
    AND (CAST(:repository_id AS bigint) IS NULL OR repository.id = :repository_id)
    AND (CAST(:owner_id AS text) IS NULL OR repository.owner_id = :owner_id)
    AND coalesce(
        CASE WHEN one.missed THEN one.as_of ELSE greatest(one.as_of, repository.listed_at) END,
        '-infinity') <= :aged_to
""")
_CLEAR_DIGESTS = text("""
UPDATE account SET listing_digest = NULL FROM (
    SELECT id FROM account
    WHERE id = ANY (CAST(:ids AS bigint[])) AND listing_digest IS NOT NULL
    ORDER BY id FOR UPDATE
) AS found WHERE account.id = found.id
""")
_OTHERS = text("""
SELECT account_id, repository_id, source FROM "grant"
WHERE account_id = :account_id AND repository_id = ANY (CAST(:ids AS bigint[]))
    AND source <> :source
""")
_SAVE_YES = text("""
INSERT INTO "grant" AS one (account_id, repository_id, source, level, as_of)
VALUES (:account_id, :repository_id, :source, :level, :as_of)
ON CONFLICT (account_id, source, repository_id) DO UPDATE
    SET level = excluded.level, as_of = excluded.as_of, missed = false
RETURNING (SELECT was.level FROM "grant" AS was WHERE was.account_id = one.account_id
    AND was.source = one.source AND was.repository_id = one.repository_id) AS was
""")
_SAVE_NO = text("""
DELETE FROM "grant"
WHERE account_id = :account_id AND repository_id = :repository_id AND source = :source
RETURNING level
""")
_MISSED = text("""
SELECT EXISTS (SELECT FROM "grant" WHERE missed
    AND account_id = :account_id AND repository_id = :repository_id AND source = :source)
""")
_HOLDERS = text("""
SELECT account_id FROM "grant"
WHERE repository_id = :repository_id AND source = 'account_listing' ORDER BY account_id
""")
# The one that was listed last is the likeliest to be able to.
_HOLDER = text("""
SELECT one.account_id FROM "grant" AS one
JOIN account ON account.id = one.account_id AND account.state = ANY (:living)
JOIN "user" ON "user".id = account.user_id AND "user".disabled_at IS NULL
WHERE one.repository_id = :repository_id AND one.source = 'account_listing'
ORDER BY account.listed_at DESC NULLS LAST, account.id LIMIT 1
""")
_OF_OWNER = text("""
SELECT account.id FROM account
JOIN "user" ON "user".id = account.user_id AND "user".disabled_at IS NULL
WHERE account.host = :host AND account.state = ANY (:living) AND (
    EXISTS (
        SELECT FROM "grant" AS one JOIN repository ON repository.id = one.repository_id
        WHERE one.account_id = account.id AND repository.owner_id = :owner_id
    ) OR EXISTS (
        SELECT FROM account_gap AS gap
        WHERE gap.account_id = account.id AND gap.owner_id = :owner_id
    )
) ORDER BY account.id
""")


async def remove(
    connection: AsyncConnection, scope: Scope, *, aged_to: datetime, also_lock: int | None = None
) -> tuple[list[Pair], list[Change]]:
    """
    Delete every source's rows in ``scope`` that are as old as ``aged_to`` or older.

    It locks the accounts whose rows they are first; ``also_lock`` is one that the caller
    writes as well.
    """
    about: dict[str, object] = {
        "host": scope.host,
        "external_id": scope.external_id,
        "repository_id": scope.repository_id,
        "owner_id": scope.owner_id,
        "aged_to": aged_to,
    }
    await connection.execute(_LOCK, {**about, "also": also_lock})
    await connection.execute(_REMOVE_PENDING, about)
    found = [
        Pair(row.account_id, row.repository_id, Source(row.source))
        for row in await connection.execute(_REMOVE, about)
    ]
    await clear_digests(connection, {one.account_id for one in found})
    return found, [removed(one) for one in found]


def removed(pair: Pair, *, run_id: int | None = None) -> Change:
    """The change row of a pair that left a source."""
    return Change(
        kind=ChangeKind.GRANT,
        account_id=pair.account_id,
        repository_id=pair.repository_id,
        source=pair.source.value,
        was="held",
        became=None,
        run_id=run_id,
    )


async def clear_digests(connection: AsyncConnection, account_ids: Iterable[int]) -> None:
    """Their rows are other than their last listing said: the next one must read them."""
    ids = sorted(account_ids)
    if ids:
        await connection.execute(_CLEAR_DIGESTS, {"ids": ids})


async def load_others(
    connection: AsyncConnection,
    *,
    account_id: int,
    repository_ids: Collection[int],
    source: Source,
) -> list[Pair]:
    """The rows of other sources than ``source`` for these pairs (R8)."""
    about = {"account_id": account_id, "ids": list(repository_ids), "source": source.value}
    if not repository_ids:
        return []
    return [
        Pair(row.account_id, row.repository_id, Source(row.source))
        for row in await connection.execute(_OTHERS, about)
    ]


async def save_yes(
    connection: AsyncConnection, pair: Pair, *, level: Level, as_of: datetime
) -> list[Change]:
    """One source says yes as of ``as_of``."""
    about = {**_about(pair), "level": level.value, "as_of": as_of}
    was = (await connection.execute(_SAVE_YES, about)).scalar_one()
    await clear_digests(connection, [pair.account_id])
    if was == level.value:
        return []
    return [
        Change(
            kind=ChangeKind.GRANT,
            account_id=pair.account_id,
            repository_id=pair.repository_id,
            source=pair.source.value,
            was="held" if was else None,
            became=level.value,
        )
    ]


async def save_no(connection: AsyncConnection, pair: Pair) -> list[Change]:
    """One source says no; nothing changes where it said nothing before."""
    gone = (await connection.execute(_SAVE_NO, _about(pair))).first()
    if gone is None:
        return []
    await clear_digests(connection, [pair.account_id])
    return [removed(pair)]


async def is_missed(connection: AsyncConnection, pair: Pair) -> bool:
    """Whether the pair is stored and was missed once."""
    return bool((await connection.execute(_MISSED, _about(pair))).scalar_one())


async def load_holders(connection: AsyncConnection, repository_id: int) -> Sequence[int]:
    """The accounts whose own listing holds this repository."""
    return (await connection.execute(_HOLDERS, {"repository_id": repository_id})).scalars().all()


async def load_holder(connection: AsyncConnection, repository_id: int) -> Sequence[int]:
    """One living account whose own listing holds this repository, if there is any."""
    about = {"repository_id": repository_id, "living": _LIVING}
    return (await connection.execute(_HOLDER, about)).scalars().all()


async def load_owner_accounts(
    connection: AsyncConnection, *, host: str, owner_id: str
) -> Sequence[int]:
    """The living accounts that hold something of this owner, or whose listing left it out."""
    about = {"host": host, "owner_id": owner_id, "living": _LIVING}
    return (await connection.execute(_OF_OWNER, about)).scalars().all()


def _about(pair: Pair) -> dict[str, object]:
    return {
        "account_id": pair.account_id,
        "repository_id": pair.repository_id,
        "source": pair.source.value,
    }
