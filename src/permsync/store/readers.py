"""
Readers: the rows that a repository's own listing writes, for people linked here or not.

What is decided here: a person without an account here gets a waiting row, which becomes a
grant at their first link; whoever links and whoever writes waiting rows queue behind each
other, so that no row is left waiting. This module must not decide what to write.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Level, Repository, Source
from permsync.rules.changes import GrantPlan, StoredGrant
from permsync.store.changes import Change, ChangeKind

SOURCE = Source.REPO_LISTING

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_LOCK_ACCOUNTS = text("""
SELECT id FROM account
WHERE host = :host AND external_id = ANY (CAST(:people AS text[])) ORDER BY id FOR UPDATE
""")
_LOAD = text("""
SELECT account.external_id, one.level, one.as_of, one.missed FROM "grant" AS one
JOIN account ON account.id = one.account_id
WHERE one.repository_id = :repository_id AND one.source = 'repo_listing'
UNION ALL
SELECT external_id, level, as_of, missed FROM pending_grant AS one
WHERE repository_id = :repository_id AND NOT EXISTS (
    SELECT FROM account WHERE account.host = one.host AND account.external_id = one.external_id
)
""")
_HELD = """
account.host = :host AND account.external_id = ANY (CAST(:people AS text[]))
AND one.account_id = account.id AND one.repository_id = :repository_id
AND one.source = 'repo_listing'
"""
_WAITING = """
one.repository_id = :repository_id AND one.external_id = ANY (CAST(:people AS text[]))
"""


def _both(held: str, waiting: str) -> tuple[TextClause, TextClause]:
    """One statement about grants of linked people, and its like about waiting rows."""
    return text(held.replace("{held}", _HELD)), text(waiting.replace("{waiting}", _WAITING))


_DELETE = _both(
    'DELETE FROM "grant" AS one USING account WHERE {held}',
    "DELETE FROM pending_grant AS one WHERE {waiting}",
)
_CLEAR = _both(
    'UPDATE "grant" AS one SET missed = false, as_of = NULL FROM account WHERE {held}',
    "UPDATE pending_grant AS one SET missed = false, as_of = NULL WHERE {waiting}",
)
_MISS = _both(
    'UPDATE "grant" AS one SET missed = true, as_of = greatest(one.as_of, :listed_at)'
    " FROM account WHERE {held}",
    "UPDATE pending_grant AS one SET missed = true, as_of = greatest(one.as_of, :listed_at)"
    " WHERE {waiting}",
)
_RENEW = _both(
    'UPDATE "grant" AS one SET as_of = :started_at FROM account WHERE {held}',
    "UPDATE pending_grant AS one SET as_of = :started_at WHERE {waiting}",
)
_INSERT = text("""
INSERT INTO "grant" (account_id, repository_id, source, level, as_of)
SELECT account.id, :repository_id, 'repo_listing', seen.level, :as_of
FROM
    unnest(CAST(:people AS text[]), CAST(:levels AS text[])) AS seen (external_id, level)
    JOIN account ON account.host = :host AND account.external_id = seen.external_id
ORDER BY account.id
ON CONFLICT (account_id, source, repository_id) DO UPDATE SET level = excluded.level
""")
_INSERT_WAITING = text("""
INSERT INTO pending_grant (host, external_id, repository_id, level, as_of)
SELECT :host, seen.external_id, :repository_id, seen.level, :as_of FROM
    unnest(CAST(:people AS text[]), CAST(:levels AS text[])) AS seen (external_id, level)
