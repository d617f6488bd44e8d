"""
Everything a decision about one pair is made of, read in one statement.

Rows leave as the facts of ``rules.access``; this module must not decide anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import AccountReason, AccountState, Repository, Source
from permsync.rules.access import AccountEvidence, ExplicitRule
from permsync.rules.evidence import Evidence
from permsync.store.rows import repository_of

_PAIR = text("""
SELECT account.id, account.state, account.restricted, account.listed_at, account.ended_at,
       account.ended_reason, one.source, one.as_of, one.missed,
       repository.listed_at AS repository_listed_at,
       gap.owner_id IS NOT NULL AS in_gap, gap.as_of AS gap_as_of
FROM account
LEFT JOIN "grant" AS one ON one.account_id = account.id AND one.repository_id = :repository_id
LEFT JOIN repository ON repository.id = one.repository_id
LEFT JOIN account_gap AS gap
    ON gap.account_id = account.id AND gap.owner_id = repository.owner_id
WHERE account.user_id = :user_id AND account.host = :host
ORDER BY account.id
""")
_RULES = text("""
SELECT effect, expires_at FROM explicit_rule
WHERE user_id = :user_id AND repository_id = :repository_id
""")
_CANDIDATES = text("""
SELECT repository.* FROM repository
WHERE repository.gone_at IS NULL AND repository.id > :after AND (
    repository.visibility <> 'private'
    OR EXISTS (SELECT FROM "grant" AS one JOIN account ON account.id = one.account_id
               WHERE one.repository_id = repository.id AND account.user_id = :user_id)
    OR EXISTS (SELECT FROM explicit_rule AS rule
               WHERE rule.repository_id = repository.id AND rule.user_id = :user_id)
)
ORDER BY repository.id LIMIT :limit
""")
_ACCOUNTS = text("""
SELECT id, host, state, restricted, listed_at, ended_at, ended_reason FROM account
WHERE user_id = :user_id ORDER BY id
""")
_GRANTS = text("""
SELECT one.account_id, one.repository_id, one.source, one.as_of, one.missed,
       repository.listed_at AS repository_listed_at,
       gap.owner_id IS NOT NULL AS in_gap, gap.as_of AS gap_as_of
FROM "grant" AS one JOIN account ON account.id = one.account_id
JOIN repository ON repository.id = one.repository_id
LEFT JOIN account_gap AS gap
    ON gap.account_id = one.account_id AND gap.owner_id = repository.owner_id
WHERE account.user_id = :user_id AND one.repository_id = ANY(CAST(:ids AS bigint[]))
""")
_RULES_OF_USER = text("""
SELECT repository_id, effect, expires_at FROM explicit_rule
WHERE user_id = :user_id AND repository_id = ANY(CAST(:ids AS bigint[]))
""")
# One row an account will do: the one that ages least where none is missed or in a gap.
_MEMBERS = text("""
SELECT DISTINCT ON (account.id) account.id, account.listed_at, account.ended_at,
       account.ended_reason, one.source, one.as_of, one.missed,
       repository.listed_at AS repository_listed_at,
       gap.owner_id IS NOT NULL AS in_gap, gap.as_of AS gap_as_of
FROM account JOIN "grant" AS one
    ON one.account_id = account.id AND one.source = 'account_listing'
JOIN repository ON repository.id = one.repository_id
LEFT JOIN account_gap AS gap
    ON gap.account_id = account.id AND gap.owner_id = repository.owner_id
WHERE account.user_id = :user_id AND account.host = :host
    AND repository.visibility = 'internal' AND repository.gone_at IS NULL
    AND repository.owner_id = ANY(CAST(:owner_ids AS text[]))
ORDER BY account.id, one.missed, gap.owner_id IS NOT NULL, one.as_of DESC NULLS LAST
""")


@dataclass(frozen=True, slots=True)
class PairFacts:
    """A user's rules and accounts for one repository."""

    rules: tuple[ExplicitRule, ...]
    accounts: tuple[AccountEvidence, ...]


