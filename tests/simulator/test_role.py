"""A role that says no more than it must."""

from permsync.simulator.happenings import Happening
from permsync.simulator.host import Host
from permsync.simulator.repositories import Level, Repository
from permsync.simulator.role import is_granted, none_of, nothing_more, number_of, uuid_of


def test_a_kind_may_tell_nothing() -> None:
    assert none_of(Happening("ping")) == []


def test_a_sample_host_may_hold_nothing_more_than_all_do() -> None:
    host = Host(name="one", kind="openid", path="/one")
    nothing_more(host)
    assert (host.repositories, host.namespaces) == ({}, {})


def test_things_are_told_apart_by_number_or_by_uuid() -> None:
    one = Repository(9, "{e-9}", "core", "engine")
    assert (number_of(one), uuid_of(one)) == ("9", "{e-9}")


def test_a_listing_holds_what_was_granted_and_not_what_is_open() -> None:
    host = Host(name="one", kind="openid", path="/one")
    one = host.add_repository("core/engine", visibility="public")
    assert not is_granted(host, "ada", one)
    host.grant("ada", one.id, level=Level.GUEST)
    assert not is_granted(host, "ada", one)
    host.grant("ada", one.id, level=Level.REPORTER)
    assert is_granted(host, "ada", one)
