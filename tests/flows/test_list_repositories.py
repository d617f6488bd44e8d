"""A whole enumeration of each host: what it covers when an owner, a page or a count is wrong."""

import pytest

from permsync.codehost import Failure, FailureKind
from permsync.flows.ask_host import Conversation
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.model import Account
from permsync.simulator.samples import bulk_repositories
from tests.flows.scenes import spoil
from tests.world import KINDS, World

HOSTS = list(KINDS)


async def enumerate_for(world: World, account: Account) -> Listing | Failure:
    """One enumeration, without storing what it says."""
    services = world.services
    conversation = Conversation(
        services,
        services.host(account.host),
        account_id=account.id,
        link_id=account.link_id,
    )
    return await list_repositories(conversation)


async def listed(world: World, account: Account) -> Listing:
    """One enumeration that was not refused."""
    listing = await enumerate_for(world, account)
    assert isinstance(listing, Listing), listing
    return listing


def place_of_one_owner(world: World, host: str) -> str:
    """Part of the path at which one owner's repositories are listed."""
    simulated = world.host(host)
    if host == "github":
        return f"/installations/{next(iter(simulated.installations))}/"
    return simulated.namespaces["northwind"].uuid.strip("{}")


@pytest.mark.parametrize("host", HOSTS)
async def test_an_enumeration_without_trouble_is_complete(world: World, host: str) -> None:
    listing = await listed(world, await world.link("ada", host))
    assert (listing.complete, listing.gaps, listing.failure) == (True, frozenset(), None)
    assert listing.repositories


async def test_one_workspace_that_refuses_is_a_gap_and_the_other_is_covered(world: World) -> None:
    account = await world.link("ada", "bitbucket")
    host = world.host("bitbucket")
    host.faults.forbidden_namespaces = ["northwind"]

    listing = await listed(world, account)

    assert listing.complete
    assert listing.gaps == {host.namespaces["northwind"].uuid.lower()}
    owners = {one.owner for one in listing.repositories}
    assert "contoso" in owners
    assert "northwind" not in owners


@pytest.mark.parametrize("host", ["github", "bitbucket"])
async def test_an_owner_whose_pages_broke_is_a_gap_by_the_id_that_its_repositories_carry(
    world: World, host: str
) -> None:
    account = await world.link("ada", host)
    owners = {one.owner_id for one in (await listed(world, account)).repositories}
    broken = place_of_one_owner(world, host)
    spoil(world, host, "api", "502", match=broken, times=3)

    listing = await listed(world, account)

    assert listing.complete
    assert len(listing.gaps) == 1
    assert listing.gaps < owners
    assert listing.failure is not None
    assert listing.failure.kind is FailureKind.UNAVAILABLE
    assert {one.owner_id for one in listing.repositories} == owners - listing.gaps


async def test_organisations_behind_single_sign_on_are_gaps(world: World) -> None:
    account = await world.link("ada", "github")
    acme = world.host("github").namespaces["acme"].id
    world.host("github").faults.sso_partial = [acme]
    listing = await listed(world, account)
    assert listing.complete
    assert str(acme) in listing.gaps


@pytest.mark.parametrize("host", HOSTS)
async def test_rows_that_come_twice_are_listed_once(world: World, host: str) -> None:
    account = await world.link("ada", host)
    before = await listed(world, account)
    world.host(host).faults.duplicate_ids = True
    listing = await listed(world, account)
    assert listing.complete
    assert len(listing.repositories) == len(before.repositories)


@pytest.mark.parametrize(("host", "path"), [("gitlab", "/projects"), ("bitbucket-dc", "/repos")])
async def test_a_page_that_failed_is_asked_again_and_the_others_are_not(
    world: World, host: str, path: str
) -> None:
    bulk_repositories(world.simulator.world, host, 1_500, person="ada")
    account = await world.link("ada", host)
    log = world.host(host).log
    whole = await listed(world, account)
    pages = len(log.to_path(path))
    spoil(world, host, "api", "502", match=path)

    listing = await listed(world, account)

    assert listing.complete
    assert len(listing.repositories) == len(whole.repositories)
    assert len(log.to_path(path)) == pages + pages + 1
