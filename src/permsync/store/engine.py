"""
The one door to PostgreSQL: connections, transactions, and the errors that leave it.

What is decided here: pool size, time-outs of the connection, UTC, and that a lost
database is one error of ours whatever the driver calls it. It knows one name of the
schema: that of the constraint on sealing keys.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from permsync.errors import DatabaseUnavailableError, SealingKeyError
from permsync.store.columns import SEALED_WITH

# What the flows hand from one function of the store to the next, without looking inside.
Connection = AsyncConnection

CURE = "check that PostgreSQL runs, that it accepts this user, and PERMSYNC_DATABASE_URL"
SILENT_IN = timedelta(seconds=30)
RETIRED = (
    "this process seals with a key that was retired since it started: start it again with the"
    " settings of today"
)


class Database:
    """
    A pool of connections to one database.

    ``url`` is what SQLAlchemy takes (``postgresql+asyncpg://...``). A transaction is short
    and never held over HTTP: the server ends one that says nothing for ``silent_in``, because
    a process that was paused or cut off would hold its locks against all others. Nothing is
    connected before the first use.
    """

    def __init__(self, url: str, *, pool: int = 10, silent_in: timedelta = SILENT_IN) -> None:
        self.url = url
        self._engine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=pool,
            hide_parameters=True,
            connect_args={"server_settings": {"timezone": "UTC", "application_name": "permsync"}},
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        event.listen(self._engine.sync_engine, "connect", partial(_limit_silence, silent_in))
        self._alone = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def dsn(self) -> str:
        """
        The same database for asyncpg itself.

        SQLAlchemy hands ``ssl`` to the driver as an argument; in an address of its own the
        driver knows it as ``sslmode``.
        """
        query = dict(self._engine.url.query)
        if "ssl" in query:
            query["sslmode"] = query.pop("ssl")
        url = self._engine.url.set(drivername="postgresql", query=query)
        return url.render_as_string(hide_password=False)

    @property
    def place(self) -> str:
        """Where the database is, without a password, for messages."""
        return self._engine.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """
        One transaction: committed at the end of the block, rolled back on an exception.

        Raises ``DatabaseUnavailableError`` where the server cannot be reached or goes away.
        """
        async with self._translated(), self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncConnection]:
        """
        Statements that are each a transaction of their own: one round trip instead of three.

        Raises what :meth:`begin` raises.
        """
        async with self._translated(), self._alone.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated or is_outage(error):
                raise self._unavailable() from error
            if _is_sealed_with_a_dead_key(error):
                raise SealingKeyError(place="sealing_keys", cure=RETIRED) from error
            raise
        # asyncpg names a goodbye of the server in the middle of a statement like a bug of its own.
        except (OSError, PoolTimeoutError, asyncpg.InternalClientError) as error:
            raise self._unavailable() from error

    def _unavailable(self) -> DatabaseUnavailableError:
        return DatabaseUnavailableError(place=self.place, cure=CURE)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _refuse_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
    """
    Take another connection where the server closed this one.

    The driver knows it without asking, so no statement pays for a question first.
    """
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError("the server closed this connection")


def _limit_silence(silent_in: timedelta, dbapi_connection: Any, _record: object) -> None:
    """Said in a statement, since poolers between us refuse to hear it at the start."""
    cursor = dbapi_connection.cursor()
    millis = int(silent_in / timedelta(milliseconds=1))
    cursor.execute(f"SET idle_in_transaction_session_timeout = {millis}")
    cursor.close()
    dbapi_connection.commit()


def is_outage(error: DBAPIError) -> bool:
    """
    Tell a server that is away or going away from a statement that is wrong.

    SQLSTATE classes 08 (connection), 53 (resources), 57P (shutdown, not yet up) and 28
    (the login is refused) are outages; so are a transaction that said nothing for too long
    and a driver error without any state.
    """
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return (
        state is None
        or state[:2] in {"08", "53", "28"}
        or state[:3] == "57P"
        or state in {"25P03", "3D000"}
    )


def _is_sealed_with_a_dead_key(error: DBAPIError) -> bool:
    """Whether PostgreSQL refused a value whose sealing key is retired (``store.columns``)."""
    cause = error.orig.__cause__ if error.orig is not None else None
    name = getattr(cause, "constraint_name", None)
    return isinstance(cause, asyncpg.ForeignKeyViolationError) and str(name).endswith(SEALED_WITH)


async def database_now(connection: AsyncConnection) -> datetime:
    """The database's clock at this moment: the one time that orders everything."""
    now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    assert isinstance(now, datetime)  # noqa: S101 - a type for the checker, PostgreSQL has no other
    return now.astimezone(UTC)
