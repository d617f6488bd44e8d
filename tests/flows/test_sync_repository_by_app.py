"""Readers listed through an app: what they are, and what its refusals mean for nobody."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from permsync.flows.discover_repositories import discover_repositories
from permsync.flows.find_installation import load_installed
from permsync.flows.sync_repository import sync_repository
from permsync.model import Reason, RunState, Trigger
from permsync.rules.budget import Budget
from permsync.simulator.repositories import Repository
from permsync.store import budgets
from tests.flows.installed import HOST, app_of, by_app, discovered, installation, mints
from tests.flows.scenes import column, reason, rows, spoil
from tests.flows.test_installation_token import Time
from tests.flows.test_sync_repository import NAMED, believed, id_of, list_one, readers
from tests.world import World

FAILURES = "SELECT failure FROM run WHERE state = 'failed' ORDER BY id"
DUE = f"SELECT sync_due_at IS NOT NULL{NAMED}"


def one_of(world: World, owner: str = "acme", visibility: str = "private") -> Repository:
    """A repository of this owner that its installation covers."""
    host = world.host(HOST)
    return next(
        each
        for each in host.by_id()
        if each.visibility == visibility and installation(host, owner).covers(each)
    )


@pytest.mark.parametrize("owner", ["acme", "acme-labs"])
async def test_the_readers_are_those_who_may_read_its_code(world: World, owner: str) -> None:
    world = await discovered(world)
    one = one_of(world, owner)

    assert await list_one(world, one) is RunState.SUCCEEDED

    assert await believed(world, one) == readers(world, HOST, one)
    assert len(readers(world, HOST, one)) > 1


async def test_a_person_gets_by_it_what_their_own_listing_does_not_show(world: World) -> None:
    """The grant counts with a living account; an account alone gives nothing."""
    world = await discovered(world)
    one = one_of(world)
    truth = readers(world, HOST, one)
    grace, other = await world.link("grace", HOST), await world.link("margaret", HOST)
    assert ("grace" in truth, "margaret" in truth) == (True, False)
    assert await reason(world, grace, one.full_name) is not Reason.GRANT
    await list_one(world, one)
    assert await reason(world, grace, one.full_name) is Reason.GRANT
    assert await reason(world, other, one.full_name) is not Reason.GRANT


async def test_many_repositories_of_one_owner_are_listed_with_one_token(world: World) -> None:
    world = await discovered(world, "acme")
    asked = mints(world.host(HOST))
    ids = await column(world.services.database, "SELECT id FROM repository ORDER BY id LIMIT 12")
    states = await asyncio.gather(
        *(sync_repository(world.services, each, Trigger.SCHEDULE) for each in ids)
    )
    assert set(states) == {RunState.SUCCEEDED}
    assert mints(world.host(HOST)) == asked == 1


async def test_a_token_that_its_host_forgot_is_had_anew_and_the_list_is_read(world: World) -> None:
    world = await discovered(world, "acme")
    one = one_of(world)
    world.host(HOST).tokens.installed.clear()

    assert await list_one(world, one) is RunState.SUCCEEDED

    assert await believed(world, one) == readers(world, HOST, one)
    assert mints(world.host(HOST)) == 2


async def test_a_token_that_is_refused_again_and_again_ends_nobodys_access(world: World) -> None:
    world = await discovered(world, "acme")
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    spoil(world, HOST, "api", "unauthorized", match="collaborators", times=9)

    assert await list_one(world, one) is RunState.FAILED

    assert await believed(world, one) == before
    assert await column(world.services.database, FAILURES) == ["connection_rejected"]
    assert len(world.host(HOST).log.to_path("collaborators")) == 3


async def test_a_permission_that_lacks_is_named_and_ends_nobodys_access(world: World) -> None:
    world = await discovered(world, "acme")
    one = one_of(world)
    grace = await world.link("grace", HOST)
    await list_one(world, one)
    before = await believed(world, one)
    ages = await rows(
        world.services.database, f"SELECT listed_at, listed_to{NAMED}", name=one.full_name
    )
    installation(world.host(HOST), "acme").permissions = {"members": "read"}

    assert await list_one(world, one) is RunState.FAILED

    assert await column(world.services.database, FAILURES) == ["insufficient_scope"]
    assert await believed(world, one) == before
    assert await reason(world, grace, one.full_name) is Reason.GRANT
    assert ages == await rows(
        world.services.database, f"SELECT listed_at, listed_to{NAMED}", name=one.full_name
    )
    assert await column(world.services.database, "SELECT state FROM account") == ["active"]
    counted = world.services.metrics.registry.get_sample_value(
        "permsync_run_failures_total", {"host": HOST, "reason": "insufficient_scope"}
    )
    assert counted == 1


async def test_a_suspended_installation_keeps_what_is_known_and_is_tried_again(
    world: World,
) -> None:
    world = await discovered(world, "acme")
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    sleeping = installation(world.host(HOST), "acme")
    sleeping.suspended_at = 1_700_000_000
    app_of(world.services).memory.token_of(str(world.host(HOST).namespaces["acme"].id)).forget()

    assert await list_one(world, one) is RunState.FAILED
    assert await column(world.services.database, FAILURES) == ["installation_suspended"]
    assert await believed(world, one) == before
    assert await column(world.services.database, DUE, name=one.full_name) == [True]

    sleeping.suspended_at = None
    assert await list_one(world, one) is RunState.FAILED, "the list is believed for a while"
    app_of(world.services).memory.installed.forget()
    assert await list_one(world, one) is RunState.SUCCEEDED


async def test_an_app_that_was_uninstalled_covers_nothing_until_it_is_back(world: World) -> None:
    world = await discovered(world, "acme")
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    host = world.host(HOST)
    gone = installation(host, "acme")
    del host.installations[gone.id]

    assert await list_one(world, one) is RunState.FAILED

    assert await column(world.services.database, FAILURES) == ["not_installed"]
    assert await column(world.services.database, DUE, name=one.full_name) == [False]
    assert await believed(world, one) == before

    host.installations[gone.id] = gone
    assert await discover_repositories(world.services) == 1
    assert await column(world.services.database, DUE, name=one.full_name) == [True]
    assert await list_one(world, one) is RunState.SUCCEEDED


async def test_a_process_that_looked_before_the_app_was_installed_looks_again(
    world: World,
) -> None:
    time = Time(by_app(world).services)
    other = replace(world, services=time.services)
    host = world.host(HOST)
    one = one_of(world)
    late = installation(host, "acme")
    del host.installations[late.id]
    await load_installed(other.services, app_of(other.services), host=HOST)
    host.installations[late.id] = late
    await discovered(world, "acme")
    time.seconds += time.services.durations.settle.total_seconds()

    assert await list_one(other, one) is RunState.SUCCEEDED

    assert await believed(world, one) == readers(world, HOST, one)


async def test_each_installation_has_a_budget_of_its_own(world: World) -> None:
    world = await discovered(world, "acme", "orbit")
    ids = {name: world.host(HOST).namespaces[name].id for name in ("acme", "orbit")}
    app = app_of(world.services).app_id
    credentials = await column(
        world.services.database, "SELECT credential FROM budget ORDER BY credential"
    )
    spent = {name: f"app {app} for {number}" for name, number in ids.items()}
    assert set(credentials) == {f"app {app}", *spent.values()}

    until = datetime.now(UTC) + timedelta(hours=1)
    async with world.services.database.begin() as connection:
        low = Budget(5_000, 100, until)
        await budgets.save(connection, low, host=HOST, credential=spent["acme"])
    assert await list_one(world, one_of(world, "acme")) is RunState.FAILED
    assert await column(world.services.database, FAILURES) == ["rate_limited"]
    assert await list_one(world, one_of(world, "orbit")) is RunState.SUCCEEDED


async def test_a_repository_that_an_owner_took_from_the_app_keeps_its_readers(
    world: World,
) -> None:
    world = await discovered(world, "acme-labs")
    one = one_of(world, "acme-labs")
    await list_one(world, one)
    before = await believed(world, one)
    installation(world.host(HOST), "acme-labs").selected.remove(one.id)

    assert await list_one(world, one) is RunState.FAILED

    assert await column(world.services.database, FAILURES) == ["hidden"]
    assert await believed(world, one) == before
    assert await id_of(world, one)
