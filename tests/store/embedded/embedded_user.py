"""
Who is alive: the server on a folder, and another permsync process that uses it.

What is decided here: how a test asks whether a server runs, and how it starts and ends a
process beside itself. What this module must not know: what the test proves with it.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from permsync.store.embedded.locks import claim
from permsync.store.embedded.owner import find_owner

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.databases import TEST_SETTINGS, TEST_WAITS
from permsync.store.embedded import EmbeddedPostgres

async def main():
    folder = Path(sys.argv[1])
    async with EmbeddedPostgres(folder, waits=TEST_WAITS, settings=TEST_SETTINGS) as server:
        print(server.pid, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

_ROOT = Path(__file__).parents[3]


async def is_running(folder: Path) -> bool:
    """The lock of the server's processes tells, without touching the server."""
    lock = claim(folder / "server.lock", owner=await find_owner())
    if lock is not None:
        lock.release()
    return lock is None


class AnotherUser:
    """A process that entered, or is about to; it leaves when it is told to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def server_pid(self) -> int:
        """Wait until it is in, and return the process id of the server it uses."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def leave(self) -> None:
        """Let it leave in order, and wait for its end."""
        self._process.communicate()
        assert self._process.returncode == 0

    def kill(self) -> None:
        """SIGKILL it and wait for its end."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def another_user(folder: Path) -> Iterator[AnotherUser]:
    """Start a process that uses the server in this folder; it is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    user = AnotherUser(process)
    try:
        yield user
    finally:
        if process.poll() is None:
            user.kill()
