"""
What listings do to what is stored: only the difference, never by doubt, never out of order.

Each test is a rule of EVIDENCE as its users would see it break. Rows are looked at with plain
SQL. This module must not know how a plan is made.
"""

import asyncio

from permsync.codehost import Failure, ListedRepository
from permsync.flows.apply_listing import apply_listing, digest_of
from permsync.flows.ask_host import Conversation
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.model import Account, Level, Reason, RunState, Trigger, Visibility
from permsync.store import accounts, runs
from permsync.store.runs import ClaimedRun
from tests.flows.scenes import (
    column,
    empty_queue,
    granted,
    last_run,
    private_name,
    queued,
    reason,
    rows,
    sync,
    with_host,
)
from tests.world import World, host_settings

ROWS = 'SELECT xmin::text, ctid::text, * FROM "grant" ORDER BY repository_id'


async def linked(world: World, host: str = "gitlab") -> Account:
    """Ada's account with its first listing applied."""
    account = await world.link("ada", host)
    assert await sync(world, account) is RunState.SUCCEEDED
    return account


async def settle(world: World) -> None:
    """Let the host's settle time pass."""
    await asyncio.sleep(world.services.durations.settle.total_seconds() * 1.2)


async def claimed(world: World, account: Account) -> ClaimedRun:
    """A run that may speak about the account, from now on."""
    async with world.services.database.begin() as connection:
        now = await accounts.load_locked(connection, account.id)
        assert now is not None
        due_in = world.services.durations.sync_every
        return await runs.claim(connection, now, Trigger.SCHEDULE, next_due_in=due_in)


async def listed(world: World, account: Account) -> Listing:
    """What the host lists now."""
    conversation = Conversation(
        world.services,
        world.services.host(account.host),
        account_id=account.id,
        link_id=account.link_id,
    )
    listing = await list_repositories(conversation)
    assert not isinstance(listing, Failure)
    return listing


async def test_an_unchanged_sync_touches_no_grant_row(world: World) -> None:
    account = await linked(world)
    before = await rows(world.services.database, ROWS)
    revision = await column(world.services.database, "SELECT value FROM revision")

    assert await sync(world, account) is RunState.SUCCEEDED

    assert before
    assert await rows(world.services.database, ROWS) == before
    assert await column(world.services.database, "SELECT value FROM revision") == revision
    assert (await last_run(world, account))["added"] == 0


