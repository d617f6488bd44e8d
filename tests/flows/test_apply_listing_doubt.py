"""
What doubt does to a listing: owners that it left out, drops too large to believe, fences.

Each test is a rule of EVIDENCE as its users would see it break. This module must not know
how a plan is made.
"""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from permsync.flows.apply_listing import apply_listing
from permsync.flows.list_accounts import list_accounts
from permsync.flows.list_repositories import Listing
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, LeftOut, Reason, RunState
from tests.flows.scenes import (
    LOCKED_OUT,
    column,
    empty_queue,
    granted,
    last_run,
    queued,
    reason,
    rows,
    sync,
)
from tests.flows.test_apply_listing import claimed, linked, listed
from tests.world import World

OWNER = "acme"


async def apply(world: World, account: Account, listing: Listing) -> RunState:
    """Let the account's next run have listed this."""
    run = await claimed(world, account)
    applied = await apply_listing(world.services, run, listing, requests=1)
    assert applied is not None
    return applied.state


async def acme(world: World, account: Account) -> tuple[str, str]:
    """The owner that is left out: its id at the host, and a private repository of it."""
    found = await rows(
        world.services.database,
        'SELECT owner_id, full_name FROM repository JOIN "grant" ON repository_id = repository.id'
        " WHERE account_id = :id AND visibility = 'private' AND full_name LIKE :owner",
        id=account.id,
        owner=f"{OWNER}/%",
    )
    return found[0]["owner_id"], found[0]["full_name"]


async def grow_old(world: World, hours: int) -> None:
    """Let this much time pass for all evidence."""
    for statement in (
        f"UPDATE account SET listed_at = listed_at - interval '{hours} hours'",
        f"UPDATE account SET listed_to = listed_to - interval '{hours} hours'",
        f"UPDATE account_gap SET as_of = as_of - interval '{hours} hours'",
        f"UPDATE \"grant\" SET as_of = as_of - interval '{hours} hours'",
    ):
        await rows(world.services.database, statement)


async def only_row(world: World, statement: str) -> dict[str, Any]:
    """The one row there is."""
    (found,) = await rows(world.services.database, statement)
    return found


