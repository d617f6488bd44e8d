"""Secret files are written for their owner alone, never over something, and refused when open."""

import os
import stat
from pathlib import Path

import pytest

from permsync.config.private_files import (
    add_line,
    forbidden_rights,
    read_private,
    write_private,
)
from permsync.errors import ConfigurationError


def _read(path: Path) -> str:
    return read_private(path, key="client_secret_file", place="permsync.toml, line 3")


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o177])
def test_a_new_file_is_for_its_owner_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_private(tmp_path / "key", "hush\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert (tmp_path / "key").read_text() == "hush\n"


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = _write(tmp_path / "key", b"precious")
    with pytest.raises(ConfigurationError, match="it is there already"):
        write_private(path, "hush")
    assert path.read_text() == "precious"


def test_a_link_is_not_followed_when_writing(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="it is there already"):
        write_private(tmp_path / "key", "hush")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        write_private(tmp_path / "folder" / "key", "hush")


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read_without_white_space_around_it(tmp_path: Path, mode: int) -> None:
    assert _read(_write(tmp_path / "secret", b" hush\r\n\n", mode=mode)) == "hush"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o622, 0o601])
def test_a_file_that_others_may_touch_is_refused_with_its_cure(tmp_path: Path, mode: int) -> None:
    path = _write(tmp_path / "secret", b"hush", mode=mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}") as refused:
        _read(path)
    assert (refused.value.key, refused.value.place) == (
        "client_secret_file",
        "permsync.toml, line 3",
    )


def test_a_file_of_another_owner_may_be_readable_by_our_group_and_no_more() -> None:
    forbidden = forbidden_rights(owner=0, reader=1000)
    assert not 0o440 & forbidden
    assert all(mode & forbidden for mode in (0o460, 0o450, 0o444))


UNREADABLE = {"empty": b"", "only white space": b" \n", "not text": b"\xff\xfe"}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_file_is_refused_that_is(tmp_path: Path, case: str) -> None:
    with pytest.raises(ConfigurationError, match="client_secret_file"):
        _read(_write(tmp_path / "secret", UNREADABLE[case]))


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(ConfigurationError, match="client_secret_file"):
            _read(path)


@pytest.mark.parametrize("text", ["one\ntwo\n", "one\ntwo"])
def test_a_line_is_added_as_the_last_or_the_first(tmp_path: Path, text: str) -> None:
    path = _write(tmp_path / "keys", text.encode(), mode=0o640)
    add_line(path, "three", first=False)
    add_line(path, "zero", first=True)
    assert path.read_text() == "zero\none\ntwo\nthree\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_added_through_a_link_goes_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path = _write(tmp_path / "real" / "keys", b"one\n")
    link = tmp_path / "keys"
    link.symlink_to(path)
    add_line(link, "two", first=False)
    assert link.is_symlink()
    assert path.read_text() == "one\ntwo\n"


def test_two_who_add_a_line_at_once_do_not_lose_one(tmp_path: Path) -> None:
    path = _write(tmp_path / "keys", b"one\n")
    _write(tmp_path / ".keys.new", b"somebody else is at it")
    with pytest.raises(ConfigurationError, match="it is there already"):
        add_line(path, "two", first=False)
    assert path.read_text() == "one\n"
