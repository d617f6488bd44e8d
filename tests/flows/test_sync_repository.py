"""
Repositories listed through a connection: who may read them, linked here or not.

At every simulated host Ada administers the first owner; her token is the connection's. What
the world holds is the truth. This module must not know how a plan is made.
"""

from dataclasses import replace

import pytest

from permsync.codehost import ListsReaders
from permsync.flows.deps import ConfiguredConnection
from permsync.flows.discover_repositories import discover_repositories
from permsync.flows.schedule_syncs import schedule_syncs
from permsync.flows.sync_repository import give_up_repository, sync_repository
from permsync.hosts import registry
from permsync.model import Reason, RunState, Trigger
from permsync.simulator.repositories import Level, Repository
from permsync.simulator.samples import sample_hosts
from tests.flows.scenes import column, empty_queue, queued, reason, rows, spoil, sync
from tests.world import World

GRANTS = "SELECT count(*) FROM \"grant\" WHERE source = 'repo_listing'"
WAITING = "SELECT count(*) FROM pending_grant"
NAMED = " FROM repository WHERE full_name = :name"
ADMINISTERED = {
    name: sample.owners[0]
    for name, (kind, sample) in sample_hosts().items()
    if issubclass(registry()[kind], ListsReaders)
}


async def connected(world: World, host: str = "gitlab") -> World:
    """The same world with a connection at one host, which has been looked through."""
    await world.link("ada", host)
    simulated = world.host(host)
    pair = next(iter(simulated.tokens.of("ada")))
    connection = ConfiguredConnection(
        name="first", host=host, owners=frozenset({ADMINISTERED[host]}), token=pair.access
    )
    services = replace(world.services, connections=(connection,))
    with_connection = replace(world, services=services)
    assert await discover_repositories(services) > 0
    return with_connection


def one_of(world: World, host: str = "gitlab") -> Repository:
    """A private repository of the owner that the connection covers."""
    return next(
        each
        for each in world.host(host).repositories.values()
        if each.owner == ADMINISTERED[host] and each.visibility == "private"
    )


async def id_of(world: World, one: Repository) -> int:
    """Our id of it."""
    (found,) = await column(world.services.database, f"SELECT id{NAMED}", name=one.full_name)
    return int(found)


async def list_one(world: World, one: Repository) -> RunState | None:
    """List its readers."""
    return await sync_repository(world.services, await id_of(world, one), Trigger.SCHEDULE)


def readers(world: World, host: str, one: Repository) -> set[str]:
    """Who may read its code in truth."""
    simulated = world.host(host)
    return {
        person for person in simulated.accounts if simulated.level(person, one) >= Level.REPORTER
    }


async def believed(world: World, one: Repository) -> set[str]:
    """The logins of those whom its own listing names, linked here or not."""
    (host,) = await column(world.services.database, f"SELECT host{NAMED}", name=one.full_name)
    ids = await column(
        world.services.database,
        """
        SELECT account.external_id FROM "grant" AS one JOIN account ON account.id = account_id
        JOIN repository ON repository.id = repository_id
        WHERE source = 'repo_listing' AND full_name = :name
        UNION SELECT pending_grant.external_id FROM pending_grant
        JOIN repository ON repository.id = repository_id WHERE full_name = :name
        """,
        name=one.full_name,
    )
    people = world.host(host).accounts.values()
    by_id = {name: each.person for each in people for name in (each.uuid, str(each.id))}
    return {by_id[each] for each in ids}


@pytest.mark.parametrize("host", ADMINISTERED)
async def test_the_readers_of_a_repository_are_those_who_may_read_its_code(
    world: World, host: str
) -> None:
    world = await connected(world, host)
    one = one_of(world, host)

    assert await list_one(world, one) is RunState.SUCCEEDED

    assert await believed(world, one) == readers(world, host, one)
    assert len(readers(world, host, one)) > 1
    assert await column(world.services.database, GRANTS) == [1]
    (run,) = await rows(
        world.services.database, "SELECT * FROM run WHERE repository_id IS NOT NULL"
    )
    assert (run["state"], run["account_id"], run["added"]) == (
        "succeeded",
        None,
        len(readers(world, host, one)),
    )


async def test_a_connection_finds_what_it_covers_and_grants_nothing_by_that(world: World) -> None:
    world = await connected(world)
    covered = await column(
        world.services.database, "SELECT full_name FROM repository WHERE sync_due_at IS NOT NULL"
    )
    theirs = {
        each.full_name
        for each in world.host("gitlab").repositories.values()
        if each.owner == "platform"
    }
    assert set(covered) == theirs
    assert await column(world.services.database, 'SELECT count(*) FROM "grant"') == [0]
    await empty_queue(world.services.database)
    assert await schedule_syncs(world.services) == len(theirs) + 1
    assert await queued(world.services.database) == {"sync_account", "sync_repository"}
    assert await discover_repositories(world.services) == 0


