"""
Single pairs asked about with the person's own token: what a yes, a no and no word change.

Each test is a rule of EVIDENCE (R7, R8, R6) as its users would see it break, on the real
database and the simulated hosts. This module must not know how an answer is judged.
"""

from dataclasses import replace

import pytest

from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.tidy import tidy
from permsync.flows.want_asks import want_asks
from permsync.model import Account, AccountState, Reason, Source, Trigger
from permsync.simulator.repositories import Repository
from permsync.store.pairs import Pair
from tests.flows.scenes import (
    column,
    empty_queue,
    granted,
    queued,
    read,
    reason,
    rows,
    spoil,
    sync,
)
from tests.flows.test_apply_listing import linked
from tests.world import KINDS, World

MISSED = 'SELECT count(*) FROM "grant" WHERE missed'
WAITING = "SELECT count(*) FROM ask"


def private(world: World, host: str) -> Repository:
    """A private repository that Ada may read."""
    return next(one for one in world.host(host).memberships("ada") if one.visibility == "private")


def lose(world: World, account: Account, one: Repository) -> None:
    """Take it from Ada at the host."""
    world.host(account.host).leave("ada", namespace=one.owner)
    world.host(account.host).revoke("ada", one.id)


async def want(world: World, account: Account, *names: str) -> None:
    """Have these repositories of the account asked about now."""
    ids = await column(
        world.services.database,
        "SELECT id FROM repository WHERE full_name = ANY (CAST(:names AS text[]))",
        names=list(names),
    )
    assert len(ids) == len(names)
    async with world.services.database.begin() as connection:
        pairs = [Pair(account.id, id_, Source.ACCOUNT_LISTING) for id_ in ids]
        await want_asks(world.services, connection, pairs)


async def ask(world: World, account: Account) -> int:
    """Do the job that asks."""
    return await ask_pairs(world.services, account.id, Trigger.CONFIRM)


@pytest.mark.parametrize("host", KINDS)
async def test_a_no_takes_the_pair_at_once_and_a_yes_gives_it_back(world: World, host: str) -> None:
    account = await linked(world, host)
    one = private(world, host)
    space = world.host(host).namespaces[one.owner].members.get("ada")
    direct = one.members.get("ada")
    lose(world, account, one)
    await want(world, account, one.full_name)

    assert await ask(world, account) == 1
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, WAITING) == [0]

    if space is not None:
        world.host(host).join("ada", namespace=one.owner, level=space)
    if direct is not None:
        world.host(host).grant("ada", one.id, level=direct)
    await want(world, account, one.full_name)
    await ask(world, account)
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_a_first_no_of_a_listing_is_settled_by_its_ask(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)

    await sync(world, account)
    assert await reason(world, account, one.full_name) is Reason.GRANT
    (missed,) = await column(world.services.database, MISSED)
    await ask(world, account)

    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, MISSED) == [0]
    told = await rows(
        world.services.database, "SELECT id, removed FROM run ORDER BY id DESC LIMIT 1"
    )
    assert told[0]["removed"] == missed > 0
    caused = "SELECT run_id FROM change ORDER BY revision DESC, ordinal DESC LIMIT 1"
    assert await column(world.services.database, caused) == [told[0]["id"]]


async def test_an_ask_that_says_yes_takes_a_miss_back_and_the_next_listing_writes_nothing(
    world: World,
) -> None:
    """I8: asked before or not."""
    account = await linked(world)
    one = private(world, account.host)
    await rows(
        world.services.database,
        'UPDATE "grant" SET missed = true, as_of = clock_timestamp() FROM repository'
        " WHERE repository.id = repository_id AND full_name = :name",
        name=one.full_name,
    )
    await want(world, account, one.full_name)
    await ask(world, account)
    assert await column(world.services.database, MISSED) == [0]

    before = await rows(world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY 3')
    await sync(world, account)
    after = await rows(world.services.database, 'SELECT xmin::text, * FROM "grant" ORDER BY 3')
    assert after == before


async def test_after_a_no_nothing_that_began_before_brings_the_pair_back(world: World) -> None:
    """I2: the listing saw the pair, but it began before the last no."""
    from permsync.flows.apply_listing import apply_listing  # noqa: PLC0415
    from tests.flows.test_apply_listing import claimed, listed  # noqa: PLC0415

    account = await linked(world)
    one = private(world, account.host)
    older = await claimed(world, account)
    saw = await listed(world, account)
    lose(world, account, one)
    await want(world, account, one.full_name)
    await ask(world, account)
    assert one.full_name not in await granted(world, account)

    assert await apply_listing(world.services, older, saw, requests=1) is not None
    assert one.full_name not in await granted(world, account)
    assert await column(world.services.database, WAITING) == [1]
    await ask(world, account)
    assert one.full_name not in await granted(world, account)
    assert await column(world.services.database, WAITING) == [0]


async def test_without_a_word_nothing_changes_and_a_doubtful_pair_is_asked_again(
    world: World,
) -> None:
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)
    await sync(world, account)
    doubtful = await column(world.services.database, MISSED)
    spoil(world, account.host, "api", "502", match="id_after", times=100)

    assert await ask(world, account) == 1  # the others would meet the same outage

    assert await column(world.services.database, MISSED) == doubtful
    later = "SELECT count(*) FROM ask WHERE failures = 1 AND due_at > wanted_at"
    assert await column(world.services.database, later) == doubtful
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_without_a_word_about_a_pair_that_nobody_doubts_the_next_listing_decides(
    world: World,
) -> None:
    account = await linked(world)
    one = private(world, account.host)
    await want(world, account, one.full_name)
    spoil(world, account.host, "api", "502", match="id_after", times=100)

    await ask(world, account)

    assert await column(world.services.database, WAITING) == [0]
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_a_token_of_somebody_else_answers_for_nobody(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)
    world.host(account.host).accounts["ada"].id += 1
    await want(world, account, one.full_name)

    assert await ask(world, account) == 0

    assert (await read(world, account)).state is AccountState.NEEDS_REAUTH
    assert one.full_name in await granted(world, account)


