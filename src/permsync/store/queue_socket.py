"""
A connection of one's own, outside the pool: for listening and for PgQueuer's statements.

What is decided here: that a lost server is the same one error as everywhere else, and
that no reply is awaited for ever. This module must not know any table or job.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from permsync.errors import DatabaseUnavailableError
from permsync.store.engine import CURE, Database

# The classes of SQLSTATE that ``store.engine.is_outage`` names, as this driver has them.
OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement that meets the goodbye of a server half-read
    OSError,
)


@asynccontextmanager
async def queue_socket(
    database: Database, *, reply_in: timedelta | None = None
) -> AsyncIterator[asyncpg.Connection]:
    """
    Connect, and close at the end of the block.

    ``reply_in`` bounds the wait for the connection and for each reply. Raises
    ``DatabaseUnavailableError`` where the server cannot be reached or goes away, also from
    inside the block.
    """
    seconds = None if reply_in is None else reply_in.total_seconds()
    try:
        connection = await asyncpg.connect(
            database.dsn,
            timeout=seconds,
            command_timeout=seconds,
            server_settings={"timezone": "UTC", "application_name": "permsync worker"},
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=seconds)
    except OUTAGES as error:
        raise DatabaseUnavailableError(place=database.place, cure=CURE) from error
