"""
What settings say about openness and connections shows in answers at once, and as one change.

At the simulated GitHub acme and acme-labs are one enterprise, orbit is not. This module must
not decide access itself.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from permsync.flows.check import check
from permsync.flows.deps import ConfiguredConnection, ConfiguredHost
from permsync.flows.list_readable import list_readable
from permsync.flows.note_policies import note_policies
from permsync.flows.sync_repository import sync_repository
from permsync.model import Reason, Trigger, User, Verdict
from permsync.rules.openness import PublicTo
from permsync.simulator.repositories import Level
from tests.flows.scenes import column, rows, sync
from tests.flows.test_sync_repository import connected, id_of, one_of
from tests.world import World

CHANGES = "SELECT was, became FROM change WHERE kind = 'policy' ORDER BY revision, ordinal"


Policy = Callable[[ConfiguredHost], ConfiguredHost]


def with_policy(world: World, host: str, changed: Policy) -> World:
    """The same world, where the settings say something else about one host."""
    hosts = {**world.services.hosts, host: changed(world.services.hosts[host])}
    return replace(world, services=replace(world.services, hosts=hosts))


def public_to(to: PublicTo) -> Policy:
    return lambda host: replace(host, public=to)


def never_internal(host: ConfiguredHost) -> ConfiguredHost:
    return replace(host, opens_internal=False)


def enterprise_of(world: World) -> Policy:
    """What an operator writes who knows the ids of the enterprise's organisations."""
    spaces = world.host("github").namespaces
    ids = frozenset(str(spaces[name].id) for name in ("acme", "acme-labs"))
    return lambda host: replace(host, enterprise=ids)


async def why(world: World, user_id: int, repository: int) -> Reason:
    answer = await check(world.services, user_id, repository)
    return answer.decision.reason


async def readable(world: World, user: User) -> set[int]:
    page = await list_readable(world.services, user, limit=10_000)
    return {one.repository.id for one in page.items}


async def by_check(world: World, user: User) -> set[int]:
    ids = await column(world.services.database, "SELECT id FROM repository")
    answers = {id_: await check(world.services, user.id, id_) for id_ in ids}
    return {id_ for id_, one in answers.items() if one.decision.verdict is Verdict.ALLOW}


async def open_ones(world: World, host: str, visibility: str) -> list[int]:
    """Repositories of this visibility for which nobody here holds a row, by id."""
    return await column(
        world.services.database,
        "SELECT id FROM repository WHERE host = :host AND visibility = :visibility ORDER BY id",
        host=host,
        visibility=visibility,
    )


async def test_public_may_be_for_account_holders_or_for_nobody(world: World) -> None:
    await sync(world, await world.link("ada", "github"))
    stranger = await world.user("margaret")
    (one, *_) = await open_ones(world, "github", "public")
    holders = with_policy(world, "github", public_to(PublicTo.ACCOUNT_HOLDERS))
    nobody = with_policy(world, "github", public_to(PublicTo.NEVER))
    assert await why(world, stranger.id, one) is Reason.OPEN_PUBLIC
    assert await why(holders, stranger.id, one) is Reason.NOT_LINKED
    assert await why(nobody, stranger.id, one) is Reason.NOT_LINKED

    newcomer = world.host("github").add_person("pat", full_name="Pat", email="pat@example.com")
    linked = await world.link(newcomer.login, "github")
    await sync(world, linked)

    assert await why(holders, linked.user_id, one) is Reason.OPEN_PUBLIC
    assert await why(nobody, linked.user_id, one) is Reason.CLOSED_BY_POLICY
    elsewhere = await world.link("grace", "gitlab")
    assert await why(holders, elsewhere.user_id, one) is Reason.NOT_LINKED


async def test_internal_is_switched_off_where_the_instance_would_open_it(world: World) -> None:
    await sync(world, await world.link("ada", "gitlab"))
    linus = await world.link("linus", "gitlab")
    await sync(world, linus)
    closed = with_policy(world, "gitlab", never_internal)
    reasons = {
        (await why(world, linus.user_id, one), await why(closed, linus.user_id, one))
        for one in await open_ones(world, "gitlab", "internal")
    }
    assert (Reason.OPEN_INTERNAL, Reason.CLOSED_BY_POLICY) in reasons
    # What Linus is named a reader of stays his.
    assert reasons <= {
        (Reason.OPEN_INTERNAL, Reason.CLOSED_BY_POLICY),
        (Reason.OPEN_INTERNAL, Reason.GRANT),
        (Reason.GRANT, Reason.GRANT),
    }


