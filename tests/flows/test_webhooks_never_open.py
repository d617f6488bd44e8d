"""
No delivery opens anything, whatever it says: the whole way through the inbox, by search.

Random orders of every event that a host could send, about people and repositories that exist
and that do not, with facts at the host that change in between. After each of them the pairs
that are allowed are a subset of those before, or of those that the host itself would say yes
to since it was last asked. This module must not know what a notice leads to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from permsync.codehost.notices import Closing
from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.check import RepositoryName, check
from permsync.flows.drain_webhooks import drain_webhooks
from permsync.hosts import registry
from permsync.model import Account, Trigger, Verdict
from permsync.simulator.repositories import Level, Repository
from tests.flows.scenes import rows, sync
from tests.flows.test_apply_listing import settle
from tests.webhooks import hooked, made, receive, waiting
from tests.world import KINDS, World

HOSTS = tuple(name for name, kind in KINDS.items() if registry()[kind].hooks is not None)
PEOPLE = ("ada", "margaret")
VALUES = ("removed", "added", "deleted", "privatized", "publicized", "member_removed", "blocked")
VISIBILITIES = ("private", "public", "internal", True, False)

Pair = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Scene:
    """Two synced people at one host, and a few repositories of every kind of openness."""

    world: World
    accounts: tuple[Account, ...]
    ones: tuple[Repository, ...]

    @property
    def host(self) -> str:
        return self.accounts[0].host


async def scene_at(world: World, host: str) -> Scene:
    """The scene, with everything believed that is true."""
    world = hooked(world)
    simulated = world.host(host)
    accounts = []
    for person in PEOPLE:
        account = await world.link(person, host)
        await sync(world, account)
        accounts.append(account)
    memberships = simulated.memberships("ada")
    private = [one for one in memberships if one.visibility == "private"][:3]
    public = [one for one in memberships if one.visibility == "public"][:2]
    return Scene(world, tuple(accounts), (*private, *public))


async def allowed(scene: Scene) -> set[Pair]:
    """Which of the scene's people may see which of its repositories now."""
    found = set()
    for account in scene.accounts:
        for one in scene.ones:
            name = RepositoryName(scene.host, full_name=one.full_name)
            answer = await check(scene.world.services, account.user_id, name)
            if answer.decision.verdict is Verdict.ALLOW:
                found.add((account.id, one.full_name))
    return found


def true_pairs(scene: Scene) -> set[Pair]:
    """Who may see what at the host itself."""
    host = scene.world.host(scene.host)
    return {
        (account.id, one.full_name)
        for person, account in zip(PEOPLE, scene.accounts, strict=True)
        for one in scene.ones
        if one.visibility != "private" or host.level(person, one) >= Level.REPORTER
    }


async def deliver(scene: Scene, said: dict[str, Any]) -> None:
    """One delivery of a random event, with its ids wherever a host may write them."""
    event, person, one = said["event"], said["person"], scene.ones[said["repository"]]
    account = scene.accounts[person]
    number = int(account.external_id) if account.external_id.isdigit() else 0
    who = {"id": number, "uuid": account.external_id}
    owner = scene.world.host(scene.host).namespaces[one.owner]
    whose = {"id": owner.id, "uuid": owner.uuid}
    what = {"id": one.id, "uuid": one.uuid, "is_private": said["visibility"]}
    content: dict[str, Any] = {
        "action": said["action"],
        "member": who,
        "sender": who,
        "actor": who,
        "blocked_user": who,
        "membership": {"user": who},
        "organization": whose,
        "installation": {"account": whose},
        "project": {"workspace": whose},
        "repository": what,
        "new": what,
        "user_id": number,
        "project_id": one.id,
        "group_id": owner.id,
        "project_visibility": said["visibility"],
    }
    for name in said["left_out"]:
        content.pop(name, None)
    sent = made(scene.host, event, content)
    for _ in range(said["times"]):
        await receive(scene.world, sent)


LEFT_OUT = ("member", "repository", "organization", "user_id", "project_id", "new", "sender")
# An event is a number here: each host has a table of its own.
DELIVERIES = some.fixed_dictionaries(
    {
        "number": some.integers(0, 999),
        "person": some.integers(0, len(PEOPLE) - 1),
        "repository": some.integers(0, 2),
        "action": some.sampled_from(VALUES),
        "visibility": some.sampled_from(VISIBILITIES),
        "left_out": some.lists(some.sampled_from(LEFT_OUT), max_size=2),
        "times": some.integers(1, 2),
        "drained": some.booleans(),
    }
)


