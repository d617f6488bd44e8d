"""
Where a journey's site lives, and how its database is looked into.

This module must not know a journey.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from permsync.store.embedded import ensure_running
from tests.databases import TEST_WAITS


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that the database's own user may pass through, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="permsync-journey-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


async def database_of(folder: Path) -> str:
    """The address of the embedded database of a site in this folder."""
    server = await ensure_running(folder / "data" / "postgres", waits=TEST_WAITS)
    return server.database_url
