"""GitHub vouches for a listing page by page, for nothing; what it does not vouch for is read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.flows.apply_listing import apply_listing
from permsync.flows.ask_host import Conversation
from permsync.flows.confirm_identity import confirm_identity
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.flows.recheck_listing import save_validators
from permsync.model import Account, AccountState, RunState
from permsync.simulator.faults import Quota
from permsync.simulator.repositories import Level
from permsync.simulator.samples import bulk_repositories
from tests.flows.scenes import column, granted, last_run, read, rows, spoil, sync, with_host
from tests.flows.test_apply_listing import claimed
from tests.world import World, host_settings

ROWS = 'SELECT * FROM "grant" ORDER BY repository_id'


async def synced(world: World, host: str = "github") -> Account:
    """An account that was listed whole."""
    account = await world.link("ada", host)
    assert await sync(world, account) is RunState.SUCCEEDED
    return account


def statuses(world: World, host: str = "github") -> list[int]:
    """The answers since the last look, oldest first."""
    records = world.host(host).log.records
    found = [record.status for record in records]
    records.clear()
    return found


async def test_a_listing_that_stands_costs_no_quota_and_one_row(world: World) -> None:
    bulk_repositories(world.simulator.world, "github", 250, person="ada")
    account = await synced(world)
    before = await rows(world.services.database, ROWS)
    first = await read(world, account)
    statuses(world)
    world.host("github").faults.quota = quota = Quota(1_000, 3_600)

    assert await sync(world, account) is RunState.SUCCEEDED

    assert set(statuses(world)) == {304}
    assert quota.used == 0
    again = await read(world, account)
    assert first.listed_at is not None
    assert again.listed_at is not None
    assert again.listed_at > first.listed_at
    assert await rows(world.services.database, ROWS) == before


async def test_one_page_that_changed_is_enough_to_list_everything(world: World) -> None:
    account = await synced(world)
    added = world.host("github").add_repository("acme/new", visibility="private")
    world.host("github").grant("ada", added.id, level=Level.REPORTER)

    assert await sync(world, account) is RunState.SUCCEEDED

    assert "acme/new" in await granted(world, account)


async def test_a_repository_beyond_a_full_last_page_is_seen(world: World) -> None:
    """A validator of a full page says nothing about what comes after it."""
    host = world.host("github")
    account = await world.link("ada", "github")
    listed = [one for one in host.memberships("ada") if one.owner == "acme"]
    for number in range(100 - len(listed)):
        one = host.add_repository(f"acme/more-{number}", visibility="private")
        host.grant("ada", one.id, level=Level.REPORTER)
    await sync(world, account)
    statuses(world)
    assert await sync(world, account) is RunState.SUCCEEDED
    assert set(statuses(world)) == {304}
    added = host.add_repository("acme/number-101", visibility="private")
    host.grant("ada", added.id, level=Level.REPORTER)

    await sync(world, account)

    assert "acme/number-101" in await granted(world, account)


async def test_a_listing_that_failed_leaves_the_last_ones_validators(world: World) -> None:
    """What is stored is as it was, so that an outage does not cost a whole listing."""
    account = await synced(world)
    spoil(world, "github", "api", "502", times=9)
    assert await sync(world, account) is RunState.FAILED
    world.host("github").faults.next_answers.clear()
    assert await sync(world, account) is RunState.SUCCEEDED
    run = await last_run(world, account)
    assert run["not_modified"] == run["requests"] > 1


async def test_a_token_that_died_is_refreshed_and_a_dead_link_ends(world: World) -> None:
    account = await synced(world)
    spoil(world, "github", "api", "unauthorized")
    assert await sync(world, account) is RunState.SUCCEEDED
    world.host("github").tokens.revoke("ada")
    assert await sync(world, account) is RunState.FAILED
    assert (await read(world, account)).state is AccountState.NEEDS_REAUTH


async def test_validators_do_not_outlive_their_share_of_the_hard_age(world: World) -> None:
    account = await synced(world)
    short = replace(world.services.durations, evidence_hard=timedelta(microseconds=4))
    statuses(world)
    await sync(world, account, services=replace(world.services, durations=short))
    assert 304 not in statuses(world)


async def test_other_settings_list_anew(world: World) -> None:
    account = await synced(world)
    only = with_host(
        world.services, host_settings(world.simulator, "github"), include=frozenset({"acme"})
    )
    statuses(world)

    await sync(world, account, services=only)
    await sync(world, account, services=only)

    assert {name.partition("/")[0] for name in await granted(world, account)} == {"acme"}


async def test_another_writer_since_the_listing_makes_it_list_anew(world: World) -> None:
    account = await synced(world)
    await rows(world.services.database, "UPDATE account SET listing_digest = NULL")
    statuses(world)
    await sync(world, account)
    assert 304 not in statuses(world)


async def test_a_listing_with_gaps_keeps_no_validators(world: World) -> None:
    account = await world.link("ada", "github")
    host = world.host("github")
    host.faults.sso_partial = [host.namespaces["acme"].id]
    await sync(world, account)
    kept = await column(world.services.database, "SELECT account_id FROM listing_validator")
    assert kept == []


@pytest.mark.parametrize("host", ["gitlab", "bitbucket", "bitbucket-dc"])
async def test_where_asking_is_not_free_nobody_is_asked(world: World, host: str) -> None:
    account = await synced(world, host)
    assert await column(world.services.database, "SELECT account_id FROM listing_validator") == []
    assert await sync(world, account) is RunState.SUCCEEDED
    assert (await last_run(world, account))["requests"] > 0


@pytest.mark.parametrize("unvouched", [False, True])
async def test_a_listing_of_which_one_answer_had_no_validator_keeps_none(
    world: World, *, unvouched: bool
) -> None:
    account = await world.link("ada", "github")
    conversation = Conversation(
        world.services,
        world.services.host("github"),
        account_id=account.id,
        link_id=account.link_id,
    )
    run = await claimed(world, account)
    await confirm_identity(conversation)
    listing = await list_repositories(conversation)
    assert isinstance(listing, Listing)
    if unvouched:
        del conversation.etags[listing.asks[-1].request.url]

    assert await apply_listing(world.services, run, listing, requests=1) is not None
    await save_validators(conversation, run, listing.asks)

    kept = await column(world.services.database, "SELECT account_id FROM listing_validator")
    assert bool(kept) is not unvouched
