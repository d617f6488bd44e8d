"""
The texts that the embedded PostgreSQL is configured with, where a server would not tell.

What the settings are for is proven on servers, in the tests of the cluster.
"""

from pathlib import Path

from permsync.store.embedded.configuration import entry_rules, known_people, server_settings
from permsync.store.embedded.owner import ServerOwner


def test_a_change_overrides_our_setting() -> None:
    text = server_settings(socket_folder=Path("/run/x"), changed={"fsync": "off"})
    assert [line for line in text.splitlines() if line.startswith("fsync")] == ["fsync = 'off'"]


def test_a_quote_in_a_value_does_not_end_it() -> None:
    text = server_settings(socket_folder=Path("/run/it's"), changed={})
    assert "unix_socket_directories = '\"/run/it''s\"'" in text.splitlines()


def test_a_backslash_in_a_value_escapes_nothing() -> None:
    text = server_settings(socket_folder=Path("/run/x"), changed={"application_name": "a\\b"})
    assert "application_name = 'a\\\\b'" in text.splitlines()


def test_nobody_enters_but_by_the_local_socket_and_the_kernels_word() -> None:
    assert entry_rules().split() == ["local", "all", "all", "peer", "map=permsync"]


def test_the_owner_and_root_are_the_only_ones_known() -> None:
    owner = ServerOwner(name="ada", uid=1000, gid=1000)
    assert known_people(owner=owner, roles=("permsync",)).splitlines() == [
        'permsync "ada" "permsync"',
        'permsync "root" "permsync"',
    ]


def test_root_is_named_once_where_root_is_the_owner() -> None:
    owner = ServerOwner(name="root", uid=0, gid=0)
    assert known_people(owner=owner, roles=("permsync",)).splitlines() == [
        'permsync "root" "permsync"',
    ]
