"""
A worker in a process of its own, to be killed and paused by the tests.

It takes the database's address and works until it is ended; its jobs are those of
``tests.worker.scenes``.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from permsync.store.engine import Database
from permsync.worker.kinds import SubjectJob
from permsync.worker.run import work
from tests.worker.scenes import Supplies, say_failure, sync_through_gate

KINDS = {"sync_account": SubjectJob(run=sync_through_gate, fail=say_failure)}


@contextmanager
def worker_process(url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start one; it is gone afterwards, whatever state it is in."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.worker.worker_process", url],
        cwd=Path(__file__).parents[2],
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def main() -> None:
    """Work without an end."""
    supplies = Supplies(Database(sys.argv[1]))
    await work(supplies, kinds=KINDS, concurrency=4, stop=asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
