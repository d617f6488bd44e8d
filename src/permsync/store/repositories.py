"""
Repositories as the listings showed them: found by (host, immutable id), never by name.

What is decided here: how a plan of ``rules.changes`` becomes a handful of statements over
arrays. This module must not know which listing saw what.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.codehost import ListedRepository
from permsync.model import Repository, Visibility
from permsync.rules.changes import RepositoryPlan
from permsync.store import schema
from permsync.store.changes import Change, ChangeKind
from permsync.store.rows import repository_of

_repository = schema.repository

_LOCK_HOST = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_BY_EXTERNAL_ID = text("""
SELECT repository.* FROM repository
JOIN unnest(CAST(:external_ids AS text[])) AS wanted (external_id)
  ON repository.external_id = wanted.external_id
WHERE repository.host = :host
""")
_TAKE_NAMES = text("""
UPDATE repository SET full_name = NULL
FROM unnest(CAST(:external_ids AS text[]), CAST(:names AS text[])) AS seen (external_id, name)
WHERE repository.host = :host AND repository.full_name = seen.name
  AND repository.external_id <> seen.external_id
""")
_INSERT = text("""
INSERT INTO repository
    (host, external_id, owner_id, full_name, visibility, visibility_at, open_seen_at)
SELECT :host, seen.external_id, seen.owner_id, seen.name, seen.visibility, :started_at,
       CASE WHEN seen.visibility <> 'private' THEN CAST(:started_at AS timestamptz) END
FROM unnest(CAST(:external_ids AS text[]), CAST(:owner_ids AS text[]), CAST(:names AS text[]),
            CAST(:visibilities AS text[])) AS seen (external_id, owner_id, name, visibility)
ORDER BY seen.external_id
ON CONFLICT (host, external_id) DO NOTHING
""")
_RENAME = text("""
UPDATE repository SET full_name = seen.name
FROM unnest(CAST(:external_ids AS text[]), CAST(:names AS text[])) AS seen (external_id, name)
WHERE repository.host = :host AND repository.external_id = seen.external_id
""")
_SHOW = text("""
UPDATE repository SET visibility = seen.visibility, visibility_at = :at,
       open_seen_at = CASE WHEN seen.visibility <> 'private' THEN CAST(:open_at AS timestamptz) END
FROM unnest(CAST(:external_ids AS text[]), CAST(:visibilities AS text[]))
    AS seen (external_id, visibility)
WHERE repository.host = :host AND repository.external_id = seen.external_id
""")
_REOPEN = text("""
UPDATE repository SET open_seen_at = :open_at
FROM unnest(CAST(:external_ids AS text[])) AS seen (external_id)
WHERE repository.host = :host AND repository.external_id = seen.external_id
  AND repository.visibility <> 'private'
  AND (repository.open_seen_at IS NULL OR repository.open_seen_at < :older_than)
""")
_OPEN_IS_OLD = text("""
SELECT EXISTS (
    SELECT FROM repository JOIN unnest(CAST(:external_ids AS text[])) AS seen (external_id)
      ON repository.external_id = seen.external_id
    WHERE repository.host = :host AND repository.visibility <> 'private'
      AND (repository.open_seen_at IS NULL OR repository.open_seen_at < :older_than)
)
""")
_MOVE = text("""
UPDATE repository SET owner_id = seen.owner_id
FROM unnest(CAST(:external_ids AS text[]), CAST(:owner_ids AS text[]))
    AS seen (external_id, owner_id)
