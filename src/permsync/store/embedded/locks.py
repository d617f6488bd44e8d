"""
File locks that the kernel releases when their holder dies, however it dies.

What is decided here: how a lock is opened and waited for. What this module must not know:
what a lock stands for (``embedded`` names its three).

``flock`` is used because the lock belongs to the open file, not to the process: a child
that inherits the descriptor holds the lock on after its parent was killed.
"""

import asyncio
import fcntl
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from permsync.store.embedded.owner import ServerOwner


@dataclass(frozen=True, slots=True)
class HeldLock:
    """
    A lock that is held until it is released, or until every process that has it ended.

    ``descriptor`` is what a child inherits to hold the lock too.
    """

    descriptor: int

    def release(self) -> None:
        """Close our descriptor; a child that inherited it still holds the lock."""
        os.close(self.descriptor)

    def is_last(self) -> bool:
        """Whether nobody else shares this lock; the answer costs our own share of it."""
        return _claimed(self.descriptor, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def claim(path: Path, *, owner: ServerOwner, shared: bool = False) -> HeldLock | None:
    """Take the lock if it is free, or return None; the file is created, and never removed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        owner.give(descriptor)
        claimed = _claimed(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        raise
    if claimed:
        return HeldLock(descriptor)
    os.close(descriptor)
    return None


async def claim_in_turn(
    path: Path, *, owner: ServerOwner, look_again_in: timedelta, shared: bool = False
) -> HeldLock:
    """Wait for the lock; the caller bounds the wait with ``asyncio.timeout``."""
    while True:
        held = claim(path, owner=owner, shared=shared)
        if held is not None:
            return held
        await asyncio.sleep(look_again_in.total_seconds())


def _claimed(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
