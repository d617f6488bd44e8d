"""
What a host's notices may do: close at once, have the host asked, and never open.

The verbs that a webhook calls, on the real database and the simulated hosts (EVIDENCE R9,
R11, R12). Notices reached us when the test says so. This module must not know who signs one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from permsync.flows.apply_listing import apply_listing
from permsync.flows.close_repository import close_repository
from permsync.flows.drop_repository import drop_repository
from permsync.flows.look_again import look_again
from permsync.flows.remove_member import remove_member
from permsync.flows.remove_pair import remove_pair
from permsync.model import Account, Reason
from permsync.simulator.repositories import Repository
from permsync.store.engine import database_now
from tests.flows.scenes import column, empty_queue, granted, queued, reason, rows, sync, told
from tests.flows.test_apply_listing import claimed, linked, listed, settle
from tests.flows.test_ask_pairs import ask, lose, private
from tests.world import World

WAITING = "SELECT count(*) FROM ask"


async def now(world: World) -> datetime:
    """The database's time."""
    async with world.services.database.begin() as connection:
        return await database_now(connection)


def unsettled(world: World) -> World:
    """The same world, where a host takes a minute to settle."""
    durations = replace(world.services.durations, settle=timedelta(minutes=1))
    return replace(world, services=replace(world.services, durations=durations))


async def minute_passes(world: World) -> None:
    """Let the host have settled: what was due in a minute is due now."""
    minute = "interval '61 seconds'"
    for statement in (
        f"UPDATE fence SET at = at - {minute}",
        f"UPDATE ask SET due_at = due_at - {minute}, wanted_at = wanted_at - {minute}",
    ):
        await rows(world.services.database, statement)


async def remove(world: World, account: Account, one: Repository, at: datetime) -> int:
    """The notice that Ada lost this repository."""
    return await told(
        world,
        remove_pair,
        host=account.host,
        external_id=account.external_id,
        repository=str(one.id),
        at=at,
    )


async def test_a_removed_pair_is_denied_at_once_and_asked_about_when_the_host_has_settled(
    world: World,
) -> None:
    world = unsettled(world)
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)

    assert await remove(world, account, one, await now(world)) == 1
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await ask(world, account) == 0

    await minute_passes(world)
    assert await ask(world, account) == 1
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, WAITING) == [0]


async def test_where_another_path_remains_the_ask_brings_the_pair_back(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)

    await remove(world, account, one, await now(world))
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    await settle(world)
    await ask(world, account)

    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_nothing_begun_before_the_host_has_settled_brings_the_pair_back(
    world: World,
) -> None:
    """I1: neither a listing from before the notice nor one between notice and settling."""
    world = unsettled(world)
    account = await linked(world)
    one = private(world, account.host)
    before = await claimed(world, account)
    saw = await listed(world, account)
    lose(world, account, one)
    await remove(world, account, one, await now(world))

    assert await apply_listing(world.services, before, saw, requests=1) is not None
    between = await claimed(world, account)
    assert await apply_listing(world.services, between, saw, requests=1) is not None

    assert one.full_name not in await granted(world, account)
    assert await column(world.services.database, WAITING) == [1]
    await minute_passes(world)
    await sync(world, account)
    assert one.full_name not in await granted(world, account)


async def test_evidence_that_began_after_the_notice_stays(world: World) -> None:
    """A notice that waited in the inbox says nothing about what was seen since."""
    account = await linked(world)
    one = private(world, account.host)
    at = await now(world)
    await sync(world, account)

    assert await remove(world, account, one, at - timedelta(microseconds=1)) == 0
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_a_fence_stands_where_no_row_was(world: World) -> None:
    account = await world.link("ada", "gitlab")
    one = private(world, account.host)
    await sync(world, account)
    run = await claimed(world, account)
    saw = await listed(world, account)
    await rows(world.services.database, 'DELETE FROM "grant"')
    await rows(world.services.database, "UPDATE account SET listing_digest = NULL")
    lose(world, account, one)

    assert await remove(world, account, one, await now(world)) == 0
    await apply_listing(world.services, run, saw, requests=1)

    held = await granted(world, account)
    assert held
    assert one.full_name not in held


async def test_a_notice_about_a_repository_that_nobody_knows_has_the_account_listed(
    world: World,
) -> None:
    account = await linked(world)
    new = world.host(account.host).add_repository("platform/never-seen")
    await empty_queue(world.services.database)

    assert await remove(world, account, new, await now(world)) == 0
    assert await queued(world.services.database) == {"sync_account"}


