"""
PgQueuer's own tables: under which names they stand, and how they follow its releases.

What is decided here: that the names are ours and no environment variable moves them
(PgQueuer reads ``DURABILITY`` and ``CHANNEL`` as well as ``PGQUEUER_*``), and that the
installed release's own planner brings the tables up to date. They are no part of our
migrations: a frozen copy would only drift from what the library expects. This module must
not know any job.
"""

import asyncpg
from pgqueuer import AsyncpgDriver, Queries
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel

from permsync.store.engine import Database
from permsync.store.queue_socket import queue_socket

# ``model_construct`` reads nothing from outside, so every field stands here.
NAMES = DBSettings.model_construct(
    prefix="",
    db_schema=None,
    channel=Channel("ch_pgqueuer"),
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
    widen_id=True,
)


def queries(connection: asyncpg.Connection) -> Queries:
    """PgQueuer's statements under our names, on this connection."""
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(NAMES),
        qbq=QueryQueueBuilder(NAMES),
        qbs=QuerySchedulerBuilder(NAMES),
    )


async def install(database: Database) -> tuple[str, ...]:
    """
    Create PgQueuer's tables or bring them up to the installed release; return what ran.

    Safe at every start of any number of processes: it holds PgQueuer's own lock and does
    nothing where nothing is missing. Every statement commits alone, because a value added
    to an enum cannot be used by the transaction that added it; a start that was cut short
    is completed by the next one.

    Raises ``DatabaseUnavailableError`` where the server cannot be reached.
    """
    async with queue_socket(database) as connection:
        plan = await queries(connection).apply_upgrade()
    return plan.statements