async def load_pair(
    connection: AsyncConnection, *, user_id: int, host: str, repository_id: int | None
) -> PairFacts:
    """The accounts of the user at the host, and all that speaks about the repository."""
    about = {"user_id": user_id, "host": host, "repository_id": repository_id}
    rows = (await connection.execute(_PAIR, about)).mappings().all()
    rules = (await connection.execute(_RULES, about)).mappings().all() if repository_id else ()
    accounts: dict[int, list[RowMapping]] = {}
    for row in rows:
        accounts.setdefault(row["id"], []).append(row)
    return PairFacts(
        rules=tuple(_rule_of(row) for row in rules),
        accounts=tuple(_account_of(found[0], found) for found in accounts.values()),
    )


async def load_candidates(
    connection: AsyncConnection, *, user_id: int, after: int, limit: int
) -> list[tuple[Repository, PairFacts]]:
    """
    The next repositories that may be readable for a user, by ascending id, with their facts.

    Each must still be decided on: a candidate is not an answer. Four statements, however
    many rows.
    """
    about: dict[str, Any] = {"user_id": user_id, "after": after, "limit": limit}
    found = [
        repository_of(row) for row in (await connection.execute(_CANDIDATES, about)).mappings()
    ]
    about["ids"] = [one.id for one in found]
    accounts = (await connection.execute(_ACCOUNTS, about)).mappings().all()
    rules: dict[int, list[ExplicitRule]] = {}
    for row in (await connection.execute(_RULES_OF_USER, about)).mappings():
        rules.setdefault(row["repository_id"], []).append(_rule_of(row))
    grants: dict[tuple[int, int], list[RowMapping]] = {}
    for row in (await connection.execute(_GRANTS, about)).mappings():
        grants.setdefault((row["account_id"], row["repository_id"]), []).append(row)
    return [
        (
            repository,
            PairFacts(
                rules=tuple(rules.get(repository.id, ())),
                accounts=_accounts_for(repository, accounts, grants),
            ),
        )
        for repository in found
    ]


async def load_members(
    connection: AsyncConnection, *, user_id: int, host: str, owner_ids: Sequence[str]
) -> dict[int, Evidence]:
    """By account of the user: a row of its own listing of an internal repository of these."""
    about = {"user_id": user_id, "host": host, "owner_ids": list(owner_ids)}
    rows = (await connection.execute(_MEMBERS, about)).mappings()
    return {row["id"]: _grant_of(row, row) for row in rows}


def _accounts_for(
    repository: Repository,
    accounts: Sequence[RowMapping],
    grants: dict[tuple[int, int], list[RowMapping]],
) -> tuple[AccountEvidence, ...]:
    return tuple(
        _account_of(account, grants.get((account["id"], repository.id), ()))
        for account in accounts
        if account["host"] == repository.host
    )


def _rule_of(row: RowMapping) -> ExplicitRule:
    return ExplicitRule(allow=row["effect"] == "allow", expires_at=row["expires_at"])


def _account_of(account: RowMapping, grants: Sequence[RowMapping]) -> AccountEvidence:
    return AccountEvidence(
        id=account["id"],
        state=AccountState(account["state"]),
        restricted=account["restricted"],
        listed_at=account["listed_at"],
        ended_at=account["ended_at"],
        grants=tuple(_grant_of(account, row) for row in grants if row["source"] is not None),
    )


def _grant_of(account: RowMapping, row: RowMapping) -> Evidence:
    """A row with the listing of its own source: the account's, or the repository's."""
    source = Source(row["source"])
    return Evidence(
        source=source,
        as_of=row["as_of"],
        missed=row["missed"],
        listed_at=_listed_at(account, row, source),
        ended_at=account["ended_at"],
        ended_wholly=account["ended_reason"] == AccountReason.DISABLED_AT_HOST.value,
    )


def _listed_at(account: RowMapping, row: RowMapping, source: Source) -> datetime | None:
    """When the source last listed this repository's owner (EVIDENCE R4)."""
    if source is Source.REPO_LISTING:
        listed_at: datetime | None = row["repository_listed_at"]
    else:
        listed_at = row["gap_as_of"] if row["in_gap"] else account["listed_at"]
    return listed_at
