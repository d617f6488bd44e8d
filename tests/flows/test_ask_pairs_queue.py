"""
What asking and listing leave to be asked: as much as nobody answered, and nothing for nothing.

This module must not know how an answer is judged.
"""

from tests.flows.scenes import column, empty_queue, granted, queued, rows, sync
from tests.flows.test_apply_listing import linked
from tests.flows.test_ask_pairs import WAITING, ask, private, want
from tests.world import World

COUNTED = "SELECT asked_pairs FROM account"


async def test_once_every_ask_is_answered_nobody_comes_back(world: World) -> None:
    """A job that queues itself for nothing would go round for ever, before all other work."""
    account = await linked(world)
    await want(world, account, private(world, account.host).full_name)
    await empty_queue(world.services.database)

    assert await ask(world, account) == 1
    assert await queued(world.services.database) == set()

    await want(world, account, private(world, account.host).full_name)
    await empty_queue(world.services.database)
    await rows(world.services.database, "UPDATE ask SET due_at = due_at + interval '1 hour'")
    assert await ask(world, account) == 0
    assert await queued(world.services.database) == {"ask_account"}


async def test_an_unchanged_listing_answers_what_was_to_be_asked(world: World) -> None:
    """I12: it is counted since the last listing, whatever that one changed."""
    account = await linked(world)
    await sync(world, account)
    await want(world, account, private(world, account.host).full_name)
    before = await column(world.services.database, "SELECT listing_digest FROM account")

    await sync(world, account)

    assert before == await column(world.services.database, "SELECT listing_digest FROM account")
    assert await column(world.services.database, COUNTED) == [0]
    assert await column(world.services.database, WAITING) == [0]


async def test_what_is_due_after_a_listing_began_counts_on(world: World) -> None:
    account = await linked(world)
    first, second = sorted(await granted(world, account))[:2]
    await want(world, account, first, second)
    await rows(
        world.services.database,
        "UPDATE ask SET due_at = due_at + interval '1 hour' FROM repository"
        " WHERE repository.id = repository_id AND full_name = :name",
        name=first,
    )
    await sync(world, account)
    assert await column(world.services.database, WAITING) == [1]
    assert await column(world.services.database, COUNTED) == [1]


async def test_what_a_listing_left_out_is_asked_about_still(world: World) -> None:
    """R9: a pair that a notice took is asked about, though its owner is a gap meanwhile."""
    account = await linked(world, "bitbucket")
    one = private(world, "bitbucket")
    world.host("bitbucket").faults.forbidden_namespaces = [one.owner]
    await want(world, account, one.full_name)

    await sync(world, account)

    assert await column(world.services.database, WAITING) == [1]
    assert await column(world.services.database, COUNTED) == [1]


async def test_a_host_that_vouches_for_the_last_listing_answers_it_too(world: World) -> None:
    account = await linked(world, "github")
    await want(world, account, private(world, "github").full_name)
    asked = len(world.host("github").log.records)

    await sync(world, account)

    records = list(world.host("github").log.records)[asked:]
    assert {one.status for one in records} == {304}
    assert await column(world.services.database, WAITING) == [0]
    assert await column(world.services.database, COUNTED) == [0]
