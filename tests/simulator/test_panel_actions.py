"""Every action of the panel does one thing at one host, and healing takes all of it back."""

from collections.abc import Callable

import pytest

from permsync.simulator.damage import Damage
from permsync.simulator.kinds import roles
from permsync.simulator.levers import Place
from permsync.simulator.panel_actions import ACTIONS, USUAL, heal
from permsync.simulator.samples import sample_world
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor


def _do(world: World, action: str, *, host: str = "github", **form: str) -> str:
    return ACTIONS[action].do(Place(world, world.hosts[host]), form)


def _level(world: World, person: str, namespace: str) -> int | None:
    return world.hosts["github"].namespaces[namespace].members.get(person)


def test_expired_tokens_are_refused_and_can_be_refreshed(gitlab: Visitor) -> None:
    tokens = gitlab.link()
    assert _do(gitlab.simulator.world, "expire", host="gitlab") == "expired"
    assert gitlab.get("/api/v4/user").status == 401
    assert gitlab.refresh(tokens["refresh_token"]).status == 200


def test_revoked_tokens_are_those_of_one_person(gitlab: Visitor) -> None:
    gitlab.link("linus")
    kept = gitlab.link("ada")
    assert _do(gitlab.simulator.world, "revoke", host="gitlab", person="linus") == "revoked"
    assert gitlab.refresh(kept["refresh_token"]).status == 200
    assert all(pair.access_revoked for pair in gitlab.host.tokens.of("linus"))


@pytest.mark.parametrize(
    ("action", "on", "off", "is_on"),
    [
        ("refusal", "refuses", "refreshes", lambda host: host.faults.refuse_refreshes),
        ("outage", "away", "back", lambda host: host.faults.outage),
    ],
)
def test_a_switch_goes_on_and_off_at_one_host(
    world: World, action: str, on: str, off: str, is_on: Callable[[object], bool]
) -> None:
    assert _do(world, action, switch="on") == on
    assert [name for name, host in world.hosts.items() if is_on(host)] == ["github"]
    assert _do(world, action, switch="off") == off
    assert not is_on(world.hosts["github"])


def test_what_is_taken_is_given_back_with_its_level(world: World) -> None:
    before = _level(world, "ada", "acme")
    assert _do(world, "take", person="ada", namespace="acme") == "taken"
    assert _level(world, "ada", "acme") is None
    assert _do(world, "give", person="ada", namespace="acme") == "given"
    assert _level(world, "ada", "acme") == before


def test_a_visibility_that_is_what_it_was_is_no_damage(world: World) -> None:
    host = world.hosts["github"]
    for visibility, recorded in (("public", 1), ("internal", 1), ("private", 0)):
        _do(world, "visibility", repository="acme/api-00", visibility=visibility)
        assert len(host.damage.visibility) == recorded
    found = host.find_repository("acme/api-00")
    assert found is not None
    assert found.visibility == "private"


def test_a_blocked_person_can_be_unblocked(world: World) -> None:
    for state, done in (("blocked", "blocked"), ("active", "unblocked")):
        assert _do(world, "block", person="ada", state=state) == done
        assert world.hosts["github"].accounts["ada"].state == state


def test_the_usual_life_comes_back_however_often_it_was_changed(world: World) -> None:
    policy = world.hosts["github"].policy
    before = policy.access_ttl_seconds
    for seconds in ("5", "15"):
        _do(world, "life", seconds=seconds)
        assert policy.access_ttl_seconds == int(seconds)
    _do(world, "life", seconds=USUAL)
    assert policy.access_ttl_seconds == before


def test_the_usual_life_changes_nothing_that_is_usual(world: World) -> None:
    before = world.dump()
    assert _do(world, "life", seconds=USUAL) == "life"
    assert world.dump() == before


def test_tokens_that_did_not_expire_do_so_no_more_after_healing(world: World) -> None:
    policy = world.hosts["github"].policy
    policy.access_ttl_seconds = None
    _do(world, "life", seconds="5")
    heal(world)
    assert policy.access_ttl_seconds is None


def test_healing_takes_everything_back(world: World) -> None:
    before = world.dump()
    for name, host in world.hosts.items():
        _do(world, "outage", host=name, switch="on")
        _do(world, "refusal", host=name, switch="on")
        _do(world, "block", host=name, person="grace", state="blocked")
        _do(world, "life", host=name, seconds="5")
        for place, namespace in list(host.namespaces.items()):
            for person in list(namespace.members):
                _do(world, "take", host=name, person=person, namespace=place)
        for repository in host.by_id()[:3]:
            _do(
                world, "visibility", host=name, repository=repository.full_name, visibility="public"
            )
    assert all(host.damage != Damage() for host in world.hosts.values())
    heal(world)
    assert _without_editions(world) == _without_editions(World.load(before, roles()))


def test_healing_leaves_a_repository_that_is_gone(world: World) -> None:
    host = world.hosts["github"]
    repository = host.find_repository("acme/api-00")
    assert repository is not None
    _do(world, "visibility", repository="acme/api-00", visibility="public")
    host.remove_repository(repository.id)
    assert _do(world, "heal") == "healed"
    assert host.damage == Damage()


def test_a_world_that_is_saved_knows_what_to_give_back() -> None:
    world = sample_world()
    before = _level(world, "ada", "acme")
    _do(world, "take", person="ada", namespace="acme")
    later = World.load(world.dump(), roles())
    assert _level(later, "ada", "acme") is None
    heal(later)
    assert _level(later, "ada", "acme") == before


def _without_editions(world: World) -> object:
    """The world but for the counters of its edits."""
    dumped = world.dump()
    for host in dumped["hosts"].values():
        del host["edition"]
    return dumped
