"""A demo's folder: settings anew at each start, keys and ports for good."""

import os
from pathlib import Path

import pytest

from permsync.cli.demo.folder import MARK, SETTINGS, default_folder, ports_of, prepare
from permsync.config import load_settings
from permsync.errors import ConfigurationError
from tests.world import KINDS

SIMULATOR = "http://127.0.0.1:8090"


def test_the_settings_are_settings(tmp_path: Path) -> None:
    written = prepare(tmp_path / "demo", port=8080, simulator_url=SIMULATOR)
    read = load_settings(file=written, environ={})
    assert read.public_url == "http://127.0.0.1:8080"
    assert {name: host.kind for name, host in read.hosts.items()} == KINDS
    assert read.data_folder == tmp_path / "demo" / "data"


def test_a_second_start_writes_the_settings_and_keeps_the_key(tmp_path: Path) -> None:
    written = prepare(tmp_path, port=8080, simulator_url=SIMULATOR)
    key = (tmp_path / "sealing-keys").read_text()
    written.write_text(f"{MARK}nonsense = 1\n")
    assert prepare(tmp_path, port=8080, simulator_url=SIMULATOR) == written
    assert "nonsense" not in written.read_text()
    assert (tmp_path / "sealing-keys").read_text() == key


def test_it_remembers_its_ports(tmp_path: Path) -> None:
    assert ports_of(tmp_path) is None
    prepare(tmp_path, port=18080, simulator_url="http://127.0.0.1:18090")
    assert ports_of(tmp_path) == (18080, 18090)


def test_settings_of_somebody_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / SETTINGS).write_text('public_url = "https://permsync.example"\n')
    with pytest.raises(ConfigurationError, match="not the settings of a demo"):
        ports_of(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="name another folder"):
        prepare(tmp_path / "file" / "demo", port=8080, simulator_url=SIMULATOR)


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    prepare(tmp_path, port=8080, simulator_url=SIMULATOR)
    prepare(tmp_path / "new", port=8080, simulator_url=SIMULATOR)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o711


def test_root_has_a_folder_that_its_databases_user_can_reach() -> None:
    folder = default_folder()
    assert folder.is_absolute()
    assert (folder.name == ".demo") is (os.geteuid() != 0)
