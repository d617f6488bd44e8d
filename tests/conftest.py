"""
What every test may ask for: a real PostgreSQL with all tables, one database per test.

What is decided here: which steps make an empty database ours, that properties are tried
with the same examples every time, and how a log line of a test looks. This module must not know
where the server lies (``tests.databases``).
"""

from collections.abc import AsyncIterator

import pytest
import structlog
from hypothesis import settings

from permsync.store import migrate as migrations
from permsync.store import queue_schema
from permsync.store.engine import Database
from tests.databases import FreshDatabase, Migrate, database, embedded_server, migrated_template
from tests.world import served, simulator, world

# One commit, one verdict: whoever looks for new examples asks for another profile
# (``--hypothesis-profile=default``).
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# A traceback with the locals of every frame takes seconds to draw, and nobody reads it.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

__all__ = [
    "anyio_backend",
    "database",
    "embedded_server",
    "migrate",
    "migrated_template",
    "pool",
    "served",
    "simulator",
    "world",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Return the one event loop the service runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrate() -> Migrate:
    """Return what the product does to an empty database before it serves."""

    async def bring_up(url: str) -> None:
        pool = Database(url)
        await migrations.migrate(pool)
        await queue_schema.install(pool)
        await pool.close()

    return bring_up


@pytest.fixture
async def pool(database: FreshDatabase) -> AsyncIterator[Database]:
    """Return the product's door to this test's own database."""
    pool = Database(database.url)
    yield pool
    await pool.close()
