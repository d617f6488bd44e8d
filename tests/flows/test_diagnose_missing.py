"""A pasted address leads to the cause: which host, which repository, which account, since when."""

from dataclasses import replace

import pytest

from permsync.flows.diagnose_missing import Diagnosed, diagnose_missing
from permsync.flows.list_accounts import load_own_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account
from permsync.rules.diagnosis import Cause, Remedy
from tests.flows.scenes import column, empty_queue, private_name, spoil, sync
from tests.world import World

HOST = "github"


async def synced(world: World) -> Account:
    """Ada's account at GitHub, read once, and nothing waits."""
    account = await world.link("ada", HOST)
    await sync(world, account)
    await empty_queue(world.services.database)
    return account


async def asked(world: World, name: str, *, login: str = "ada") -> Diagnosed:
    """The person pastes the page of the repository of this name."""
    user = await world.user(login)
    address = f"{world.simulator.host_url(HOST)}/{name}"
    return await diagnose_missing(world.services, user.id, address)


async def cause(world: World, name: str, *, login: str = "ada") -> Cause:
    """What the person is told."""
    return (await asked(world, name, login=login)).diagnosis.cause


async def test_a_page_deep_inside_a_repository_means_it(world: World) -> None:
    account = await synced(world)
    name = private_name(world, HOST)
    found = await asked(world, f"{name}/tree/main?tab=readme")
    assert found.diagnosis.cause is Cause.VISIBLE
    assert found.diagnosis.account_id == account.id
    assert found.answer is not None
    assert found.answer.repository is not None
    assert found.answer.repository.full_name == name


async def test_a_name_is_read_without_case_as_the_hosts_do(world: World) -> None:
    await synced(world)
    name = private_name(world, HOST)
    found = await asked(world, name.upper())
    assert found.diagnosis.cause is Cause.VISIBLE
    assert found.answer is not None
    assert found.answer.repository is not None
    assert found.answer.repository.full_name == name


async def test_a_hosts_name_and_a_full_name_are_an_address_too(world: World) -> None:
    account = await synced(world)
    for address in (f"{HOST}:{private_name(world, HOST)}", f" {HOST}:nobody/knows "):
        found = await diagnose_missing(world.services, account.user_id, address)
        assert found.host is not None
        assert found.host.name == HOST


@pytest.mark.parametrize(
    "address", ["", "acme/api-00", f"{HOST}:", f"{HOST}:x", f"{HOST}://a/b", "https://a.example/b"]
)
async def test_what_is_of_no_host_is_said_to_be_so(world: World, address: str) -> None:
    user = await world.user("ada")
    found = await diagnose_missing(world.services, user.id, address)
    assert (found.diagnosis.cause, found.host) == (Cause.ELSEWHERE, None)


async def test_whoever_linked_nothing_is_told_to_link(world: World) -> None:
    await synced(world)
    found = await asked(world, private_name(world, HOST), login="grace")
    assert (found.diagnosis.cause, found.diagnosis.remedy) == (Cause.NOT_LINKED, Remedy.LINK)


async def test_an_account_that_was_unlinked_is_none(world: World) -> None:
    account = await synced(world)
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    assert await cause(world, private_name(world, HOST)) is Cause.NOT_LINKED


async def test_a_sync_that_waits_is_waited_for(world: World) -> None:
    await world.link("ada", HOST)
    assert await cause(world, "nobody/knows") is Cause.BEING_READ


async def test_a_host_that_did_not_answer_lately_is_said_with_our_code(world: World) -> None:
    account = await synced(world)
    await column(world.services.database, "DELETE FROM listing_validator")
    spoil(world, HOST, "api", "status", match="/user/installations", times=9)
    await sync(world, account)
    await empty_queue(world.services.database)
    found = (await asked(world, "nobody/knows")).diagnosis
    assert (found.cause, found.failure) == (Cause.NOT_READ_LATELY, "forbidden")
    assert (
        found.at
        == (await load_own_account(world.services, account.id, user_id=account.user_id)).listed_at
    )


async def test_an_owner_that_the_operator_does_not_mirror_is_told(world: World) -> None:
    account = await synced(world)
    only_labs = replace(world.services.hosts[HOST], include=frozenset({"labs"}))
    services = replace(world.services, hosts={**world.services.hosts, HOST: only_labs})
    for name, told in (("acme/unknown", Cause.NOT_INCLUDED), ("labs/unknown", Cause.NOT_SHOWN)):
        address = f"{world.simulator.host_url(HOST)}/{name}"
        found = await diagnose_missing(services, account.user_id, address)
        assert found.diagnosis.cause is told


async def test_what_was_lost_is_told_with_its_instant(world: World) -> None:
    account = await synced(world)
    name = private_name(world, HOST)
    host = world.host(HOST)
    (number,) = [one.id for one in host.repositories.values() if one.full_name == name]
    host.remove_repository(number)
    for _ in range(2):
        await sync(world, account)
    await empty_queue(world.services.database)
    found = await asked(world, name)
    (lost_at,) = await column(
        world.services.database,
        "SELECT at FROM change WHERE kind = 'grant' AND became IS NULL",
    )
    assert (found.diagnosis.cause, found.diagnosis.at) == (Cause.LOST, lost_at)


async def test_nobody_learns_whether_there_is_a_repository_that_they_may_not_read(
    world: World,
) -> None:
    await synced(world)
    grace = await world.link("grace", HOST)
    await sync(world, grace)
    await empty_queue(world.services.database)
    (hidden,) = await column(
        world.services.database,
        "SELECT full_name FROM repository WHERE visibility = 'private' AND id NOT IN"
        ' (SELECT repository_id FROM "grant" WHERE account_id = :id) ORDER BY id LIMIT 1',
        id=grace.id,
    )
    there = await asked(world, hidden, login="grace")
    nowhere = await asked(world, f"{hidden}-none", login="grace")
    assert there.diagnosis == nowhere.diagnosis
    assert there.diagnosis.cause is Cause.NOT_SHOWN


async def test_to_ask_is_to_be_asked_about(world: World) -> None:
    account = await synced(world)
    await cause(world, "nobody/knows")
    statement = 'SELECT asked_at FROM "user" WHERE id = :id'
    assert await column(world.services.database, statement, id=account.user_id) != [None]
