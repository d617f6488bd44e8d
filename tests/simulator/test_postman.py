"""Deliveries on their way: each fault of the road, over loopback, to a real letterbox."""

import json
from collections.abc import Iterator

import pytest

from permsync.simulator.faults import HookFaults
from permsync.simulator.hooks import Hook
from permsync.simulator.host import Host
from permsync.simulator.server import RunningSimulator
from tests.simulator.letterbox import Letter, Letterbox, letterbox, until


@pytest.fixture
def box() -> Iterator[Letterbox]:
    with letterbox() as opened:
        yield opened


@pytest.fixture
def host(simulator: RunningSimulator, box: Letterbox) -> Host:
    """Return GitLab, which tells the letterbox what happens."""
    host = simulator.world.hosts["gitlab"]
    host.hooks = [Hook(1, box.url, "secret", "token")]
    return host


def event(letter: Letter) -> str:
    return str(json.loads(letter.body)["event_name"])


def named(letter: Letter) -> str:
    return letter.headers["idempotency-key"]


def test_what_happens_is_told_with_the_facts_of_that_moment(host: Host, box: Letterbox) -> None:
    one = host.add_repository("platform/told")
    host.grant("linus", one.id, level=30)
    host.grant("linus", one.id, level=20)
    host.revoke("linus", one.id)
    host.revoke("linus", one.id)  # nothing happened
    host.join("linus", namespace="platform")
    host.leave("linus", namespace="platform")
    host.set_visibility(one.id, "public")
    host.rename_repository(one.id, name="told-again")
    host.rename_repository(one.id, owner="research")
    host.remove_repository(one.id)
    letters = box.wait(10)
    assert [event(each) for each in letters] == [
        "project_create",
        "user_add_to_team",
        "user_update_for_team",
        "user_remove_from_team",
        "user_add_to_group",
        "user_remove_from_group",
        "project_update",
        "project_rename",
        "project_transfer",
        "project_destroy",
    ]
    renamed = json.loads(letters[7].body)
    assert renamed["old_path_with_namespace"] == "platform/told"
    assert renamed["path_with_namespace"] == "platform/told-again"
    assert len({named(each) for each in letters}) == 10
    until(lambda: len(host.delivered) == 10)
    assert {each.status for each in host.delivered} == {202}


def test_a_host_without_hooks_tells_nobody(host: Host) -> None:
    host.hooks = []
    host.add_repository("platform/untold")
    assert not host.happened


def test_copies_share_an_id_and_a_burst_does_not(host: Host, box: Letterbox) -> None:
    host.faults.hooks = HookFaults(copies=2, burst=3)
    host.join("linus", namespace="platform")
    letters = box.wait(6)
    assert len({named(each) for each in letters}) == 3
    assert len({each.body for each in letters}) == 1


def test_what_is_held_back_comes_newest_first(host: Host, box: Letterbox) -> None:
    host.faults.hooks = HookFaults(held_back=2)
    host.join("linus", namespace="platform")
    host.leave("linus", namespace="platform")
    events = [event(each) for each in box.wait(2)]
    assert events == ["user_remove_from_group", "user_add_to_group"]


def test_what_is_late_comes_when_time_has_passed(
    simulator: RunningSimulator, host: Host, box: Letterbox
) -> None:
    host.faults.hooks = HookFaults(late_seconds=1_000)
    host.join("linus", namespace="platform")
    until(lambda: not host.happened)
    assert box.letters == []
    simulator.world.advance(1_001)
    box.wait(1)


def test_what_is_lost_never_comes(host: Host, box: Letterbox) -> None:
    host.faults.hooks = HookFaults(lost=1)
    host.join("linus", namespace="platform")
    host.leave("linus", namespace="platform")
    assert [event(each) for each in box.wait(1)] == ["user_remove_from_group"]


def test_a_refusal_and_a_closed_door_are_kept_with_the_delivery(host: Host, box: Letterbox) -> None:
    box.status = 401
    host.join("linus", namespace="platform")
    until(lambda: len(host.delivered) == 1)
    assert host.delivered[0].status == 401
    host.hooks = [Hook(2, "http://127.0.0.1:9/nobody", "secret", "token")]
    host.leave("linus", namespace="platform")
    until(lambda: len(host.delivered) == 2)
    assert host.delivered[1].status == 0