async def test_a_person_gets_at_the_first_link_what_listings_said_before(world: World) -> None:
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    assert "grace" in readers(world, "gitlab", one)
    waiting = await column(world.services.database, WAITING)

    grace = await world.link("grace", "gitlab")

    assert await reason(world, grace, one.full_name) is Reason.GRANT
    assert await column(world.services.database, WAITING) == [waiting[0] - 1]
    given = await column(
        world.services.database,
        "SELECT became FROM change WHERE account_id = :id AND kind = 'grant'",
        id=grace.id,
    )
    assert len(given) == 1
    before = await rows(world.services.database, 'SELECT xmin::text, * FROM "grant"')
    await list_one(world, one)
    assert await rows(world.services.database, 'SELECT xmin::text, * FROM "grant"') == before


async def test_an_unchanged_list_of_readers_writes_no_row(world: World) -> None:
    """I8."""
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    every = (
        'SELECT xmin::text, * FROM "grant"',
        "SELECT xmin::text, * FROM pending_grant ORDER BY 3",
    )
    before = [await rows(world.services.database, each) for each in every]
    revision = await column(world.services.database, "SELECT value FROM revision")

    assert await list_one(world, one) is RunState.SUCCEEDED

    assert [await rows(world.services.database, each) for each in every] == before
    assert await column(world.services.database, "SELECT value FROM revision") == revision


async def test_a_reader_leaves_on_the_second_no_and_the_other_source_is_asked(
    world: World,
) -> None:
    """R3 and R8: the person's own listing still holds the pair until it is asked."""
    world = await connected(world)
    one = one_of(world)
    grace = await world.link("grace", "gitlab")
    await sync(world, grace)
    await list_one(world, one)
    simulated = world.host("gitlab")
    simulated.leave("grace", namespace=one.owner)
    simulated.revoke("grace", one.id)
    await empty_queue(world.services.database)

    await list_one(world, one)
    assert "grace" in await believed(world, one)
    assert await queued(world.services.database) == {"sync_repository"}
    await list_one(world, one)

    assert "grace" not in await believed(world, one)
    assert await reason(world, grace, one.full_name) is Reason.GRANT
    assert "ask_account" in await queued(world.services.database)


async def test_neither_direction_undoes_the_other(world: World) -> None:
    """I4: whom a repository's list does not name keeps what the account's own list says."""
    world = await connected(world)
    one = one_of(world)
    grace = await world.link("grace", "gitlab")
    await sync(world, grace)
    mine = await column(
        world.services.database, "SELECT count(*) FROM \"grant\" WHERE source = 'account_listing'"
    )
    await rows(world.services.database, "DELETE FROM pending_grant")
    for _ in range(2):
        await list_one(world, one)
        await sync(world, grace)
    assert mine == await column(
        world.services.database, "SELECT count(*) FROM \"grant\" WHERE source = 'account_listing'"
    )
    assert await believed(world, one) == readers(world, "gitlab", one)


async def test_a_refused_token_of_a_connection_ends_nobodys_access(world: World) -> None:
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    spoil(world, "gitlab", "api", "unauthorized", match="projects", times=10)

    assert await list_one(world, one) is RunState.FAILED

    assert await believed(world, one) == before
    codes = await column(world.services.database, "SELECT failure FROM run WHERE state = 'failed'")
    assert codes == ["connection_rejected"]
    assert await column(world.services.database, "SELECT state FROM account") == ["active"]
    assert await discover_repositories(world.services) == 0


async def test_an_outage_keeps_every_reader_and_comes_back_later(world: World) -> None:
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    spoil(world, "gitlab", "api", "502", match="projects", times=20)

    assert await list_one(world, one) is RunState.FAILED
    assert await discover_repositories(world.services) == 0

    assert await believed(world, one) == before
    failures = "SELECT sync_failures FROM repository WHERE sync_failures > 0"
    assert await column(world.services.database, failures) == [1]


async def test_without_a_connection_a_repository_is_not_listed_any_more(world: World) -> None:
    world = await connected(world)
    one = one_of(world)
    alone = replace(world, services=replace(world.services, connections=()))
    assert await list_one(alone, one) is None
    due = "SELECT sync_due_at FROM repository WHERE full_name = :name"
    assert await column(world.services.database, due, name=one.full_name) == [None]


async def test_a_run_that_died_with_its_worker_is_written_down(world: World) -> None:
    world = await connected(world)
    one = await id_of(world, one_of(world))
    await give_up_repository(world.services, one, Trigger.SCHEDULE, "worker_lost")
    runs = await rows(world.services.database, "SELECT state, failure FROM run")
    assert runs == [{"state": "failed", "failure": "worker_lost"}]
    await give_up_repository(
        replace(world.services, connections=()), one, Trigger.SCHEDULE, "worker_lost"
    )
    assert len(await rows(world.services.database, "SELECT 1 FROM run")) == 1


async def test_a_large_drop_of_readers_is_held_until_it_is_said_twice(world: World) -> None:
    """R6, by the same rule as for accounts."""
    world = await connected(world)
    small = replace(world, services=replace(world.services, fold_above=1))
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    simulated = world.host("gitlab")
    for person in before - {"ada"}:
        simulated.leave(person, namespace=one.owner)
        simulated.revoke(person, one.id)
    assert len(before) > 2

    assert await list_one(small, one) is RunState.PARTIAL
    assert await believed(world, one) == before
    assert await list_one(small, one) is RunState.SUCCEEDED
    assert await believed(world, one) == {"ada"}
