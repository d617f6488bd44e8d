"""
Who runs the server, and which folders are taken, made or refused.

The tests run as root and as anybody else: what differs is said where it does.
"""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.owner import ServerOwner, find_owner, make_private_folder


def taken(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_uid, stat.S_IMODE(found.st_mode)


async def test_the_owner_is_never_root() -> None:
    owner = await find_owner()
    assert owner.uid != 0
    assert owner.is_somebody_else == (os.geteuid() == 0)


async def test_a_system_user_that_cannot_be_created_is_refused_with_the_cure() -> None:
    if os.geteuid() == 0:
        with pytest.raises(DatabaseUnavailableError, match="no:name") as refused:
            await find_owner(system_user="no:name")
        assert "useradd --system no:name" in refused.value.cure
    else:
        # Nobody but root needs one, whatever its name.
        assert (await find_owner(system_user="no:name")).uid == os.geteuid()


async def test_a_missing_folder_is_made_with_its_parents(place: Path) -> None:
    owner = await find_owner()
    make_private_folder(place / "a" / "b", owner)
    assert taken(place / "a" / "b") == (owner.uid, 0o700)


async def test_an_empty_folder_of_ours_is_taken_and_closed(place: Path) -> None:
    owner = await find_owner()
    (place / "volume").mkdir(mode=0o755)
    make_private_folder(place / "volume", owner)
    assert taken(place / "volume") == (owner.uid, 0o700)


async def test_a_folder_of_somebody_else_is_refused_with_the_cure(place: Path) -> None:
    (place / "theirs").mkdir()
    (place / "theirs" / "letter").touch()
    stranger = replace(await find_owner(), name="stranger", uid=os.geteuid() + 1)
    with pytest.raises(DatabaseUnavailableError, match="not to stranger") as refused:
        make_private_folder(place / "theirs", stranger)
    assert "empty folder" in refused.value.cure


async def test_a_symbolic_link_is_not_followed(place: Path) -> None:
    (place / "target").mkdir(mode=0o755)
    (place / "link").symlink_to(place / "target")
    with pytest.raises(DatabaseUnavailableError, match="link"):
        make_private_folder(place / "link", await find_owner())
    assert taken(place / "target") == (os.geteuid(), 0o755)


@pytest.mark.parametrize("folder", ["/proc/permsync", "/dev/null/permsync"])
async def test_a_place_that_cannot_be_written_is_refused_with_the_cure(folder: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=folder) as refused:
        make_private_folder(Path(folder), await find_owner())
    assert "choose another folder" in refused.value.cure


def test_giving_to_ourselves_changes_nothing(place: Path) -> None:
    us = ServerOwner(name="us", uid=os.geteuid(), gid=os.getegid())
    with (place / "file").open("w") as file:
        us.give(file.fileno())
    assert (place / "file").stat().st_uid == os.geteuid()
