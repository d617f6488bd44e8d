"""
Internal repositories listed through an app: open to whom a list names, never to an account.

What GitHub calls internal is its enterprise's. A token of an installation cannot say who that
is, so it opens nothing to anybody whom no list names (EVIDENCE R12).
"""

import pytest

from permsync.model import Account, Reason
from permsync.simulator.repositories import Repository
from tests.flows.installed import HOST, discovered
from tests.flows.scenes import reason, sync
from tests.flows.test_note_policies import enterprise_of, with_policy
from tests.flows.test_sync_repository import list_one
from tests.flows.test_sync_repository_by_app import one_of
from tests.world import World


async def _listed(world: World, *owners: str) -> tuple[World, dict[str, Repository]]:
    """The app's lists of readers of one internal repository of each of these owners."""
    world = await discovered(world)
    found = {owner: one_of(world, owner, "internal") for owner in owners}
    for one in found.values():
        await list_one(world, one)
    return world, found


async def _why(world: World, account: Account, one: Repository) -> Reason:
    return await reason(world, account, one.full_name)


async def test_members_whom_the_base_permission_lets_read_are_named_readers(world: World) -> None:
    world, found = await _listed(world, "acme")
    assert world.host(HOST).namespaces["acme"].members["grace"]
    assert await _why(world, await world.link("grace", HOST), found["acme"]) is Reason.GRANT


@pytest.mark.parametrize("person", ["linus", "margaret"])
async def test_an_account_at_the_host_opens_nothing_that_is_internal(
    world: World, person: str
) -> None:
    """Linus is in another organisation; Margaret is a member whom the base gives nothing."""
    world, found = await _listed(world, "acme")
    account = await world.link(person, HOST)
    assert await _why(world, account, found["acme"]) is not Reason.GRANT
    assert await _why(world, account, found["acme"]) is not Reason.OPEN_INTERNAL


async def test_a_member_whom_the_base_gives_nothing_sees_it_by_a_listing_of_her_own(
    world: World,
) -> None:
    world, found = await _listed(world, "acme")
    margaret = await world.link("margaret", HOST)
    await sync(world, margaret)
    assert await _why(world, margaret, found["acme"]) is Reason.GRANT


async def test_an_apps_list_proves_nobody_to_be_of_the_enterprise(world: World) -> None:
    """Until their own listing does, which holds what is internal to one of its organisations."""
    world, found = await _listed(world, "acme", "acme-labs")
    named = with_policy(world, HOST, enterprise_of(world))
    linus = await world.link("linus", HOST)
    assert await _why(named, linus, found["acme-labs"]) is Reason.GRANT
    assert await _why(named, linus, found["acme"]) is not Reason.OPEN_INTERNAL

    await sync(named, linus)

    assert await _why(named, linus, found["acme"]) is Reason.OPEN_INTERNAL
    assert await _why(world, linus, found["acme"]) is Reason.NO_ACCESS


async def test_a_collaborator_on_one_of_them_is_no_member_by_that(world: World) -> None:
    host = world.host(HOST)
    pat = host.add_person("pat", full_name="Pat", email="pat@example.com")
    shared = one_of(await discovered(world), "acme", "internal")
    host.grant("pat", shared.id)
    other = host.add_repository("acme/more", visibility="internal")
    world, _ = await _listed(world, "acme")
    await list_one(world, other)
    named = with_policy(world, HOST, enterprise_of(world))
    account = await world.link(pat.login, HOST)
    assert await _why(named, account, shared) is Reason.GRANT
    assert await _why(named, account, other) is not Reason.OPEN_INTERNAL