async def test_a_first_no_keeps_access_and_the_second_takes_it(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    gone = next(one for one in host.memberships("ada") if one.visibility == "private")
    name = gone.full_name
    host.leave("ada", namespace=gone.owner)
    host.revoke("ada", gone.id)

    await sync(world, account)
    assert await reason(world, account, name) is Reason.GRANT

    await sync(world, account)
    assert await reason(world, account, name) is Reason.NO_ACCESS
    assert (await last_run(world, account))["removed"] > 0


async def test_a_first_no_has_the_pair_asked_about_at_once(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    gone = next(one for one in host.memberships("ada") if one.visibility == "private")
    host.leave("ada", namespace=gone.owner)
    host.revoke("ada", gone.id)
    await empty_queue(world.services.database)

    await sync(world, account)

    asked = await column(
        world.services.database,
        "SELECT full_name FROM ask JOIN repository ON repository.id = repository_id"
        " WHERE due_at <= clock_timestamp()",
    )
    assert gone.full_name in asked
    missed = await column(world.services.database, 'SELECT count(*) FROM "grant" WHERE missed')
    assert missed == [len(asked)]
    assert await queued(world.services.database) == {"ask_account"}


async def test_one_no_and_then_a_yes_is_no_change(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    one = next(each for each in host.memberships("ada") if each.visibility == "private")
    level = host.level("ada", one)
    space = host.namespaces[one.owner].members.pop("ada", None)
    host.touch()
    await sync(world, account)
    if space is not None:
        host.join("ada", namespace=one.owner, level=level)
    await sync(world, account)
    await sync(world, account)
    assert await reason(world, account, one.full_name) is Reason.GRANT
    missed = await column(world.services.database, 'SELECT count(*) FROM "grant" WHERE missed')
    assert missed == [0]


async def test_a_partial_listing_only_adds(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    before = await granted(world, account)
    kept = next(one for one in host.memberships("ada") if one.visibility == "private")
    host.leave("ada", namespace=kept.owner)
    new = host.add_repository("platform/brand-new")
    host.grant("ada", new.id)
    listing = await listed(world, account)

    run = await claimed(world, account)
    partial = Listing(listing.repositories, complete=False)
    for _ in range(2):
        applied = await apply_listing(world.services, run, partial, requests=1)
        assert applied is not None
        assert applied.state is RunState.PARTIAL
        run = await claimed(world, account)

    assert await granted(world, account) == before | {"platform/brand-new"}
    assert await reason(world, account, "platform/brand-new") is Reason.GRANT


async def test_only_what_the_operator_included_is_stored(world: World) -> None:
    account = await world.link("ada", "gitlab")
    settings = host_settings(world.simulator, "gitlab")
    services = with_host(world.services, settings, include=frozenset({"Research"}))

    await sync(world, account, services=services)

    names = await column(world.services.database, "SELECT full_name FROM repository")
    assert names
    assert all(name.startswith("research/") for name in names)


async def test_a_name_belongs_to_the_id_last_seen_with_it(world: World) -> None:
    account = await linked(world)
    host = world.host(account.host)
    old = next(one for one in host.memberships("ada") if one.visibility == "private")
    name = old.full_name
    host.rename_repository(old.id, name="moved-away")
    heir = host.add_repository(name)
    host.grant("ada", heir.id)

    await sync(world, account)

    ids = await column(
        world.services.database,
        "SELECT external_id FROM repository WHERE full_name = :name",
        name=name,
    )
    assert ids == [str(heir.id)]
    assert await reason(world, account, f"{old.owner}/moved-away") is Reason.GRANT


async def test_a_repository_that_changes_hands_is_forgotten_and_asked_about_again(
    world: World,
) -> None:
    account = await linked(world, "github")
    host = world.host(account.host)
    one = next(each for each in host.memberships("ada") if each.owner == "acme")
    host.rename_repository(one.id, owner="orbit")
    name = f"orbit/{one.name}"

    await sync(world, account)
    assert name not in await granted(world, account)

    await sync(world, account)
    assert name in await granted(world, account)


async def test_narrowing_counts_at_once_and_widening_not_from_an_older_listing(
    world: World,
) -> None:
    account = await linked(world)
    margaret = await world.link("margaret", "gitlab")
    host = world.host("gitlab")
    public = next(one for one in host.memberships("ada") if one.full_name == "platform/legacy-19")
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC
    await settle(world)
    older = await claimed(world, account)
    said_public = await listed(world, account)
    host.set_visibility(public.id, "private")
    narrowed = await claimed(world, account)
    await apply_listing(world.services, narrowed, await listed(world, account), requests=1)

    assert await reason(world, margaret, public.full_name) is not Reason.OPEN_PUBLIC

    again = await claimed(world, account)
    late = ClaimedRun(again.id, again.account, again.trigger, older.started_at)
    await apply_listing(world.services, late, said_public, requests=1)
    assert await reason(world, margaret, public.full_name) is not Reason.OPEN_PUBLIC

    host.set_visibility(public.id, "public")
    await settle(world)
    await sync(world, account)
    assert await reason(world, account, public.full_name) in {Reason.OPEN_PUBLIC, Reason.GRANT}


async def test_a_run_that_another_one_replaced_applies_nothing(world: World) -> None:
    account = await linked(world)
    before = await rows(world.services.database, ROWS)
    paused = await claimed(world, account)
    nothing = Listing((), complete=True)

    assert await sync(world, account) is RunState.SUCCEEDED
    assert await apply_listing(world.services, paused, nothing, requests=1) is None

    assert await rows(world.services.database, ROWS) == before
    states = await column(world.services.database, "SELECT state FROM run ORDER BY id")
    assert states == ["succeeded", "abandoned", "succeeded"]


async def test_a_new_link_fences_the_run_that_listed_with_the_old_one(world: World) -> None:
    account = await linked(world)
    run = await claimed(world, account)
    user = await world.user("ada")
    await world.link("ada", account.host, user=user)

    applied = await apply_listing(world.services, run, Listing((), complete=True), requests=1)

    assert applied is None
    running = await column(
        world.services.database, "SELECT count(*) FROM run WHERE state = 'running'"
    )
    assert running == [0]


async def test_every_change_is_one_row_of_one_revision(world: World) -> None:
    account = await linked(world)
    database = world.services.database
    held = await column(database, 'SELECT count(*) FROM "grant"')
    noted = await column(database, "SELECT count(*) FROM change WHERE kind = 'grant'")
    assert noted == held
    revisions = await column(database, "SELECT DISTINCT revision FROM change ORDER BY revision")
    assert revisions == list(range(1, len(revisions) + 1))
    assert revisions[-1:] == await column(database, "SELECT value FROM revision")
    assert private_name(world, account.host) in await granted(world, account)


def test_a_digest_does_not_depend_on_the_order_of_pages_and_sees_every_difference() -> None:
    one = ListedRepository("1", "7", "acme", "acme/one", Visibility.PRIVATE)
    two = ListedRepository("2", "7", "acme", "acme/two", Visibility.PRIVATE)
    narrower = ListedRepository("2", "7", "acme", "acme/two", Visibility.PRIVATE, Level.ADMIN)
    assert digest_of([one, two]) == digest_of([two, one])
    assert digest_of([one, two]) != digest_of([one, narrower])
    assert digest_of([one, two]) != digest_of([one])
