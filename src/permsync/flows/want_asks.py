"""
Has the sources of some pairs asked again, inside the caller's transaction.

What is decided here: an account's own source is asked pair by pair, a repository's source
by listing the repository, because its readers are a page or two (so its asks are folded
from the first on, EVIDENCE R6). This module must not ask anybody itself.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from permsync.flows.deps import Services
from permsync.model import LIVING, Account, Source, Trigger
from permsync.store import asks, pairs, queue, repositories, run_history
from permsync.store.engine import Connection, database_now
from permsync.store.pairs import Pair
from permsync.store.queue import Kind


async def want_asks(
    services: Services,
    connection: Connection,
    wanted: Iterable[Pair],
    *,
    due_at: datetime | None = None,
) -> None:
    """
    Ask the source of each pair, not before ``due_at``.

    Without a connection for its repository a ``repo_listing`` pair asks nobody.
    """
    by_account: dict[int, set[int]] = {}
    listed: set[int] = set()
    for pair in wanted:
        if pair.source is Source.ACCOUNT_LISTING:
            by_account.setdefault(pair.account_id, set()).add(pair.repository_id)
        else:
            listed.add(pair.repository_id)
    asked = {account_id: sorted(ids) for account_id, ids in by_account.items()}
    await asks.want(connection, asked, fold_above=services.fold_above, due_at=due_at)
    await list_again(connection, listed, due_at=due_at)


async def list_again(
    connection: Connection, repository_ids: Iterable[int], *, due_at: datetime | None = None
) -> None:
    """List the readers of these repositories again, where a connection can."""
    covered = await repositories.load_covered(connection, sorted(repository_ids))
    await _enqueue(connection, Kind.SYNC_REPOSITORY, covered, due_at=due_at)


async def list_account(connection: Connection, account: Account, *, due_at: datetime) -> None:
    """Have a living account listed, not before ``due_at``."""
    if account.state in LIVING:
        await _enqueue(connection, Kind.SYNC_ACCOUNT, [account.id], due_at=due_at)


async def list_holder(connection: Connection, repository_id: int, *, due_at: datetime) -> None:
    """Have one of the accounts listed whose own listing holds the repository."""
    holder = await pairs.load_holder(connection, repository_id)
    await _enqueue(connection, Kind.SYNC_ACCOUNT, holder, due_at=due_at)


async def list_under_way(connection: Connection, *, host: str, due_at: datetime) -> None:
    """Have every account listed again that is being listed: what began before is out of date."""
    account_ids = await run_history.load_under_way(connection, host)
    await _enqueue(connection, Kind.SYNC_ACCOUNT, account_ids, due_at=due_at)


async def list_owner(connection: Connection, *, host: str, owner_id: str, due_at: datetime) -> None:
    """Have everything listed that is stored of an owner: who holds some of it, and its readers."""
    await list_owner_holders(connection, host=host, owner_id=owner_id, due_at=due_at)
    covered = await repositories.load_covered_of_owner(connection, host=host, owner_id=owner_id)
    await _enqueue(
        connection, Kind.SYNC_REPOSITORY, covered, due_at=due_at, trigger=Trigger.SCHEDULE
    )


async def list_owner_holders(
    connection: Connection, *, host: str, owner_id: str, due_at: datetime
) -> None:
    """Have the accounts listed whose own listing holds something of an owner."""
    accounts = await pairs.load_owner_accounts(connection, host=host, owner_id=owner_id)
    await _enqueue(connection, Kind.SYNC_ACCOUNT, accounts, due_at=due_at, trigger=Trigger.SCHEDULE)


async def _enqueue(
    connection: Connection,
    kind: Kind,
    ids: Sequence[int],
    *,
    due_at: datetime | None,
    trigger: Trigger = Trigger.CONFIRM,
) -> None:
    if not ids:
        return
    delay_in = timedelta()
    if due_at is not None:
        delay_in = max(due_at - await database_now(connection), delay_in)
    await queue.enqueue_all(connection, kind, ids, trigger=trigger, delay_in=delay_in)