WHERE repository.host = :host AND repository.external_id = seen.external_id
""")
_CLOSE = text("""
UPDATE repository SET visibility = 'private', visibility_at = :at, open_seen_at = NULL
WHERE id = :id AND visibility <> 'private' AND coalesce(open_seen_at, '-infinity') <= :at
RETURNING id
""")
# A private one stays closed to whatever began before the notice.
_CLOSE_LATER = text("""
UPDATE repository SET visibility_at = greatest(visibility_at, :at)
WHERE id = :id AND visibility = 'private'
""")
_GONE = text("""
UPDATE repository SET gone_at = :at WHERE id = :id AND gone_at IS NULL RETURNING id
""")
_RETURN = text("""
UPDATE repository SET gone_at = NULL
FROM unnest(CAST(:external_ids AS text[])) AS seen (external_id)
WHERE repository.host = :host AND repository.external_id = seen.external_id
""")
_CLEAR_DIGESTS = text("""
UPDATE account SET listing_digest = NULL
WHERE listing_digest IS NOT NULL AND id IS DISTINCT FROM CAST(:except_account AS bigint)
    AND id IN
    (SELECT account_id FROM "grant" WHERE repository_id = ANY(CAST(:ids AS bigint[])))
""")


async def load(connection: AsyncConnection, repository_id: int) -> Repository | None:
    """The repository with our id."""
    query = select(_repository).where(_repository.c.id == repository_id)
    row = (await connection.execute(query)).mappings().first()
    return repository_of(row) if row else None


async def load_named(
    connection: AsyncConnection,
    *,
    host: str,
    external_id: str | None = None,
    full_name: str | None = None,
) -> Repository | None:
    """The repository with this id at the host, or the one that now holds this name."""
    column = _repository.c.external_id if external_id is not None else _repository.c.full_name
    query = select(_repository).where(
        _repository.c.host == host,
        column == (external_id if external_id is not None else full_name),
    )
    row = (await connection.execute(query)).mappings().first()
    return repository_of(row) if row else None


async def load_observed(
    connection: AsyncConnection, *, host: str, external_ids: Collection[str]
) -> dict[str, Repository]:
    """Those of these ids that we know, by id at the host."""
    rows = await connection.execute(
        _BY_EXTERNAL_ID, {"host": host, "external_ids": list(external_ids)}
    )
    return {row["external_id"]: repository_of(row) for row in rows.mappings()}


async def load_covered(connection: AsyncConnection, repository_ids: Sequence[int]) -> Sequence[int]:
    """Those of these that a connection lists, by ascending id."""
    query = text("""
        SELECT id FROM repository
        WHERE id = ANY (CAST(:ids AS bigint[])) AND sync_due_at IS NOT NULL ORDER BY id
    """)
    if not repository_ids:
        return ()
    return (await connection.execute(query, {"ids": list(repository_ids)})).scalars().all()


async def load_covered_of_owner(
    connection: AsyncConnection, *, host: str, owner_id: str
) -> Sequence[int]:
    """This owner's repositories that a connection lists, by ascending id."""
    query = text("""
        SELECT id FROM repository WHERE host = :host AND owner_id = :owner_id
            AND sync_due_at IS NOT NULL AND gone_at IS NULL ORDER BY id
    """)
    return (await connection.execute(query, {"host": host, "owner_id": owner_id})).scalars().all()


async def lock_host(connection: AsyncConnection, host: str) -> None:
    """
    Let one transaction at a time write this host's repositories.

    It comes before any account's lock, so that two listings that see the same change
    cannot wait for each other.
    """
    await connection.execute(_LOCK_HOST, {"name": f"repositories {host}"})


