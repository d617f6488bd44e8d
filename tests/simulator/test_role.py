"""A role that says no more than it must."""

from permsync.simulator.happenings import Happening
from permsync.simulator.host import Host
from permsync.simulator.role import none_of, nothing_more


def test_a_kind_may_tell_nothing() -> None:
    assert none_of(Happening("ping")) == []


def test_a_sample_host_may_hold_nothing_more_than_all_do() -> None:
    host = Host(name="one", kind="openid", path="/one")
    nothing_more(host)
    assert (host.repositories, host.namespaces) == ({}, {})
