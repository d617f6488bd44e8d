"""The two ports of a demo: free, held from the choice on, and a folder's own the next time."""

from pathlib import Path

import pytest

from permsync.cli.demo.folder import prepare
from permsync.cli.demo.ports import UNASSIGNED, held, port_of
from permsync.cli.listening import listen
from permsync.errors import AddressInUseError, ConfigurationError

FREE = (0, 0)


def test_free_ports_are_none_that_the_system_gives_away(tmp_path: Path) -> None:
    ours, theirs = held(tmp_path, asked=FREE)
    with ours, theirs:
        assert {port_of(ours), port_of(theirs)} < set(UNASSIGNED)
        assert port_of(ours) != port_of(theirs)


def test_nobody_else_gets_a_port_that_is_held(tmp_path: Path) -> None:
    ours, theirs = held(tmp_path, asked=FREE)
    with ours, theirs:
        for one in (ours, theirs):
            with pytest.raises(AddressInUseError, match=str(port_of(one))):
                listen("127.0.0.1", port_of(one), cure="")


def test_a_folder_that_was_started_before_keeps_its_ports(tmp_path: Path) -> None:
    ours, theirs = held(tmp_path, asked=FREE)
    with ours, theirs:
        before = port_of(ours), port_of(theirs)
    prepare(tmp_path, port=before[0], simulator_url=f"http://127.0.0.1:{before[1]}")
    for asked in (FREE, before):
        ours, theirs = held(tmp_path, asked=asked)
        with ours, theirs:
            assert (port_of(ours), port_of(theirs)) == before
    with pytest.raises(ConfigurationError, match=f"{before[0]} and {before[1]}"):
        held(tmp_path, asked=(before[0], before[0]))


def test_where_the_second_is_taken_the_first_is_given_back(tmp_path: Path) -> None:
    ours, taken = held(tmp_path, asked=FREE)
    port = port_of(ours)
    ours.close()
    with taken, pytest.raises(AddressInUseError, match=str(port_of(taken))):
        held(tmp_path, asked=(port, port_of(taken)))
    listen("127.0.0.1", port, cure="").close()
