"""
What is stored at one moment, read with plain SQL: rows with their ages, subjects, and jobs.

The age of a row is worked out here from the text of EVIDENCE (Columns), not by the product.
This module must not judge what it reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text

from permsync.store.engine import Database
from tests.evidence.truth import Key

_ROWS = """
SELECT one.source, account.host, account.external_id AS person,
    repository.external_id AS repository, one.level, one.missed, one.xmin::text AS written,
    CASE WHEN one.missed THEN one.as_of ELSE greatest(one.as_of, CASE
        WHEN one.source = 'repo_listing' THEN repository.listed_at
        WHEN gap.owner_id IS NULL THEN account.listed_at ELSE gap.as_of END) END AS age
FROM "grant" AS one JOIN account ON account.id = one.account_id
JOIN repository ON repository.id = one.repository_id
LEFT JOIN account_gap AS gap
    ON gap.account_id = account.id AND gap.owner_id = repository.owner_id
UNION ALL
SELECT 'repo_listing', one.host, one.external_id, repository.external_id, one.level, one.missed,
    one.xmin::text,
    CASE WHEN one.missed THEN one.as_of ELSE greatest(one.as_of, repository.listed_at) END
FROM pending_grant AS one JOIN repository ON repository.id = one.repository_id
"""
_ACCOUNTS = """
SELECT account.*, "user".disabled_at, ARRAY(
    SELECT owner_id FROM account_gap WHERE account_id = account.id) AS gaps, ARRAY(
    SELECT repository.external_id FROM ask JOIN repository ON repository.id = repository_id
    WHERE account_id = account.id) AS asks
FROM account JOIN "user" ON "user".id = account.user_id
"""
_REPOSITORIES = "SELECT * FROM repository"
_JOBS = "SELECT dedupe_key FROM pgqueuer WHERE dedupe_key IS NOT NULL"
_HELD = "SELECT max(id) FROM run WHERE failure = 'held'"


@dataclass(frozen=True, slots=True)
class Row:
    """A grant, or one that waits for its person; ``written`` changes with every write."""

    level: str
    missed: bool
    age: datetime | None
    written: str


Columns = RowMapping


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything about evidence in the database; accounts and repositories by host and id."""

    at: datetime
    rows: Mapping[Key, Row]
    accounts: Mapping[tuple[str, str], Columns]
    repositories: Mapping[tuple[str, str], Columns]
    jobs: frozenset[str]
    last_held: int | None

    def owner_of(self, key: Key) -> str | None:
        """The owner that the pair's repository is stored with."""
        known = self.repositories.get((key.host, key.repository))
        return known["owner_id"] if known is not None else None

    def account_of(self, account_id: int) -> Columns:
        """The account with our id."""
        return next(one for one in self.accounts.values() if one["id"] == account_id)

    def repository_of(self, repository_id: int) -> Columns:
        """The repository with our id."""
        return next(one for one in self.repositories.values() if one["id"] == repository_id)


async def load(database: Database) -> Stored:
    """Read it all in one transaction."""
    async with database.begin() as connection:

        async def every(statement: str) -> list[Columns]:
            return list((await connection.execute(text(statement))).mappings())

        at = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        rows, accounts, repositories = [
            await every(each) for each in (_ROWS, _ACCOUNTS, _REPOSITORIES)
        ]
        jobs = (await connection.execute(text(_JOBS))).scalars().all()
        held = (await connection.execute(text(_HELD))).scalar_one()
    return Stored(
        at=at,
        rows={
            Key(one["source"], one["host"], one["person"], one["repository"]): Row(
                one["level"], one["missed"], one["age"], one["written"]
            )
            for one in rows
        },
        accounts={(one["host"], one["external_id"]): one for one in accounts},
        repositories={(one["host"], one["external_id"]): one for one in repositories},
        jobs=frozenset(jobs),
        last_held=held,
    )
