"""
Says whether this process can answer: the database does, and its tables are ours.

This module must not migrate anything.
"""

from enum import StrEnum
from functools import cache

from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services
from permsync.store import migrate


class Readiness(StrEnum):
    """What stands between a process and its first answer."""

    READY = "ready"
    DATABASE_UNAVAILABLE = "database_unavailable"
    SCHEMA_DIFFERS = "schema_differs"


async def check_readiness(services: Services) -> Readiness:
    """Ask the database; an outage is an answer, not an error."""
    try:
        revision = await migrate.schema_revision(services.database)
    except DatabaseUnavailableError:
        return Readiness.DATABASE_UNAVAILABLE
    return Readiness.READY if revision == _newest() else Readiness.SCHEMA_DIFFERS


@cache
def _newest() -> str:
    """The revision this program was made for; its files do not change while it runs."""
    return migrate.revisions()[-1]
