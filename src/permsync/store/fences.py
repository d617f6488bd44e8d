"""
Fences: nothing that began before one may speak about the pairs that it names.

What is decided here: how a fence is matched with pairs, and when no claim or ask is left
that it could still hold off. Readers of access never see one. This module must not decide
when to put one up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Repository, Source
from permsync.store import schema


@dataclass(frozen=True, slots=True)
class Fence:
    """
    What a fence names: each field that is ``None`` stands for all.

    ``external_id`` is the person's id at the host, linked here or not; ``repository_id`` is
    ours; ``owner_id`` is the host's. ``unseen_id`` is the host's id of a repository that we
    had not seen, and stands for it.
    """

    host: str
    at: datetime
    external_id: str | None = None
    repository_id: int | None = None
    owner_id: str | None = None
    source: Source | None = None
    unseen_id: str | None = None


@dataclass(frozen=True, slots=True)
class FencedReaders:
    """The people that a repository's listing may not speak about; ``everybody`` is all."""

    people: frozenset[str]
    everybody: bool


_OF_ACCOUNT = text("""
WITH standing AS (
    SELECT * FROM fence
    WHERE host = :host AND at >= :started_at
        AND (external_id IS NULL OR external_id = :external_id)
        AND (source IS NULL OR source = 'account_listing')
)
SELECT repository_id AS id FROM standing WHERE repository_id IS NOT NULL
UNION
SELECT repository.id FROM standing
JOIN repository ON repository.host = standing.host
    AND (repository.owner_id = standing.owner_id OR repository.external_id = standing.unseen_id)
""")
_OF_REPOSITORY = """
FROM fence WHERE host = :host AND (source IS NULL OR source = :source)
    AND (repository_id = :repository_id OR owner_id = :owner_id OR unseen_id = :unseen_id)
"""
_PEOPLE = text(f"SELECT DISTINCT external_id {_OF_REPOSITORY} AND at >= :started_at")
_NEWEST = text(
    f"SELECT max(at) {_OF_REPOSITORY} AND (external_id IS NULL OR external_id = :external_id)"
)
# A run is open as long as it may still speak; an ask may not once it took too long.
_SWEEP = text("""
DELETE FROM fence WHERE at < clock_timestamp() - CAST(:ask_in AS interval)
    AND NOT EXISTS (
        SELECT FROM run WHERE run.state = 'running' AND run.started_at <= fence.at
    )
    AND NOT EXISTS (
        SELECT FROM ask JOIN account ON account.id = ask.account_id
        JOIN repository ON repository.id = ask.repository_id
        WHERE account.host = fence.host
            AND (fence.external_id IS NULL OR fence.external_id = account.external_id)
            AND (
                fence.repository_id = ask.repository_id
                OR fence.owner_id = repository.owner_id
                OR fence.unseen_id = repository.external_id
            )
    )
""")


async def add(connection: AsyncConnection, fences: Sequence[Fence]) -> None:
    """Put them up."""
    if fences:
        rows = [
            {
                "host": one.host,
                "at": one.at,
                "external_id": one.external_id,
                "repository_id": one.repository_id,
                "owner_id": one.owner_id,
                "source": one.source.value if one.source else None,
                "unseen_id": one.unseen_id,
            }
            for one in fences
        ]
        await connection.execute(insert(schema.fence), rows)


async def load_fenced(
    connection: AsyncConnection, *, host: str, external_id: str, started_at: datetime
) -> frozenset[int]:
    """The repositories that an account's listing begun at ``started_at`` may not speak about."""
    about = {"host": host, "external_id": external_id, "started_at": started_at}
    return frozenset((await connection.execute(_OF_ACCOUNT, about)).scalars())


async def load_fenced_readers(
    connection: AsyncConnection, repository: Repository, *, started_at: datetime
) -> FencedReaders:
    """The people that a repository's listing begun at ``started_at`` may not speak about."""
    about = _about(repository, Source.REPO_LISTING)
    found = set((await connection.execute(_PEOPLE, {**about, "started_at": started_at})).scalars())
    return FencedReaders(frozenset(one for one in found if one), everybody=None in found)


async def load_newest(
    connection: AsyncConnection, repository: Repository, *, external_id: str, source: Source
) -> datetime | None:
    """The newest fence before one pair and source."""
    about = {**_about(repository, source), "external_id": external_id}
    newest: datetime | None = (await connection.execute(_NEWEST, about)).scalar_one()
    return newest


def _about(repository: Repository, source: Source) -> dict[str, object]:
    return {
        "host": repository.host,
        "repository_id": repository.id,
        "owner_id": repository.owner_id,
        "unseen_id": repository.external_id,
        "source": source.value,
    }


async def sweep(connection: AsyncConnection, *, ask_in: timedelta) -> int:
    """
    Take down what can hold nothing off any more.

    ``ask_in`` is the longest that an ask may take from its question to its commit.
    """
    return (await connection.execute(_SWEEP, {"ask_in": ask_in})).rowcount