async def test_trap_15_a_member_of_the_enterprise_sees_what_is_internal_to_its_others(
    world: World,
) -> None:
    """Linus is in acme-labs, and acme is of the same enterprise; orbit is not."""
    await sync(world, await world.link("ada", "github"))
    linus = await world.link("linus", "github")
    await sync(world, linus)
    inside = with_policy(world, "github", enterprise_of(world))
    names = {
        row["full_name"]: row["id"]
        for row in await rows(
            world.services.database,
            "SELECT id, full_name FROM repository WHERE visibility = 'internal'",
        )
    }
    assert {name.partition("/")[0] for name in names} == {"acme", "acme-labs", "orbit"}
    for name, id_ in names.items():
        owner = name.partition("/")[0]
        assert await why(world, linus.user_id, id_) in {
            Reason.GRANT if owner == "acme-labs" else Reason.NO_ACCESS,
            Reason.NO_ACCESS,
        }
        expected = {
            "acme": {Reason.OPEN_INTERNAL},
            "acme-labs": {Reason.OPEN_INTERNAL, Reason.GRANT},
            "orbit": {Reason.NO_ACCESS},
        }[owner]
        assert await why(inside, linus.user_id, id_) in expected, name
    one = next(id_ for name, id_ in names.items() if name.startswith("acme/"))
    never = with_policy(inside, "github", never_internal)
    assert await why(never, linus.user_id, one) is Reason.CLOSED_BY_POLICY


async def test_an_outside_collaborator_of_a_private_repository_is_no_member(world: World) -> None:
    await sync(world, await world.link("ada", "github"))
    github = world.host("github")
    newcomer = github.add_person("pat", full_name="Pat", email="pat@example.com")
    private = next(
        each
        for each in github.repositories.values()
        if each.owner == "acme" and each.visibility == "private"
    )
    github.grant(newcomer.login, private.id, level=Level.DEVELOPER)
    pat = await world.link(newcomer.login, "github")
    await sync(world, pat)
    inside = with_policy(world, "github", enterprise_of(world))
    granted = await column(
        world.services.database,
        'SELECT count(*) FROM "grant" WHERE account_id = :id',
        id=pat.id,
    )
    assert granted == [1]
    for one in await open_ones(world, "github", "internal"):
        assert await why(inside, pat.user_id, one) is Reason.NO_ACCESS


@pytest.mark.parametrize("person", ["ada", "grace", "linus", "margaret"])
async def test_the_list_is_what_the_check_allows_under_every_policy(
    world: World, person: str
) -> None:
    await sync(world, await world.link("ada", "github"))
    user = await world.user(person)
    for host in ("github", "gitlab"):
        await sync(world, await world.link(person, host, user=user))
    seen = []
    for policy in (
        public_to(PublicTo.EVERYONE),
        public_to(PublicTo.ACCOUNT_HOLDERS),
        public_to(PublicTo.NEVER),
        never_internal,
        enterprise_of(world),
    ):
        changed = with_policy(with_policy(world, "github", policy), "gitlab", never_internal)
        listed = await readable(changed, user)
        assert listed == await by_check(changed, user)
        seen.append(len(listed))
    assert seen[2] <= seen[1] <= seen[0] <= seen[4]
    assert len(set(seen)) > 1 or person == "ada"  # who is a member everywhere


async def test_what_a_connection_lists_counts_only_where_it_is_enforced(world: World) -> None:
    linked = await connected(world)
    one = one_of(linked)
    repository = await id_of(linked, one)
    linked.host("gitlab").grant("linus", one.id, level=Level.DEVELOPER)
    linus = await linked.link("linus", "gitlab")
    await sync_repository(linked.services, repository, Trigger.SCHEDULE)
    assert await why(linked, linus.user_id, repository) is Reason.GRANT

    dry = replace(
        linked.services,
        connections=tuple(replace(each, enforced=False) for each in linked.services.connections),
    )
    looked = replace(linked, services=dry)
    assert await why(looked, linus.user_id, repository) is Reason.FIRST_SYNC_PENDING
    await rows(
        linked.services.database,
        "UPDATE account SET listed_at = clock_timestamp(), listed_to = clock_timestamp()",
    )
    assert await why(looked, linus.user_id, repository) is Reason.SOURCE_NOT_COUNTED
    other = replace(
        dry, connections=tuple(replace(c, owners=frozenset({"x"})) for c in dry.connections)
    )
    # Of no connection any more: what was listed ages out, as before.
    assert await why(replace(linked, services=other), linus.user_id, repository) is Reason.GRANT


async def test_another_policy_is_one_change_however_many_processes_start(world: World) -> None:
    assert await note_policies(world.services) == 0
    closed = with_policy(world, "github", public_to(PublicTo.NEVER))
    noted = await asyncio.gather(*(note_policies(closed.services) for _ in range(4)))
    assert sum(noted) == 1
    assert await note_policies(closed.services) == 0
    words = {
        "was": "github: public=everyone internal=never",
        "became": "github: public=never internal=never",
    }
    assert await rows(world.services.database, CHANGES) == [words]

    assert await note_policies(world.services) == 1
    assert await note_policies(world.services) == 0
    back = {"was": words["became"], "became": words["was"]}
    assert await rows(world.services.database, CHANGES) == [words, back]


async def test_a_connection_that_is_not_enforced_is_of_the_hosts_policy(world: World) -> None:
    connection = ConfiguredConnection(
        name="first", host="gitlab", owners=frozenset({"*"}), token="t", enforced=False
    )
    dry = replace(world.services, connections=(connection,))
    assert await note_policies(dry) == 1
    (change,) = await rows(world.services.database, CHANGES)
    assert change["became"] == "gitlab: public=everyone internal=instance uncounted=first"