def events_of(host: str) -> list[str]:
    """Every event that a host of this kind could send and we would read, and one more."""
    hooks = registry()[KINDS[host]].hooks
    assert hooks is not None
    return sorted({rule.event for rule in hooks.rules} | {"push"})


@pytest.fixture
def scenes() -> list[Scene]:
    """Return where the one scene of all examples is kept."""
    return []


async def heal(scene: Scene) -> None:
    """Let everybody be listed, so that the next example begins with what is true."""
    await settle(scene.world)
    await rows(scene.world.services.database, "DELETE FROM fence")
    await rows(scene.world.services.database, "DELETE FROM ask")
    for account in (*scene.accounts, *scene.accounts):
        await sync(scene.world, account)


@pytest.mark.parametrize("host", HOSTS)
@settings(
    max_examples=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=some.lists(DELIVERIES, min_size=1, max_size=6))
async def test_trap_21_no_sequence_of_deliveries_allows_what_was_denied(
    world: World, scenes: list[Scene], host: str, sequence: list[dict[str, Any]]
) -> None:
    if not scenes:
        scenes.append(await scene_at(world, host))
    scene, events = scenes[0], events_of(host)
    await heal(scene)
    before = await allowed(scene)
    assert before
    for said in sequence:
        await deliver(scene, {**said, "event": events[said["number"] % len(events)]})
        if said["drained"]:
            await drain_webhooks(scene.world.services)
        after = await allowed(scene)
        assert after <= before, said
        before = after
    await drain_webhooks(scene.world.services)
    assert await allowed(scene) <= before
    assert await waiting(scene.world) == 0

    # The host's own answers may open again, and only what is true there.
    await settle(scene.world)
    for account in scene.accounts:
        await ask_pairs(scene.world.services, account.id, Trigger.CONFIRM)
    assert await allowed(scene) <= before | true_pairs(scene)


@pytest.mark.parametrize("host", ["github", "gitlab"])
async def test_what_was_never_true_is_not_opened_by_any_single_event(
    world: World, host: str
) -> None:
    """Every event once, all its ids right, about a repository that Margaret may not see."""
    scene = await scene_at(world, host)
    one = next(each for each in scene.ones if each.visibility == "private")
    scene.world.host(host).leave("margaret", namespace=one.owner)
    scene.world.host(host).revoke("margaret", one.id)
    await heal(scene)
    margaret = (scene.accounts[1].id, one.full_name)
    assert margaret not in await allowed(scene)
    hooks = registry()[KINDS[host]].hooks
    assert hooks is not None
    for rule in hooks.rules:
        for value in (*rule.when.values(), "added", "publicized"):
            said = {
                "event": rule.event,
                "person": 1,
                "repository": scene.ones.index(one),
                "action": value,
                "visibility": "public",
                "left_out": [],
                "times": 1,
            }
            await deliver(scene, said)
            await drain_webhooks(scene.world.services)
            assert margaret not in await allowed(scene), said
            # One event must not hide what the next one does.
            await rows(scene.world.services.database, "UPDATE repository SET gone_at = NULL")


async def test_the_search_reaches_what_closes(world: World) -> None:
    """A search that never closed anything would prove nothing."""
    scene = await scene_at(world, "gitlab")
    before = await allowed(scene)
    said = {
        "event": "user_remove_from_team",
        "person": 0,
        "repository": 0,
        "action": "",
        "visibility": "private",
        "left_out": [],
        "times": 1,
    }
    await deliver(scene, said)
    await drain_webhooks(scene.world.services)
    assert await allowed(scene) < before
    assert closing_events(["gitlab", "github"]) >= {"user_remove_from_team", "member"}


def closing_events(hosts: Iterable[str]) -> set[str]:
    """The events of these hosts that close something."""
    rules = [
        rule
        for host in hosts
        if (hooks := registry()[KINDS[host]].hooks) is not None
        for rule in hooks.rules
    ]
    return {rule.event for rule in rules if issubclass(rule.notice, Closing)}
