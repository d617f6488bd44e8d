"""A world can be saved and read again, lets time pass, and tells every secret it has known."""

import json

import pytest

from permsync.simulator.kinds import roles
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator
from permsync.simulator.world import World
from tests.simulator.visitor import PUBLIC_URL, VERIFIER, Visitor, ask


def test_a_dumped_world_answers_the_same_tokens(github: Visitor) -> None:
    tokens = github.link()
    names = github.get("/api/v3/user/repos").json
    dumped = json.loads(json.dumps(github.simulator.world.dump()))
    github.simulator.show(World.load(dumped, roles()))
    assert github.get("/api/v3/user/repos").json == names
    assert "access_token" in github.refresh(tokens["refresh_token"]).json


def test_a_loaded_world_dumps_the_same(world: World) -> None:
    world.hosts["gitlab"].faults.id_token_claims = {"nested": [1, None]}
    world.advance(5)
    assert World.load(world.dump(), roles()).dump() == world.dump()


def test_a_wrong_dump_is_refused_and_changes_nothing(world: World) -> None:
    before = world.dump()
    with pytest.raises(ValueError, match="hosts"):
        world.restore({"hosts": 3})
    assert world.dump() == before


def test_reset_returns_to_the_remembered_start(world: World) -> None:
    before = world.dump()
    world.advance(100)
    world.hosts["github"].add_repository("acme/extra")
    world.reset()
    assert world.dump() == before
    assert world.hosts["github"].find_repository("acme/extra") is None


def test_a_world_without_a_start_stays_as_it_is_on_reset() -> None:
    world = World(roles())
    world.add_host("h", kind="gitlab")
    world.reset()
    assert "h" in world.hosts


def test_time_is_the_clock_and_what_was_added() -> None:
    world = World(roles(), clock=lambda: 1000.0)
    world.advance(5)
    assert world.now() == 1005.0


def test_two_worlds_have_two_canaries() -> None:
    assert World(roles()).canary != World(roles()).canary
    assert World(roles()).canary.startswith("host-words-")


def test_every_secret_is_known(gitlab: Visitor, world: World) -> None:
    code = gitlab.code()
    tokens = gitlab.exchange(code).json
    newer = gitlab.refresh(tokens["refresh_token"]).json
    assert {
        gitlab.secret,
        VERIFIER,
        code,
        tokens["access_token"],
        tokens["refresh_token"],
        newer["access_token"],
        newer["refresh_token"],
    } <= world.secrets()


def test_the_newest_requests_are_told_oldest_first(simulator: RunningSimulator) -> None:
    for name in ("github", "gitlab"):
        ask("GET", f"{simulator.host_url(name)}/nothing/{name}")
    seen = simulator.world.requests()
    assert [each.host for each in seen] == ["github", "gitlab"]
    assert [each.host for each in simulator.world.requests(limit=1)] == ["gitlab"]
    assert [each.path for each in simulator.world.requests("github")] == ["/nothing/github"]


def test_faults_can_be_cleared_everywhere(world: World) -> None:
    for host in world.hosts.values():
        host.faults.outage = True
    world.clear_faults()
    assert not any(host.faults.outage for host in world.hosts.values())


def test_a_world_may_have_two_hosts_of_a_kind(simulator: RunningSimulator) -> None:
    world = sample_world(public_url=PUBLIC_URL)
    second = world.add_host("gitlab-two", kind="gitlab", path="/two/deep")
    second.policy.rotation = "tolerant"
    simulator.show(world)
    assert world.hosts["gitlab"].policy.rotation == "strict"
    answer = ask("GET", f"{simulator.host_url('gitlab-two')}/api/v4/user")
    assert answer.status == 401
