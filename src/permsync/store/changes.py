"""
The log of changes: append-only, one revision per commit.

What is decided here: the revision is taken from a counter row as the last write of a
transaction, so that revisions become visible in their order (a sequence would let a
smaller one appear after a larger one was read). This module must not know why something
changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class ChangeKind(StrEnum):
    """What a change row names."""

    GRANT = "grant"
    VISIBILITY = "visibility"
    ACCOUNT = "account"
    OWNER = "owner"
    USER = "user"
    RULE = "rule"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed. ``was`` and ``became`` are words of ours, or ``None``."""

    kind: ChangeKind
    account_id: int | None = None
    repository_id: int | None = None
    user_id: int | None = None
    source: str | None = None
    was: str | None = None
    became: str | None = None
    run_id: int | None = None


_APPEND = text("""
WITH taken AS (UPDATE revision SET value = value + 1 RETURNING value)
INSERT INTO change
    (revision, ordinal, kind, account_id, repository_id, user_id, source, was, became, run_id)
SELECT taken.value, one.ordinal, one.kind, one.account_id, one.repository_id,
       one.user_id, one.source, one.was, one.became, one.run_id
FROM taken, unnest(
    CAST(:kinds AS text[]), CAST(:accounts AS bigint[]), CAST(:repositories AS bigint[]),
    CAST(:users AS bigint[]), CAST(:sources AS text[]), CAST(:was AS text[]),
    CAST(:became AS text[]), CAST(:runs AS bigint[])
) WITH ORDINALITY
    AS one (kind, account_id, repository_id, user_id, source, was, became, run_id, ordinal)
""")


async def append(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    """
    Append the changes of this transaction under one revision; none appends nothing.

    It must be the transaction's last statement: the counter's row is locked from here to
    the commit.
    """
    if not changes:
        return
    await connection.execute(
        _APPEND,
        {
            "kinds": [one.kind.value for one in changes],
            "accounts": [one.account_id for one in changes],
            "repositories": [one.repository_id for one in changes],
            "users": [one.user_id for one in changes],
            "sources": [one.source for one in changes],
            "was": [one.was for one in changes],
            "became": [one.became for one in changes],
            "runs": [one.run_id for one in changes],
        },
    )


async def current_revision(connection: AsyncConnection) -> int:
    """The revision of the last commit that changed anything."""
    return int((await connection.execute(text("SELECT value FROM revision"))).scalar_one())
