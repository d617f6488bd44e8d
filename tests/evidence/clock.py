"""
A database whose clock a test can put forward, so that days pass between two statements.

What is decided here: the functions that tell the time are found in a schema of the test's
before PostgreSQL's own, so every statement of the product reads the shifted clock and none
has to know. This module must not know what time is for.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from permsync.store.engine import Database, database_now

_INSTALL = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.clock (ahead interval NOT NULL);
INSERT INTO shifted.clock VALUES (interval '0');
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM shifted.clock';
CREATE FUNCTION shifted.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + ahead FROM shifted.clock';
-- Chance too, or a run could not be repeated.
CREATE FUNCTION shifted.random() RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 0.5'
"""


class ShiftedClock:
    """The clock of one database; ``ahead`` is by how much it is put forward."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.ahead = timedelta()

    async def install(self, name: str) -> None:
        """Shift the clock of the database ``name`` for every connection made after this."""
        async with self._database.begin() as connection:
            for statement in _INSTALL.split(";"):
                await connection.execute(text(statement))
            path = "shifted, pg_catalog, public"
            await connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = {path}'))
        await self._database.close()

    async def advance(self, by: timedelta) -> None:
        """Let so much time pass at once."""
        self.ahead += by
        async with self._database.begin() as connection:
            query = text("UPDATE shifted.clock SET ahead = :ahead")
            await connection.execute(query, {"ahead": self.ahead})

    async def now(self) -> datetime:
        """What the database's clock shows."""
        async with self._database.begin() as connection:
            return await database_now(connection)