async def test_an_owner_that_was_left_out_keeps_its_rows_and_its_age_stands_still(
    world: World,
) -> None:
    """R4: the others are renewed and retracted as if nothing were missing."""
    account = await linked(world, "github")
    owner, name = await acme(world, account)
    whole = await listed(world, account)
    others = tuple(one for one in whole.repositories if one.owner_id != owner)
    stored = await rows(world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY 3')

    await grow_old(world, 60)
    assert await apply(world, account, Listing(others, complete=True, gaps=frozenset({owner}))) is (
        RunState.SUCCEEDED
    )
    assert await reason(world, account, name) is Reason.GRANT
    after = await rows(world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY 3')
    assert [one["repository_id"] for one in after] == [one["repository_id"] for one in stored]

    await grow_old(world, 13)
    assert await reason(world, account, name) is Reason.EVIDENCE_TOO_OLD
    assert await reason(world, account, others[0].full_name) is Reason.GRANT

    assert await apply(world, account, whole) is RunState.SUCCEEDED
    assert await reason(world, account, name) is Reason.GRANT
    assert await rows(world.services.database, "SELECT * FROM account_gap") == []


async def test_a_gap_that_stays_keeps_the_age_of_its_beginning_and_writes_nothing(
    world: World,
) -> None:
    account = await linked(world, "github")
    owner, _ = await acme(world, account)
    whole = await listed(world, account)
    others = tuple(one for one in whole.repositories if one.owner_id != owner)
    gap = Listing(others, complete=True, gaps=frozenset({owner}))
    await apply(world, account, gap)
    before = await rows(
        world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY repository_id'
    )
    opened = await only_row(world, "SELECT xmin::text, * FROM account_gap")

    for listing in (gap, replace(gap, repositories=gap.repositories[::-1])):
        await apply(world, account, listing)

    assert await only_row(world, "SELECT xmin::text, * FROM account_gap") == opened
    assert before == await rows(
        world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY repository_id'
    )


async def left_out(world: World, account: Account) -> tuple[LeftOut, ...]:
    """What everybody who looks at the account is told of its gaps."""
    (shown,) = (await list_accounts(world.services, user_id=account.user_id)).items
    return shown.left_out


async def test_people_are_told_by_name_who_was_left_out_and_whether_they_can_mend_it(
    world: World,
) -> None:
    account = await linked(world, "github")
    owner, _ = await acme(world, account)
    whole = await listed(world, account)
    waits = replace(whole, gaps=frozenset({owner, "404"}), to_approve=frozenset({owner}))
    await apply(world, account, waits)
    unknown = LeftOut("404", None, to_approve=False)
    assert set(await left_out(world, account)) == {LeftOut(owner, OWNER, to_approve=True), unknown}

    await apply(world, account, replace(waits, to_approve=frozenset()))
    refused = LeftOut(owner, OWNER, to_approve=False)
    assert set(await left_out(world, account)) == {refused, unknown}

    await apply(world, account, whole)
    assert await left_out(world, account) == ()


async def test_a_link_that_works_no_more_names_nobody_who_was_left_out(world: World) -> None:
    account = await linked(world, "github")
    gap = replace(await listed(world, account), gaps=frozenset({"404"}))
    await apply(world, account, gap)
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    assert await left_out(world, account) == ()


async def test_a_row_missed_after_a_gap_keeps_the_age_of_the_gap(world: World) -> None:
    """R3: the first no leaves the age that the row had, which was not the listing's."""
    account = await linked(world, "github")
    owner, name = await acme(world, account)
    whole = await listed(world, account)
    others = tuple(one for one in whole.repositories if one.owner_id != owner)
    await grow_old(world, 70)
    await apply(world, account, Listing(others, complete=True, gaps=frozenset({owner})))
    assert await reason(world, account, name) is Reason.GRANT

    await apply(world, account, Listing(others, complete=True))
    await grow_old(world, 3)

    assert await reason(world, account, name) is Reason.EVIDENCE_TOO_OLD


async def test_a_large_drop_is_held_until_a_second_listing_says_the_same(world: World) -> None:
    """R6: additions count, no age moves, and the look comes at once."""
    account = await linked(world)
    services = replace(world.services, fold_above=2)
    small = replace(world, services=services)
    before = await granted(world, account)
    listed_at = await column(world.services.database, "SELECT listed_at FROM account")
    new = world.host(account.host).add_repository("platform/brand-new")
    world.host(account.host).grant("ada", new.id)
    whole = await listed(world, account)
    await empty_queue(world.services.database)
    only = Listing(
        tuple(one for one in whole.repositories if one.external_id == str(new.id)), complete=True
    )

    assert await apply(small, account, only) is RunState.PARTIAL
    assert await granted(world, account) == before | {new.full_name}
    assert await column(world.services.database, "SELECT listed_at FROM account") == listed_at
    assert await column(world.services.database, "SELECT held_at IS NULL FROM account") == [False]
    assert (await last_run(world, account))["failure"] == "held"
    assert await queued(world.services.database) == {"sync_account"}
    missed = await column(world.services.database, 'SELECT count(*) FROM "grant" WHERE missed')
    assert missed == [0]

    assert await apply(small, account, only) is RunState.SUCCEEDED
    assert await granted(world, account) == {new.full_name}
    assert await column(world.services.database, "SELECT held_at FROM account") == [None]


async def test_a_drop_that_the_next_listing_does_not_confirm_costs_nobody_anything(
    world: World,
) -> None:
    account = await linked(world)
    small = replace(world, services=replace(world.services, fold_above=2))
    before = await rows(
        world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY repository_id'
    )

    await apply(small, account, Listing((), complete=True))
    sockets = len(world.host(account.host).log.records)
    assert await sync(small, account) is RunState.SUCCEEDED

    assert len(world.host(account.host).log.records) > sockets
    assert before == await rows(
        world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY repository_id'
    )
    assert await column(world.services.database, "SELECT held_at FROM account") == [None]


async def test_a_partial_listing_does_not_confirm_a_held_one(world: World) -> None:
    account = await linked(world)
    small = replace(world, services=replace(world.services, fold_above=2))
    before = await granted(world, account)

    await apply(small, account, Listing((), complete=True))
    assert await apply(small, account, Listing((), complete=False)) is RunState.PARTIAL

    assert await granted(world, account) == before
    assert await column(world.services.database, "SELECT held_at IS NULL FROM account") == [False]


async def test_who_writes_while_an_unchanged_listing_is_applied_has_the_next_one_read_whole(
    world: World,
) -> None:
    """Another writer clears the digest between the look at it and the lock on the account."""
    account = await linked(world)
    run = await claimed(world, account)
    saw = await listed(world, account)
    stands = "SELECT listing_digest IS NOT NULL FROM account"
    assert await column(world.services.database, stands) == [True]

    async with world.services.database.begin() as connection:
        await connection.execute(text("UPDATE account SET listing_digest = NULL"))
        applying = asyncio.create_task(apply_listing(world.services, run, saw, requests=1))
        while not await column(world.services.database, LOCKED_OUT):
            assert not applying.done()

    applied = await applying
    assert applied is not None
    assert applied.state is RunState.SUCCEEDED
    assert await column(world.services.database, stands) == [False]
