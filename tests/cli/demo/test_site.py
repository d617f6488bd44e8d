"""What a site is started with: ports that are free, and those that a folder's links name."""

import socket
from pathlib import Path

import pytest

from permsync.cli.demo.folder import prepare
from permsync.cli.demo.site import DemoPlan, running
from permsync.errors import AddressInUseError, ConfigurationError


def _taken() -> tuple[socket.socket, int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener, int(listener.getsockname()[1])


def test_a_taken_port_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    listener, port = _taken()
    folder = tmp_path / "demo"
    with (
        listener,
        pytest.raises(AddressInUseError, match=str(port)),
        running(DemoPlan(folder=folder, simulator_port=port)),
    ):
        pass
    assert not folder.exists()


def test_a_folder_goes_on_at_its_own_ports_only(tmp_path: Path) -> None:
    prepare(tmp_path, port=18080, simulator_url="http://127.0.0.1:18090")
    with (
        pytest.raises(ConfigurationError, match="18080 and 18090") as refused,
        running(DemoPlan(folder=tmp_path, port=18081)),
    ):
        pass
    assert refused.value.key == "--port"


def test_without_a_port_the_folders_own_is_taken(tmp_path: Path) -> None:
    listener, port = _taken()
    prepare(tmp_path, port=port, simulator_url="http://127.0.0.1:18090")
    with (
        listener,
        pytest.raises(AddressInUseError, match=str(port)),
        running(DemoPlan(folder=tmp_path)),
    ):
        pass
