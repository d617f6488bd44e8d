"""
Two ways to store a listing that a first draft would have, on a table like ours.

"delete and insert" replaces every row of the account; "touch every row" upserts each with
the time of the listing and deletes what was not touched. This module must not know how we
store one.
"""

from collections.abc import Awaitable, Callable

from sqlalchemy import text

from permsync.store.engine import Connection, Database

NAIVE = ("delete and insert", "touch every row")

_EMPTY = (
    "DROP TABLE IF EXISTS naive_grant",
    'CREATE TABLE naive_grant (LIKE "grant" INCLUDING ALL)',
    "DROP TABLE IF EXISTS naive_listed",
    'CREATE TABLE naive_listed AS SELECT repository_id FROM "grant" WHERE account_id = :account_id',
)
_CHANGE = (
    # Ten that were listed are not, and ten others are.
    (
        "DELETE FROM naive_listed WHERE repository_id IN"
        " (SELECT repository_id FROM naive_listed ORDER BY repository_id LIMIT 10)"
    ),
    (
        "INSERT INTO naive_listed SELECT id FROM repository WHERE id NOT IN"
        " (SELECT repository_id FROM naive_listed) ORDER BY id DESC LIMIT 10"
    ),
)
_WAYS = {
    "delete and insert": (
        "DELETE FROM naive_grant WHERE account_id = :account_id",
        (
            "INSERT INTO naive_grant (account_id, repository_id, source, level)"
            " SELECT :account_id, repository_id, 'account_listing', 'read' FROM naive_listed"
        ),
    ),
    "touch every row": (
        (
            "INSERT INTO naive_grant (account_id, repository_id, source, level, as_of)"
            " SELECT :account_id, repository_id, 'account_listing', 'read', transaction_timestamp()"
            " FROM naive_listed"
            " ON CONFLICT (account_id, source, repository_id) DO UPDATE SET as_of = excluded.as_of"
        ),
        (
            "DELETE FROM naive_grant WHERE account_id = :account_id"
            " AND as_of < transaction_timestamp()"
        ),
    ),
}


async def naive_sync(
    database: Database, account_id: int, *, way: str, what: str
) -> Callable[[], Awaitable[None]]:
    """Prepare one sync the naive way; what is returned stores it."""
    async with database.begin() as connection:
        if what == "first":
            await _run(connection, _EMPTY, account_id)
        if what == "changed":
            await _run(connection, _CHANGE, account_id)

    async def store() -> None:
        async with database.begin() as connection:
            await _run(connection, _WAYS[way], account_id)

    return store


async def _run(connection: Connection, statements: tuple[str, ...], account_id: int) -> None:
    for statement in statements:
        names = {"account_id": account_id} if ":account_id" in statement else {}
        await connection.execute(text(statement), names)
