"""
Asks: pairs that an account's own token is to be asked about, one by one.

What is decided here: one ask per pair however often it is wanted, and too many about one
account since its last listing fold into one listing of it (EVIDENCE R6). This module must
not know what a host answers, or what follows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Trigger
from permsync.store import queue
from permsync.store.queue import Kind


@dataclass(frozen=True, slots=True)
class WantedAsk:
    """One pair to ask about; ``failures`` counts answers in a row that were no verdict."""

    account_id: int
    repository_id: int
    failures: int


_WANT = text("""
INSERT INTO ask (account_id, repository_id, wanted_at, due_at)
SELECT :account_id, repository_id, clock_timestamp(), coalesce(:due_at, clock_timestamp())
FROM unnest(CAST(:ids AS bigint[])) AS repository_id ORDER BY repository_id
ON CONFLICT (account_id, repository_id) DO UPDATE
    SET wanted_at = excluded.wanted_at, due_at = excluded.due_at, failures = 0
""")
_COUNT = text("""
UPDATE account SET asked_pairs = asked_pairs + :more
WHERE id = :account_id AND state IN ('active', 'suspect')
RETURNING asked_pairs, greatest(coalesce(:due_at, clock_timestamp()) - clock_timestamp(),
    interval '0') AS due_in
""")
_DROP_ALL = text("DELETE FROM ask WHERE account_id = :account_id")
# Both parts see the asks as they were before: what is left is what was there less what went.
_SETTLE = text("""
WITH settled AS (
    DELETE FROM ask USING repository
    WHERE ask.account_id = :account_id AND ask.due_at <= :before
        AND repository.id = ask.repository_id
        AND repository.owner_id <> ALL (CAST(:left_out AS text[]))
    RETURNING ask.repository_id
)
UPDATE account SET asked_pairs =
    (SELECT count(*) FROM ask WHERE account_id = :account_id) - (SELECT count(*) FROM settled)
WHERE id = :account_id AND (asked_pairs <> 0 OR EXISTS (SELECT FROM settled))
""")
_DUE = text("""
SELECT account_id, repository_id, failures FROM ask
WHERE account_id = :account_id AND due_at <= clock_timestamp()
ORDER BY due_at, repository_id
""")
# No row where nothing is left: ``greatest`` of nothing and zero would be zero.
_NEXT = text("""
SELECT greatest(due_at - clock_timestamp(), interval '0') FROM ask
WHERE account_id = :account_id ORDER BY due_at LIMIT 1
""")
_DROP = text("""
DELETE FROM ask WHERE account_id = :account_id AND repository_id = :repository_id
    AND wanted_at <= :asked_at
""")
_POSTPONE = text("""
UPDATE ask SET due_at = greatest(clock_timestamp() + CAST(:due_in AS interval),
    coalesce(CAST(:earliest_at AS timestamptz), '-infinity')), failures = failures + :failed
WHERE account_id = :account_id AND repository_id = :repository_id AND wanted_at <= :asked_at
""")


async def want(
    connection: AsyncConnection,
    wanted: Mapping[int, Sequence[int]],
    *,
    fold_above: int,
    due_at: datetime | None = None,
) -> None:
    """
    Have these accounts' tokens asked about these repositories, from ``due_at`` on.

    More than ``fold_above`` about one account since its last listing become one listing,
    begun no earlier. Accounts whose access ended are not asked: a new link lists anyway.
    """
    for account_id in sorted(wanted):
        await _want_of(connection, account_id, wanted[account_id], fold_above, due_at)


async def _want_of(
    connection: AsyncConnection,
    account_id: int,
    repository_ids: Sequence[int],
    fold_above: int,
    due_at: datetime | None,
) -> None:
    about = {"account_id": account_id, "due_at": due_at}
    count = {**about, "more": len(repository_ids)}
    row = (await connection.execute(_COUNT, count)).first() if repository_ids else None
    if row is None:
        return
    if row.asked_pairs > fold_above:
        await connection.execute(_DROP_ALL, {"account_id": account_id})
        await queue.enqueue_sync(
            connection, account_id=account_id, trigger=Trigger.CONFIRM, delay_in=row.due_in
        )
        return
    await connection.execute(_WANT, {**about, "ids": list(repository_ids)})
    await queue.enqueue(connection, Kind.ASK_ACCOUNT, account_id, delay_in=row.due_in)


async def load_due(connection: AsyncConnection, account_id: int) -> list[WantedAsk]:
    """The account's asks whose time has come, the longest due first."""
    rows = await connection.execute(_DUE, {"account_id": account_id})
    return [WantedAsk(row.account_id, row.repository_id, row.failures) for row in rows]


async def enqueue_rest(connection: AsyncConnection, account_id: int) -> None:
    """Come back for what is left, when it is due."""
    due_in: timedelta | None = (
        await connection.execute(_NEXT, {"account_id": account_id})
    ).scalar_one_or_none()
    if due_in is not None:
        await queue.enqueue(connection, Kind.ASK_ACCOUNT, account_id, delay_in=due_in)


async def drop_all(connection: AsyncConnection, account_id: int) -> None:
    """Nobody is to be asked any more: a listing spoke, or access ended."""
    await connection.execute(_DROP_ALL, {"account_id": account_id})


async def settle(
    connection: AsyncConnection,
    account_id: int,
    *,
    before: datetime,
    left_out: Collection[str] = (),
) -> None:
    """
    A complete listing begun at ``before`` answers what was due by then, and folds anew.

    About the owners that it ``left_out`` it said nothing, so what is asked of them stays, and
    counts with whatever is due later.
    """
    about = {"account_id": account_id, "before": before, "left_out": sorted(left_out)}
    await connection.execute(_SETTLE, about)


async def drop(connection: AsyncConnection, ask: WantedAsk, *, asked_at: datetime) -> None:
    """The ask begun at ``asked_at`` was answered, unless it was wanted again since."""
    await connection.execute(_DROP, {**_about(ask), "asked_at": asked_at})


async def postpone(
    connection: AsyncConnection,
    ask: WantedAsk,
    *,
    asked_at: datetime,
    due_in: timedelta,
    earliest_at: datetime | None = None,
    failed: bool,
) -> None:
    """Ask again after ``due_in``; ``failed`` counts as one more answer without a verdict."""
    values = {"asked_at": asked_at, "due_in": due_in, "earliest_at": earliest_at}
    await connection.execute(_POSTPONE, {**_about(ask), **values, "failed": int(failed)})


def _about(ask: WantedAsk) -> dict[str, object]:
    return {"account_id": ask.account_id, "repository_id": ask.repository_id}
