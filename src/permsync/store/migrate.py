"""
Brings the database to the schema of this program, at start, under a lock.

What is decided here: that any number of processes may start at once and one of them
migrates; that a database from the future is refused. This module must not know what the
migrations do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from permsync.errors import SchemaNewerError
from permsync.store.engine import Database

LOCK = 0x7065726D  # "perm": the advisory lock that migrating processes queue for


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def revisions() -> tuple[str, ...]:
    """Every revision from the first to the newest."""
    script = ScriptDirectory.from_config(_config())
    return tuple(step.revision for step in reversed(list(script.walk_revisions())))


def _upgrade(connection: Connection, to: str) -> str:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in revisions():
        raise SchemaNewerError(
            place=f"database at revision {current}",
            cure="it was migrated by a newer permsync; run that version or restore a backup",
        )
    command.upgrade(_config(connection), to)
    return MigrationContext.configure(connection).get_current_revision() or ""


async def migrate(database: Database, *, to: str = "head") -> str:
    """
    Apply what is missing and return the revision that the database now has.

    Raises ``SchemaNewerError`` where the database knows a revision that we do not, and
    ``DatabaseUnavailableError`` where it cannot be reached. One transaction: it is all
    applied or nothing is.
    """
    async with database.begin() as connection:
        return await connection.run_sync(_upgrade, to)


async def schema_revision(database: Database) -> str | None:
    """The revision the database has now; ``None`` when it is empty."""
    async with database.begin() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )
