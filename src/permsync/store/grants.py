"""
Grants: the rows that are truth, written only as the difference an account's listing makes.

What asks and removals write is in ``store.pairs``, what a repository's listing writes in
``store.readers``. This module must not decide what to write; ``rules.changes`` does.
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
# A missed row keeps the age it had: its owner's, where the listing before left that owner out.
_MISS = text("""
UPDATE "grant" SET missed = true, as_of = greatest(
    "grant".as_of, CASE WHEN gap.owner_id IS NULL THEN :listed_at ELSE gap.as_of END
)
FROM repository LEFT JOIN account_gap AS gap
    ON gap.account_id = :account_id AND gap.owner_id = repository.owner_id
WHERE repository.id = "grant".repository_id AND "grant".account_id = :account_id
    AND "grant".source = :source AND "grant".repository_id = ANY(CAST(:ids AS bigint[]))
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
    plan: GrantPlan[int],
    *,
    account_id: int,
    source: Source,
    listed_at: datetime | None,
    started_at: datetime,
    run_id: int,
) -> list[Change]:
    """
    Carry out the plan of an account's listing and say what changed.

    ``listed_at`` is the source's listing before this one: a missed row keeps that age.
    ``started_at`` is the own age of renewed rows, and of those inserted ones that need one.
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
        await connection.execute(_MISS, {**about, "listed_at": listed_at, "ids": list(plan.miss)})
    if plan.renew:
        await connection.execute(update(_grant).where(rows(plan.renew)).values(as_of=started_at))
    if plan.relevel:
        await connection.execute(_RELEVEL, {**about, **_levels(plan.relevel.items())})
    for dated, as_of in ((True, started_at), (False, None)):
        new = [(id_, level) for id_, level in plan.insert.items() if (id_ in plan.dated) is dated]
        if new:
            await connection.execute(_INSERT, {**about, **_levels(new), "as_of": as_of})

    return _changes(plan, account_id=account_id, source=source, run_id=run_id)


def _rows(account_id: int, source: Source, ids: Collection[int]) -> ColumnElement[bool]:
    """These repositories' rows of one source; ids travel as one array, not as parameters."""
    wanted = cast(literal(list(ids), ARRAY(BigInteger)), ARRAY(BigInteger))
    return and_(
        _grant.c.account_id == account_id,
        _grant.c.source == source.value,
        _grant.c.repository_id == any_(wanted),
    )


def _changes(plan: GrantPlan[int], *, account_id: int, source: Source, run_id: int) -> list[Change]:
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