async def test_a_blocked_account_ends_access_whoever_asked(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)
    world.host(account.host).set_account_state("ada", "blocked")
    await want(world, account, one.full_name)

    await ask(world, account)

    assert (await read(world, account)).state is AccountState.DISABLED_AT_HOST


async def test_an_account_whose_access_ended_is_not_asked(world: World) -> None:
    account = await linked(world)
    await want(world, account, private(world, account.host).full_name)
    await rows(world.services.database, "UPDATE account SET state = 'needs_reauth'")

    assert await ask(world, account) == 0
    assert await column(world.services.database, WAITING) == [0]


async def test_when_a_source_lets_go_of_a_pair_only_the_other_one_that_holds_it_is_asked(
    world: World,
) -> None:
    """R8: sources never decide for each other; without a connection nobody can be asked."""
    account = await linked(world)
    one = private(world, account.host)
    await rows(
        world.services.database,
        'INSERT INTO "grant" (account_id, repository_id, source, level, as_of)'
        " SELECT :account, id, 'repo_listing', 'read', clock_timestamp() FROM repository"
        " WHERE full_name = :name",
        account=account.id,
        name=one.full_name,
    )
    await rows(
        world.services.database,
        "UPDATE repository SET sync_due_at = clock_timestamp() + interval '1 day'"
        " WHERE full_name = :name",
        name=one.full_name,
    )
    await empty_queue(world.services.database)
    lose(world, account, one)
    await want(world, account, one.full_name)
    await ask(world, account)

    assert await reason(world, account, one.full_name) is Reason.GRANT
    sources = await column(
        world.services.database,
        'SELECT source FROM "grant" JOIN repository ON repository.id = repository_id'
        " WHERE full_name = :name",
        name=one.full_name,
    )
    assert sources == ["repo_listing"]
    assert "sync_repository" in await queued(world.services.database)


async def test_more_asks_than_a_listing_is_worth_become_one_listing(world: World) -> None:
    """I12: counted since the last listing, however they came."""
    account = await linked(world)
    small = replace(world, services=replace(world.services, fold_above=2))
    names = sorted(await granted(world, account))[:3]
    await empty_queue(world.services.database)

    await want(small, account, *names[:2])
    assert await queued(world.services.database) == {"ask_account"}
    await ask(small, account)
    await want(small, account, names[2])

    assert await queued(world.services.database) == {"ask_account", "sync_account"}
    assert await column(world.services.database, WAITING) == [0]
    await sync(small, account)
    assert await column(world.services.database, "SELECT asked_pairs FROM account") == [0]


async def test_a_fence_is_swept_once_nothing_can_run_into_it(world: World) -> None:
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)
    await want(world, account, one.full_name)
    await ask(world, account)
    fences = "SELECT count(*) FROM fence"

    await tidy(world.services)
    assert await column(world.services.database, fences) == [1]
    await rows(world.services.database, "UPDATE fence SET at = at - interval '1 day'")
    await rows(
        world.services.database,
        "INSERT INTO run (account_id, trigger, state, started_at)"
        " VALUES (:id, 'schedule', 'running', clock_timestamp() - interval '2 days')",
        id=account.id,
    )
    await tidy(world.services)
    assert await column(world.services.database, fences) == [1]
    await rows(world.services.database, "UPDATE run SET state = 'abandoned'")
    await tidy(world.services)
    assert await column(world.services.database, fences) == [0]
