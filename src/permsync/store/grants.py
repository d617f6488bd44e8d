"""
Grants: the rows that are truth, written only as the difference a listing makes.

This module must not decide what to write; ``rules.changes`` does.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    and_,
    any_,
    cast,
    delete,
    func,
    literal,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Level, Source
from permsync.rules.changes import GrantPlan, StoredGrant
from permsync.store import schema
from permsync.store.changes import Change, ChangeKind

_grant = schema.grant

# One row of arrays, not a row per grant: 50,000 ids read in a tenth of the time.
_LOAD = text("""
SELECT coalesce(array_agg(repository_id), '{}') AS ids,
       coalesce(array_agg(level), '{}') AS levels,
       coalesce(array_agg(as_of), '{}') AS ages,
       coalesce(array_agg(missed), '{}') AS missed
FROM "grant" WHERE account_id = :account_id AND source = :source
""")
_INSERT = text("""
INSERT INTO "grant" (account_id, repository_id, source, level, as_of)
SELECT :account_id, one.id, :source, one.level, :as_of
FROM unnest(CAST(:ids AS bigint[]), CAST(:levels AS text[])) AS one (id, level)
ORDER BY one.id
""")
_RELEVEL = text("""
UPDATE "grant" SET level = one.level
FROM unnest(CAST(:ids AS bigint[]), CAST(:levels AS text[])) AS one (id, level)
WHERE account_id = :account_id AND source = :source AND repository_id = one.id
""")
_DELETE_MOVED = text("""
DELETE FROM "grant" WHERE repository_id = ANY(CAST(:ids AS bigint[]))
RETURNING account_id, repository_id, source, level
""")
_FENCE = text("""
INSERT INTO fence (repository_id, at)
SELECT one.id, :at FROM unnest(CAST(:ids AS bigint[])) AS one (id)
ON CONFLICT (repository_id) DO UPDATE SET at = greatest(fence.at, excluded.at)
""")
_FENCED = text("""
SELECT coalesce(array_agg(repository_id), '{}') FROM fence WHERE at >= :started_at
""")
_LIST_AGAIN = text("""
UPDATE account SET sync_due_at = least(sync_due_at, clock_timestamp()), listing_digest = NULL
WHERE id = ANY(CAST(:ids AS bigint[])) AND sync_due_at IS NOT NULL
""")


async def load_stored(
    connection: AsyncConnection, *, account_id: int, source: Source
) -> dict[int, StoredGrant]:
    """The rows of one source of one account, by repository."""
    row = (
        (await connection.execute(_LOAD, {"account_id": account_id, "source": source.value}))
        .mappings()
        .one()
    )
    levels = {level.value: level for level in Level}
    return {
        id_: StoredGrant(level=levels[level], as_of=as_of, missed=missed)
        for id_, level, as_of, missed in zip(
            row["ids"], row["levels"], row["ages"], row["missed"], strict=True
        )
    }


async def save_plan(
    connection: AsyncConnection,
    plan: GrantPlan,
    *,
    account_id: int,
    source: Source,
    listed_at: datetime | None,
    as_of: datetime | None,
    run_id: int,
) -> list[Change]:
    """
    Carry out a plan and say what changed.

    ``listed_at`` is the source's listing before this one: a missed row keeps that age.
    ``as_of`` is the own age of new and renewed rows, ``None`` for a complete listing.
    """
    about = {"account_id": account_id, "source": source.value}

    def rows(ids: Collection[int]) -> ColumnElement[bool]:
        return _rows(account_id, source, ids)

    if plan.clear:
        seen = update(_grant).where(rows(plan.clear)).values(missed=False, as_of=None)
        await connection.execute(seen)
    if plan.delete:
        await connection.execute(delete(_grant).where(rows(plan.delete)))
    if plan.miss:
        age = func.greatest(_grant.c.as_of, listed_at)
        missed = update(_grant).where(rows(plan.miss)).values(missed=True, as_of=age)
        await connection.execute(missed)
    if plan.renew:
        await connection.execute(update(_grant).where(rows(plan.renew)).values(as_of=as_of))
    if plan.relevel:
        await connection.execute(_RELEVEL, {**about, **_levels(plan.relevel.items())})
    if plan.insert:
        inserted = {**about, **_levels(plan.insert.items()), "as_of": as_of}
        await connection.execute(_INSERT, inserted)

    return _changes(plan, account_id=account_id, source=source, run_id=run_id)


def _rows(account_id: int, source: Source, ids: Collection[int]) -> ColumnElement[bool]:
    """These repositories' rows of one source; ids travel as one array, not as parameters."""
    wanted = cast(literal(list(ids), ARRAY(BigInteger)), ARRAY(BigInteger))
    return and_(
        _grant.c.account_id == account_id,
        _grant.c.source == source.value,
        _grant.c.repository_id == any_(wanted),
    )


def _changes(plan: GrantPlan, *, account_id: int, source: Source, run_id: int) -> list[Change]:
    def changed(id_: int, *, was: str | None, became: str | None) -> Change:
        return Change(
            kind=ChangeKind.GRANT,
            account_id=account_id,
            repository_id=id_,
            source=source.value,
            was=was,
            became=became,
            run_id=run_id,
        )

    return [
        *(changed(id_, was=None, became=level.value) for id_, level in plan.insert.items()),
        *(changed(id_, was="held", became=level.value) for id_, level in plan.relevel.items()),
        *(changed(id_, was="held", became=None) for id_ in plan.delete),
    ]


async def delete_moved(
    connection: AsyncConnection, repository_ids: Collection[int], *, at: datetime, run_id: int
) -> list[Change]:
    """
    Forget who may read repositories that changed hands (R11).

    Nothing begun before ``at`` may bring the rows back, and whoever held one is listed
    again.
    """
    ids = list(repository_ids)
    if not ids:
        return []
    rows = (await connection.execute(_DELETE_MOVED, {"ids": ids})).mappings().all()
    await connection.execute(_FENCE, {"ids": ids, "at": at})
    await connection.execute(_LIST_AGAIN, {"ids": sorted({row["account_id"] for row in rows})})
    return [
        Change(
            kind=ChangeKind.GRANT,
            account_id=row["account_id"],
            repository_id=row["repository_id"],
            source=row["source"],
            was="held",
            became=None,
            run_id=run_id,
        )
        for row in rows
    ]


async def load_fenced(connection: AsyncConnection, *, started_at: datetime) -> frozenset[int]:
    """Repositories that a listing begun at ``started_at`` may not speak about."""
    found = await connection.execute(_FENCED, {"started_at": started_at})
    return frozenset(found.scalar_one())


def _levels(pairs: Iterable[tuple[int, Level]]) -> dict[str, list[object]]:
    listed = list(pairs)
    return {"ids": [id_ for id_, _ in listed], "levels": [level.value for _, level in listed]}


async def count_visible(
    connection: AsyncConnection, account_ids: Collection[int]
) -> dict[int, int]:
    """How many repositories the rows of each of these accounts name, in one statement."""
    query = text("""
        SELECT account_id, count(DISTINCT repository_id) AS visible FROM "grant"
        WHERE account_id = ANY(CAST(:ids AS bigint[])) GROUP BY account_id
    """)
    rows = (await connection.execute(query, {"ids": list(account_ids)})).mappings()
    return {row["account_id"]: row["visible"] for row in rows}
