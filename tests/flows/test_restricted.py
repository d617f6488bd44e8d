"""Restricted people: what is open to others is closed to them, from when their host says so."""

from dataclasses import replace
from uuid import uuid4

from permsync.codehost import Identity
from permsync.flows.note_restricted import note_restricted
from permsync.model import Account, Reason
from permsync.rules.openness import PublicTo
from permsync.simulator.repositories import Level, Repository
from tests.flows.scenes import reason, sync
from tests.world import World

HOST = "gitea"


def open_one(world: World, owner: str) -> Repository:
    """A repository that Ada's listing holds, and that is open as far as its owner is."""
    host = world.host(HOST)
    host.join("ada", namespace=owner, level=Level.REPORTER)
    return host.add_repository(f"{owner}/open", visibility="public")


async def listed(world: World, person: str) -> Account:
    """The person's account, beside one that shows what there is."""
    await sync(world, await world.link("ada", HOST))
    account = await world.link(person, HOST)
    await sync(world, account)
    return account


async def restrict(world: World, account: Account, *, restricted: bool) -> None:
    """The host restricts the person, or no longer does, and the account is listed again."""
    world.host(HOST).accounts[account.login].restricted = restricted
    world.host(HOST).touch()
    await sync(world, account)


async def test_what_is_internal_follows_what_the_host_says_of_a_person(world: World) -> None:
    one = open_one(world, "salon")
    account = await listed(world, "linus")
    assert await reason(world, account, one.full_name) is Reason.OPEN_INTERNAL
    await restrict(world, account, restricted=True)
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    await restrict(world, account, restricted=False)
    assert await reason(world, account, one.full_name) is Reason.OPEN_INTERNAL


async def test_what_is_public_to_account_holders_is_not_for_restricted_ones(world: World) -> None:
    configured = replace(world.services.host(HOST), public=PublicTo.ACCOUNT_HOLDERS)
    services = replace(world.services, hosts={**world.services.hosts, HOST: configured})
    world = replace(world, services=services)
    one = open_one(world, "guild")
    account = await listed(world, "linus")
    assert await reason(world, account, one.full_name) is Reason.OPEN_PUBLIC
    await restrict(world, account, restricted=True)
    assert await reason(world, account, one.full_name) is Reason.CLOSED_BY_POLICY


async def test_a_word_about_an_earlier_link_is_not_heeded(world: World) -> None:
    one = open_one(world, "salon")
    account = await listed(world, "linus")
    earlier = replace(account, link_id=str(uuid4()))
    said = Identity(account.external_id, account.login, restricted=True)
    await note_restricted(world.services, earlier, said)
    assert await reason(world, account, one.full_name) is Reason.OPEN_INTERNAL
