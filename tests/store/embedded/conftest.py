"""
Folders for embedded servers of their own, for the tests that start, kill and stop them.

What is decided here: where such folders lie. Root runs the server as another user, who must
be able to enter, so they are not under pytest's private folders. Whatever server is left on
one is stopped before the folder is removed.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from permsync.store.embedded import EmbeddedPostgres
from tests.databases import TEST_SETTINGS, TEST_WAITS, fast_place
from tests.store.embedded.embedded_user import is_running


@contextmanager
def _place() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="permsync-", dir=fast_place()))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)


async def _enter_and_leave(folder: Path) -> None:
    async with EmbeddedPostgres(folder, waits=TEST_WAITS, settings=TEST_SETTINGS):
        pass


@pytest.fixture
def place() -> Iterator[Path]:
    """Return an empty folder that everybody may enter."""
    with _place() as place:
        yield place


@pytest.fixture
def empty_folder(place: Path) -> Iterator[Path]:
    """Return the path of a data folder that is not there yet."""
    folder = place / "data"
    yield folder
    if folder.exists() and asyncio.run(is_running(folder)):
        asyncio.run(_enter_and_leave(folder))


@pytest.fixture(scope="session")
def stopped_folder() -> Iterator[Path]:
    """Return a data folder whose server ran once and was stopped; it is only copied."""
    with _place() as place:
        asyncio.run(_enter_and_leave(place / "data"))
        yield place / "data"


@pytest.fixture
def data_folder(stopped_folder: Path, empty_folder: Path) -> Path:
    """Return a data folder of this test's own, made and stopped: it starts in 0.1 s."""
    # cp keeps owners, which shutil.copytree does not.
    subprocess.run(["/bin/cp", "--archive", stopped_folder, empty_folder], check=True)
    return empty_folder
