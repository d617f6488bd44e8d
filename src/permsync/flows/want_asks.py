"""
Has the sources of some pairs asked again, inside the caller's transaction.

What is decided here: an account's own source is asked pair by pair, a repository's source
by listing the repository, because its readers are a page or two (so its asks are folded
from the first on, EVIDENCE R6). This module must not ask anybody itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from permsync.flows.deps import Services
from permsync.model import Source, Trigger
from permsync.store import asks, queue, repositories
from permsync.store.engine import Connection, database_now
from permsync.store.pairs import Pair
from permsync.store.queue import Kind


async def want_asks(
    services: Services,
    connection: Connection,
    pairs: Iterable[Pair],
    *,
    due_at: datetime | None = None,
) -> None:
    """
    Ask the source of each pair, not before ``due_at``.

    Without a connection for its repository a ``repo_listing`` pair asks nobody.
    """
    by_account: dict[int, set[int]] = {}
    listed: set[int] = set()
    for pair in pairs:
        if pair.source is Source.ACCOUNT_LISTING:
            by_account.setdefault(pair.account_id, set()).add(pair.repository_id)
        else:
            listed.add(pair.repository_id)
    wanted = {account_id: sorted(ids) for account_id, ids in by_account.items()}
    await asks.want(connection, wanted, fold_above=services.fold_above, due_at=due_at)
    await list_again(connection, listed, due_at=due_at)


async def list_again(
    connection: Connection, repository_ids: Iterable[int], *, due_at: datetime | None = None
) -> None:
    """List the readers of these repositories again, where a connection can."""
    covered = await repositories.load_covered(connection, sorted(repository_ids))
    if not covered:
        return
    now = await database_now(connection)
    delay_in = max(due_at - now, timedelta()) if due_at is not None else timedelta()
    for repository_id in covered:
        await queue.enqueue(
            connection,
            Kind.SYNC_REPOSITORY,
            repository_id,
            trigger=Trigger.CONFIRM,
            delay_in=delay_in,
        )
