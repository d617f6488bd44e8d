"""Where a command listens: an address, or a socket that it was handed."""

import os
import socket
from pathlib import Path

import pytest

from permsync.cli.listening import listen, listening
from permsync.errors import AddressInUseError, ConfigurationError

LOOPBACK = "127.0.0.1"


def _answers(listener: socket.socket) -> bool:
    with socket.create_connection(listener.getsockname()[:2], timeout=5):
        return True


def test_it_takes_a_free_port_and_gives_it_back() -> None:
    with listening(LOOPBACK, 0, fd=None, cure="") as listener:
        port = listener.getsockname()[1]
        assert _answers(listener)
    with listen(LOOPBACK, port, cure="") as again:
        assert again.getsockname()[1] == port


def test_a_taken_address_names_itself_and_the_cure() -> None:
    with listen(LOOPBACK, 0, cure="") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUseError, match=f"{LOOPBACK}:{port}.*, or dance") as refused:
            listen(LOOPBACK, port, cure=", or dance")
    assert refused.value.code == "address_in_use"


def test_it_listens_on_the_socket_that_it_was_handed_and_on_no_other() -> None:
    with (
        listen(LOOPBACK, 0, cure="") as handed,
        listening("192.0.2.1", 1, fd=os.dup(handed.fileno()), cure="") as listener,
    ):
        assert listener.getsockname() == handed.getsockname()
        assert _answers(listener)


def test_an_address_of_the_newer_family_is_one_too() -> None:
    with listen("::1", 0, cure="") as listener:
        assert listener.family is socket.AF_INET6
        assert _answers(listener)


@pytest.mark.parametrize("what", ["a file", "a deaf socket", "nothing"])
def test_a_descriptor_that_is_no_listening_socket_is_a_wrong_setting(
    what: str, tmp_path: Path
) -> None:
    with (tmp_path / "file").open("w") as file, socket.socket() as deaf:
        fd = {"a file": file.fileno(), "a deaf socket": deaf.fileno(), "nothing": 9_999}[what]
        with (
            pytest.raises(ConfigurationError, match=f"descriptor {fd}") as refused,
            listening("192.0.2.1", 1, fd=fd, cure=""),
        ):
            pass
        assert os.fstat(file.fileno()), "what is not ours stays open"
        assert os.fstat(deaf.fileno()), "what is not ours stays open"
    assert refused.value.key == "--fd"
