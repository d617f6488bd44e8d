"""Edits change what a host stores, keep ids, and forget cached listings."""

import pytest

from permsync.simulator.host import Host
from permsync.simulator.repositories import Level


@pytest.fixture
def host() -> Host:
    made = Host("h", "gitlab", "/h")
    made.add_person("ada", full_name="Ada", email="ada@example.com")
    return made


def test_an_owner_is_created_with_its_first_repository(host: Host) -> None:
    made = host.add_repository("group/sub/project")
    assert (made.owner, made.name) == ("group/sub", "project")
    assert "group/sub" in host.namespaces


def test_ids_are_never_given_twice(host: Host) -> None:
    first = host.add_repository("group/one")
    host.remove_repository(first.id)
    assert host.add_repository("group/one").id > first.id


def test_a_rename_and_a_transfer_keep_the_id(host: Host) -> None:
    made = host.add_repository("group/one")
    host.rename_repository(made.id, owner="other", name="two")
    assert host.find_repository("OTHER/Two") is made
    assert host.find_repository("group/one") is None
    assert "other" in host.namespaces


def test_the_higher_of_two_levels_counts(host: Host) -> None:
    made = host.add_repository("group/one")
    assert host.level("ada", made) == 0
    host.join("ada", namespace="group", level=Level.REPORTER)
    host.grant("ada", made.id, level=Level.OWNER)
    assert host.level("ada", made) == Level.OWNER
    host.revoke("ada", made.id)
    assert host.level("ada", made) == Level.REPORTER
    host.leave("ada", namespace="group")
    assert host.level("ada", made) == 0


def test_memberships_are_cached_until_an_edit(host: Host) -> None:
    made = host.add_repository("group/one")
    host.join("ada", namespace="group")
    assert host.memberships("ada") == [made]
    assert host.memberships("ada") is host.memberships("ada")
    other = host.add_repository("group/two")
    assert host.memberships("ada") == [made, other]


def test_an_edit_by_hand_needs_a_touch(host: Host) -> None:
    made = host.add_repository("group/one")
    assert host.memberships("ada") == []
    made.members["ada"] = Level.REPORTER
    assert host.memberships("ada") == []
    host.touch()
    assert host.memberships("ada") == [made]


def test_visibility_and_code_access_change_together_or_alone(host: Host) -> None:
    made = host.add_repository("group/one")
    host.set_visibility(made.id, "public", code_access="private")
    host.set_visibility(made.id, "internal")
    assert (made.visibility, made.code_access) == ("internal", "private")