WHERE NOT EXISTS (
    SELECT FROM account WHERE account.host = :host AND account.external_id = seen.external_id
)
ORDER BY seen.external_id
ON CONFLICT (host, external_id, repository_id) DO UPDATE SET level = excluded.level
""")
_ACCOUNTS = text("""
SELECT id, external_id FROM account
WHERE host = :host AND external_id = ANY (CAST(:people AS text[]))
""")
_GIVE = text("""
WITH given AS (
    DELETE FROM pending_grant WHERE host = :host AND external_id = :external_id
    RETURNING repository_id, level, as_of, missed
)
INSERT INTO "grant" (account_id, repository_id, source, level, as_of, missed)
SELECT :account_id, repository_id, 'repo_listing', level, as_of, missed FROM given
ON CONFLICT DO NOTHING
RETURNING repository_id, level
""")


async def load_stored(
    connection: AsyncConnection, repository: Repository
) -> dict[str, StoredGrant]:
    """What the repository's own listing says now, by the person's id at the host."""
    rows = await connection.execute(_LOAD, {"repository_id": repository.id})
    return {row.external_id: StoredGrant(Level(row.level), row.as_of, row.missed) for row in rows}


async def lock(connection: AsyncConnection, host: str) -> None:
    """Let one transaction at a time decide whose rows at this host have to wait."""
    await connection.execute(_LOCK, {"name": f"readers {host}"})


async def save_plan(
    connection: AsyncConnection,
    plan: GrantPlan[str],
    repository: Repository,
    *,
    listed_at: datetime | None,
    started_at: datetime,
    run_id: int,
) -> list[Change]:
    """Carry out the plan of a repository's listing, and say what changed for linked people."""
    host = repository.host
    about = {"host": host, "repository_id": repository.id}
    touched = {*plan.insert, *plan.relevel, *plan.delete, *plan.miss, *plan.clear, *plan.renew}
    await connection.execute(_LOCK_ACCOUNTS, {"host": host, "people": sorted(touched)})
    for statements, people, more in (
        (_CLEAR, plan.clear, {}),
        (_DELETE, plan.delete, {}),
        (_MISS, plan.miss, {"listed_at": listed_at}),
        (_RENEW, plan.renew, {"started_at": started_at}),
    ):
        if people:
            held = {**about, "people": sorted(people), **more}
            await connection.execute(statements[0], held)
            await connection.execute(statements[1], {**held})
    written = {**plan.insert, **plan.relevel}
    for dated, as_of in ((True, started_at), (False, None)):
        new = sorted(one for one in written if (one in plan.dated) is dated)
        if new:
            levels = [written[one].value for one in new]
            seen = {**about, "people": new, "levels": levels, "as_of": as_of}
            await connection.execute(_INSERT, seen)
            await connection.execute(_INSERT_WAITING, seen)
    accounts = await load_accounts(connection, host, touched)
    return _changes(plan, repository, accounts, run_id)


async def load_accounts(
    connection: AsyncConnection, host: str, people: Collection[str]
) -> dict[str, int]:
    """The accounts of those of these people who have one here."""
    rows = await connection.execute(_ACCOUNTS, {"host": host, "people": sorted(people)})
    return {row.external_id: row.id for row in rows}


def _changes(
    plan: GrantPlan[str], repository: Repository, accounts: dict[str, int], run_id: int
) -> list[Change]:
    became = {
        **{one: (None, level.value) for one, level in plan.insert.items()},
        **{one: ("held", level.value) for one, level in plan.relevel.items()},
        **dict.fromkeys(plan.delete, ("held", None)),
    }
    return [
        Change(
            kind=ChangeKind.GRANT,
            account_id=accounts[one],
            repository_id=repository.id,
            source=SOURCE.value,
            was=was,
            became=now,
            run_id=run_id,
        )
        for one, (was, now) in became.items()
        if one in accounts
    ]


async def give_waiting(
    connection: AsyncConnection, *, host: str, external_id: str, account_id: int
) -> list[Change]:
    """Give a newly linked account what repositories' listings said of its person already."""
    about = {"host": host, "external_id": external_id, "account_id": account_id}
    return [
        Change(
            kind=ChangeKind.GRANT,
            account_id=account_id,
            repository_id=row.repository_id,
            source=SOURCE.value,
            became=row.level,
        )
        for row in await connection.execute(_GIVE, about)
    ]