async def test_a_person_who_left_an_owner_loses_all_of_it_at_once(world: World) -> None:
    world = unsettled(world)
    account = await linked(world)
    one = private(world, account.host)
    host = world.host(account.host)
    run = await claimed(world, account)
    saw = await listed(world, account)
    host.leave("ada", namespace=one.owner)
    theirs = {each for each in await granted(world, account) if each.startswith(f"{one.owner}/")}
    others = await granted(world, account) - theirs
    await empty_queue(world.services.database)

    gone = await told(
        world,
        remove_member,
        host=account.host,
        external_id=account.external_id,
        owner_id=str(host.namespaces[one.owner].id),
        at=await now(world),
    )

    assert gone == len(theirs) > 1
    assert await granted(world, account) == others
    assert await queued(world.services.database) == {"sync_account"}
    await apply_listing(world.services, run, saw, requests=1)
    assert await granted(world, account) == others


async def test_a_repository_made_private_closes_at_once_and_no_older_statement_opens_it(
    world: World,
) -> None:
    """I10."""
    account = await linked(world)
    margaret = await linked_as(world, "margaret")
    host = world.host(account.host)
    public = next(one for one in host.memberships("ada") if one.full_name == "platform/legacy-19")
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC
    run = await claimed(world, account)
    saw = await listed(world, account)
    host.set_visibility(public.id, "private")

    for closed in (True, False):
        at = await now(world)
        assert (
            await told(world, close_repository, host=account.host, repository=str(public.id), at=at)
            is closed
        )
        assert await reason(world, margaret, public.full_name) is not Reason.OPEN_PUBLIC
    await apply_listing(world.services, run, saw, requests=1)
    assert await reason(world, margaret, public.full_name) is not Reason.OPEN_PUBLIC

    host.set_visibility(public.id, "public")
    await settle(world)
    await sync(world, account)
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC


async def linked_as(world: World, person: str) -> Account:
    """Another person's account at the same host, listed."""
    account = await world.link(person, "gitlab")
    await sync(world, account)
    return account


async def test_a_notice_older_than_the_last_open_sight_closes_nothing(world: World) -> None:
    account = await linked(world)
    public = next(
        one for one in world.host(account.host).memberships("ada") if one.visibility == "public"
    )
    past = await now(world) - timedelta(hours=1)
    closed = await told(
        world, close_repository, host=account.host, repository=str(public.id), at=past
    )
    assert not closed
    unknown = await told(world, close_repository, host="gitlab", repository="1", at=past)
    assert not unknown


async def test_a_deleted_repository_is_denied_to_all_and_comes_back_only_when_it_is_seen(
    world: World,
) -> None:
    account = await linked(world)
    one = private(world, account.host)

    changed = await told(
        world,
        drop_repository,
        host=account.host,
        repository=str(one.id),
        at=await now(world),
        gone=True,
    )
    assert changed == 2
    assert await reason(world, account, one.full_name) is Reason.UNKNOWN_REPOSITORY

    await settle(world)
    await settle(world)
    await sync(world, account)
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_who_held_a_transferred_repository_is_asked(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)

    about = {"host": account.host, "repository": str(one.id), "at": await now(world)}
    await told(world, drop_repository, **about, gone=False)
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, WAITING) == [1]

    await settle(world)
    await ask(world, account)
    assert await reason(world, account, one.full_name) is Reason.GRANT
    about["repository"] = "1"
    assert await told(world, drop_repository, **about, gone=True) == 0


async def test_an_added_pair_is_asked_about_and_not_believed(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    new = host.add_repository("platform/brand-new")
    await linked_as(world, "margaret")
    host.grant("margaret", new.id)
    await sync(world, await linked_as(world, "margaret"))
    await empty_queue(world.services.database)
    person = {"host": account.host, "external_id": account.external_id}

    at = await now(world)
    await told(world, look_again, **person, repository=str(new.id), at=at)
    assert await reason(world, account, new.full_name) is Reason.NO_ACCESS
    assert await queued(world.services.database) == {"ask_account"}

    await told(world, look_again, **person, repository="1", at=at)
    assert await queued(world.services.database) == {"ask_account", "sync_account"}
    await empty_queue(world.services.database)
    await told(world, look_again, host=account.host, repository=str(new.id), at=at)
    assert await queued(world.services.database) == {"sync_account"}
    host.grant("ada", new.id)
    await settle(world)
    await ask(world, account)
    assert await reason(world, account, new.full_name) is Reason.GRANT
