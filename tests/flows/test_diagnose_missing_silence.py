"""A pasted address tells nobody what exists: there and nowhere are told alike, whatever is so."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import cast

import pytest

from permsync.flows.deps import Services
from permsync.flows.diagnose_missing import Diagnosed, diagnose_missing
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.model import Account, Verdict
from permsync.rules.diagnosis import Cause
from permsync.store.engine import Connection, Database
from tests.flows.scenes import column, empty_queue, private_name, rows, sync
from tests.world import World

HOST = "github"


async def synced(world: World, person: str) -> Account:
    """A person's account at GitHub, read once, and nothing waits."""
    account = await world.link(person, HOST)
    await sync(world, account)
    await empty_queue(world.services.database)
    return account


async def hidden_from(world: World, account: Account) -> str:
    """A repository that is stored here, and of which the account was shown nothing."""
    (name,) = await column(
        world.services.database,
        "SELECT full_name FROM repository WHERE visibility = 'private' AND id NOT IN"
        ' (SELECT repository_id FROM "grant" WHERE account_id = :id) ORDER BY id LIMIT 1',
        id=account.id,
    )
    return str(name)


async def told_alike(
    world: World, user_id: int, name: str, *, services: Services | None = None
) -> Diagnosed:
    """What the person is told of this repository, which is what they are told of none."""
    found = []
    for one in (name, f"{name}-none"):
        address = f"{world.simulator.host_url(HOST)}/{one}"
        found.append(await diagnose_missing(services or world.services, user_id, address))
    there, nowhere = found
    assert there.diagnosis == nowhere.diagnosis
    assert there.host is nowhere.host
    return there


async def test_a_denial_of_what_one_was_never_shown_is_not_told(world: World) -> None:
    ada, grace = await synced(world, "ada"), await synced(world, "grace")
    name = await hidden_from(world, grace)
    (repository_id,) = await column(
        world.services.database, "SELECT id FROM repository WHERE full_name = :name", name=name
    )
    assert ada.user_id != grace.user_id
    deny = RuleTerms(Verdict.DENY)
    await set_rule(world.services, grace.user_id, repository_id, deny, actor="operator")
    found = await told_alike(world, grace.user_id, name)
    assert found.diagnosis.cause is Cause.NOT_SHOWN


async def test_a_denial_of_what_ones_account_is_shown_is_told(world: World) -> None:
    ada = await synced(world, "ada")
    name = private_name(world, HOST)
    (repository_id,) = await column(
        world.services.database, "SELECT id FROM repository WHERE full_name = :name", name=name
    )
    deny = RuleTerms(Verdict.DENY)
    await set_rule(world.services, ada.user_id, repository_id, deny, actor="operator")
    address = f"{world.simulator.host_url(HOST)}/{name}"
    found = await diagnose_missing(world.services, ada.user_id, address)
    assert found.diagnosis.cause is Cause.BY_OPERATOR


async def test_what_an_operator_mirrors_no_more_is_told_of_its_owner_alone(world: World) -> None:
    await synced(world, "ada")
    grace = await world.user("grace")
    only_labs = replace(world.services.hosts[HOST], include=frozenset({"labs"}))
    services = replace(world.services, hosts={**world.services.hosts, HOST: only_labs})
    found = await told_alike(world, grace.id, private_name(world, HOST), services=services)
    assert found.diagnosis.cause is Cause.NOT_INCLUDED


async def test_a_listing_that_is_too_old_is_told_of_what_is_nowhere_too(world: World) -> None:
    await synced(world, "ada")
    grace = await synced(world, "grace")
    name = await hidden_from(world, grace)
    await rows(
        world.services.database,
        "UPDATE account SET listed_at = clock_timestamp() - interval '400 days' WHERE id = :id",
        id=grace.id,
    )
    found = await told_alike(world, grace.user_id, name)
    assert found.diagnosis.cause is Cause.NOT_READ_LATELY


@pytest.mark.parametrize("owner_known", [True, False])
async def test_an_owner_behind_single_sign_on_is_told_by_the_name_alone(
    world: World, owner_known: bool
) -> None:
    await synced(world, "ada")
    grace = await synced(world, "grace")
    name = await hidden_from(world, grace)
    (owner_id,) = await column(
        world.services.database, "SELECT owner_id FROM repository WHERE full_name = :n", n=name
    )
    await rows(
        world.services.database,
        "INSERT INTO account_gap (account_id, owner_id, to_approve) VALUES (:id, :owner, true)",
        id=grace.id,
        owner=owner_id if owner_known else "987654",
    )
    found = await told_alike(world, grace.user_id, name)
    assert found.diagnosis.cause is Cause.SINGLE_SIGN_ON


async def test_of_two_hosts_at_one_address_the_same_one_answers(world: World) -> None:
    await synced(world, "ada")
    grace = await world.user("grace")
    first = replace(world.services.hosts[HOST], name="first")
    services = replace(world.services, hosts={"first": first, **world.services.hosts})
    await told_alike(world, grace.id, private_name(world, HOST), services=services)


@pytest.mark.parametrize("name", ["acme/a\x00b", "acme/\x00"])
async def test_a_name_that_nothing_can_bear_is_no_address(world: World, name: str) -> None:
    user = await world.user("ada")
    for begins in (f"{world.simulator.host_url(HOST)}/", f"{HOST}:"):
        found = await diagnose_missing(world.services, user.id, begins + name)
        assert found.diagnosis.cause is Cause.ELSEWHERE


@dataclass(slots=True)
class Counted:
    """The same database, which counts its transactions."""

    real: Database
    begun: int = 0

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """One more."""
        self.begun += 1
        return self.real.begin()


async def test_as_much_is_asked_of_the_database_about_what_is_nowhere(world: World) -> None:
    """Or the time that an answer takes would tell."""
    await synced(world, "ada")
    grace = await synced(world, "grace")
    name = await hidden_from(world, grace)
    begun = []
    for one in (name, f"{name}-none"):
        database = Counted(world.services.database)
        services = replace(world.services, database=cast(Database, database))
        address = f"{world.simulator.host_url(HOST)}/{one}"
        await diagnose_missing(services, grace.user_id, address)
        begun.append(database.begun)
    assert begun[0] == begun[1] > 0
