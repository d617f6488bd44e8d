"""
A worker's own line to the queue: it hears that jobs came, and claims them.

What is decided here: claiming is PgQueuer's statement (by priority, skipping what others
hold), and only a new or changed queue wakes a worker, not every job that ends somewhere.
This module must not know what a job does or how many a worker may hold.
"""

import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from pgqueuer import Queries
from pgqueuer import models as pgqueuer
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from permsync.model import Trigger
from permsync.rules.schedule import PRIORITY
from permsync.store.engine import Database
from permsync.store.queue import split_name
from permsync.store.queue_claims import Job
from permsync.store.queue_schema import NAMES, queries
from permsync.store.queue_socket import queue_socket

TRIGGERS = {priority: trigger for trigger, priority in PRIORITY.items()}

# Further back than PostgreSQL's clock goes in any installation: PgQueuer must not take
# stalled jobs itself, because it does not count them (``queue_claims.reclaim_stalled``).
NEVER = timedelta(days=365_000)


class QueueLine:
    """What a worker may ask its queue; each method is one statement on one connection."""

    def __init__(self, statements: Queries, worker_id: UUID) -> None:
        self._queries = statements
        self._worker_id = QueueManagerId(worker_id)

    async def claim(self, names: Collection[str], *, most: int) -> list[Job]:
        """Claim up to ``most`` jobs of these names that are due, the strongest first."""
        unlimited = EntrypointExecutionParameter(concurrency_limit=0)
        claimed = await self._queries.dequeue(
            batch_size=most,
            entrypoints={QueueEntrypoint(name): unlimited for name in names},
            queue_manager_id=self._worker_id,
            global_concurrency_limit=None,
            heartbeat_timeout=NEVER,
        )
        return [parse_job(row, worker_id=self._worker_id) for row in claimed]

    async def next_due_in(self, names: Collection[str]) -> timedelta | None:
        """How long until the next delayed job of these names is due, if there is one."""
        return await self._queries.next_deferred_eta([QueueEntrypoint(name) for name in names])


@asynccontextmanager
async def queue_line(
    database: Database, worker_id: UUID, *, on_queued: Callable[[], None], reply_in: timedelta
) -> AsyncIterator[QueueLine]:
    """
    Open a line; ``on_queued`` is called whenever a job was queued by anybody.

    Raises ``DatabaseUnavailableError`` where the server cannot be reached, goes away or
    does not answer within ``reply_in``, also from inside the block.
    """

    def hear(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        if '"insert"' in str(payload):
            on_queued()

    async with queue_socket(database, reply_in=reply_in) as connection:
        await connection.add_listener(NAMES.channel, hear)
        yield QueueLine(queries(connection), worker_id)


def parse_job(row: pgqueuer.Job, *, worker_id: UUID) -> Job:
    """Read a claimed row of PgQueuer's table as a job of ours."""
    subject = json.loads(row.payload) if row.payload is not None else {}
    kind, host = split_name(row.entrypoint)
    return Job(
        id=row.id,
        kind=kind,
        host=host,
        worker_id=worker_id,
        account_id=subject.get("account_id"),
        repository_id=subject.get("repository_id"),
        trigger=TRIGGERS.get(row.priority, Trigger.SCHEDULE),
        resets=row.attempts,
    )
