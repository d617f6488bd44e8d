"""
Locks that outlive nobody: exclusive, shared, inherited.

Two open files in one process are as strange to each other as those of two processes.
"""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from permsync.store.embedded.locks import HeldLock, claim, claim_in_turn
from permsync.store.embedded.owner import ServerOwner, find_owner

SOON = timedelta(milliseconds=5)


@pytest.fixture
async def owner() -> ServerOwner:
    return await find_owner()


def claimed(path: Path, owner: ServerOwner, *, shared: bool = False) -> HeldLock:
    lock = claim(path, owner=owner, shared=shared)
    assert lock is not None
    return lock


def child_that_inherits(lock: HeldLock) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["/bin/cat"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,), text=True
    )


async def test_a_held_lock_is_refused_and_a_released_one_given(
    place: Path, owner: ServerOwner
) -> None:
    with claimed(place / "lock", owner):
        assert claim(place / "lock", owner=owner) is None
    claimed(place / "lock", owner).release()


async def test_a_shared_lock_is_given_to_many_but_not_to_one_alone(
    place: Path, owner: ServerOwner
) -> None:
    with claimed(place / "lock", owner, shared=True), claimed(place / "lock", owner, shared=True):
        assert claim(place / "lock", owner=owner) is None


async def test_only_the_last_who_shares_is_the_last(place: Path, owner: ServerOwner) -> None:
    with claimed(place / "lock", owner, shared=True) as last:
        with claimed(place / "lock", owner, shared=True) as earlier:
            assert not earlier.is_last()
        assert last.is_last()


async def test_a_child_holds_on_to_what_it_inherited(place: Path, owner: ServerOwner) -> None:
    with claimed(place / "lock", owner) as lock:
        child = child_that_inherits(lock)
    with child:
        assert claim(place / "lock", owner=owner) is None
        child.communicate()
    claimed(place / "lock", owner).release()


async def test_who_waits_gets_the_lock_in_turn(place: Path, owner: ServerOwner) -> None:
    first = claimed(place / "lock", owner)
    second = asyncio.ensure_future(claim_in_turn(place / "lock", owner=owner, look_again_in=SOON))
    await asyncio.sleep(0)
    assert not second.done()
    first.release()
    (await second).release()


async def test_a_lock_file_is_the_owners_alone(place: Path, owner: ServerOwner) -> None:
    with claimed(place / "lock", owner):
        found = (place / "lock").stat()
        assert (found.st_uid, found.st_mode & 0o777) == (owner.uid, 0o600)


async def test_a_symbolic_link_is_no_lock(place: Path, owner: ServerOwner) -> None:
    (place / "lock").symlink_to(place / "target")
    with pytest.raises(OSError, match="symbolic"):
        claim(place / "lock", owner=owner)
    assert not (place / "target").exists()