async def save_plan(
    connection: AsyncConnection,
    plan: RepositoryPlan,
    known: Mapping[str, Repository],
    *,
    host: str,
    account_id: int | None,
    started_at: datetime,
    listed_to: datetime,
    run_id: int | None,
) -> list[Change]:
    """
    Carry out a plan and say what changed.

    A narrowing dates from when the answer arrived, a widening from when its question
    started (EVIDENCE, Time). Moved repositories only get their owner here; their rows are
    the grants' business.
    """
    named = (*plan.insert, *plan.rename)
    if named:
        await connection.execute(_TAKE_NAMES, {"host": host, **_names(named)})
    if plan.insert:
        await connection.execute(
            _INSERT,
            {
                "host": host,
                "started_at": started_at,
                "owner_ids": [one.owner_id for one in plan.insert],
                "visibilities": _visibilities(plan.insert),
                **_names(plan.insert),
            },
        )
    if plan.rename:
        await connection.execute(_RENAME, {"host": host, **_names(plan.rename)})
    if plan.moved:
        owners = [one.owner_id for one in plan.moved]
        ids = _ids(plan.moved)
        await connection.execute(_MOVE, {"host": host, "external_ids": ids, "owner_ids": owners})
    if plan.reopen:
        reopened = {"external_ids": _ids(plan.reopen), "open_at": started_at}
        await connection.execute(_REOPEN, {"host": host, "older_than": started_at, **reopened})
    for seen, at in ((plan.narrow, listed_to), (plan.widen, started_at)):
        if seen:
            shown = {"external_ids": _ids(seen), "visibilities": _visibilities(seen)}
            await connection.execute(
                _SHOW, {"host": host, "at": at, "open_at": started_at, **shown}
            )
    if plan.back:
        await connection.execute(_RETURN, {"host": host, "external_ids": _ids(plan.back)})
    touched = [known[one.external_id].id for one in (*plan.narrow, *plan.widen, *plan.moved)]
    if touched:
        await connection.execute(_CLEAR_DIGESTS, {"ids": touched, "except_account": account_id})
    return [
        _shown(known[one.external_id], became=one.visibility.value, run_id=run_id)
        for one in (*plan.narrow, *plan.widen, *plan.back)
    ]


async def close(
    connection: AsyncConnection, repository: Repository, *, at: datetime
) -> list[Change]:
    """Narrow to private as of ``at``, unless a later statement has widened since (R12)."""
    about = {"id": repository.id, "at": at}
    await connection.execute(_CLOSE_LATER, about)
    if (await connection.execute(_CLOSE, about)).first() is None:
        return []
    await connection.execute(_CLEAR_DIGESTS, {"ids": [repository.id], "except_account": None})
    return [_shown(repository, became=Visibility.PRIVATE.value)]


async def save_gone(
    connection: AsyncConnection, repository: Repository, *, at: datetime
) -> list[Change]:
    """The host deleted it; nobody may read what is not there."""
    if (await connection.execute(_GONE, {"id": repository.id, "at": at})).first() is None:
        return []
    return [_shown(repository, became=None)]


def _shown(repository: Repository, *, became: str | None, run_id: int | None = None) -> Change:
    return Change(
        kind=ChangeKind.VISIBILITY,
        repository_id=repository.id,
        was=repository.visibility.value,
        became=became,
        run_id=run_id,
    )


async def save_open_seen(
    connection: AsyncConnection,
    *,
    host: str,
    external_ids: Sequence[str],
    started_at: datetime,
    older_than: datetime,
) -> None:
    """R12: date the openness of these again where it is older than ``older_than``."""
    about = {"host": host, "external_ids": list(external_ids), "older_than": older_than}
    if external_ids and (await connection.execute(_OPEN_IS_OLD, about)).scalar_one():
        await lock_host(connection, host)
        await connection.execute(_REOPEN, {**about, "open_at": started_at})


def open_ids(repositories: Collection[ListedRepository]) -> list[str]:
    """The ids of those a listing showed as open to more than named readers."""
    return _ids([one for one in repositories if one.visibility is not Visibility.PRIVATE])


def _ids(repositories: Collection[ListedRepository]) -> list[str]:
    return [one.external_id for one in repositories]


def _names(repositories: Collection[ListedRepository]) -> dict[str, list[str]]:
    return {"external_ids": _ids(repositories), "names": [one.full_name for one in repositories]}


def _visibilities(repositories: Collection[ListedRepository]) -> list[str]:
    return [one.visibility.value for one in repositories]
