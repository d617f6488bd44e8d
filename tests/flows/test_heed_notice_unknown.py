"""
Webhooks about what is not known here: nothing follows, unless a listing may still bring it.

This module must not know how a delivery is proved.
"""

from dataclasses import replace

import pytest

from permsync.flows.apply_listing import apply_listing
from permsync.flows.deps import ConfiguredConnection
from permsync.flows.discover_repositories import DISCOVER
from permsync.flows.drop_repository import drop_repository
from permsync.store import queue
from tests.flows.scenes import column, empty_queue, granted, told
from tests.flows.test_apply_listing import claimed, linked, listed
from tests.flows.test_ask_pairs import lose
from tests.flows.test_heed_notice import listed_later
from tests.flows.test_remove_pair import now, remove
from tests.store.queue_rows import claim
from tests.webhooks import gitlab, hooked, jobs, waiting
from tests.webhooks import heed as deliver
from tests.world import World

AGAIN = "SELECT headers->>'again' IS NOT NULL FROM pgqueuer WHERE entrypoint = :name"


async def test_people_and_repositories_that_nobody_knows_lead_to_nothing(world: World) -> None:
    world = hooked(world)
    for event in ("user_remove_from_team", "user_add_to_team", "project_destroy", "user_rename"):
        await deliver(world, gitlab(event, {"user_id": 1, "project_id": 2}))
    await deliver(
        world, gitlab("project_update", {"project_id": 2, "project_visibility": "private"})
    )
    assert await waiting(world) == 0
    assert await jobs(world) == set()


@pytest.mark.parametrize(
    ("event", "about"),
    [("project_destroy", {}), ("project_update", {"project_visibility": "private"})],
)
async def test_what_a_listing_under_way_may_still_bring_is_listed_again(
    world: World, event: str, about: dict[str, str]
) -> None:
    """The notice is about a repository that only that listing knows."""
    world = hooked(world)
    account = await linked(world)
    await linked(world, "github")
    await empty_queue(world.services.database)
    run = await claimed(world, account)
    await deliver(world, gitlab(event, {"project_id": 2, **about}))
    assert await listed_later(world) == [str(run.account.id)]


@pytest.mark.parametrize("connected", [True, False])
async def test_what_a_look_through_connections_may_still_bring_is_looked_for_again(
    world: World, connected: bool
) -> None:
    world = hooked(world)
    if connected:
        token = ConfiguredConnection("admin", "gitlab", frozenset({"*"}), "hush")
        world = replace(world, services=replace(world.services, connections=(token,)))
    database = world.services.database
    async with database.begin() as connection:
        await queue.enqueue_rounds(connection, [DISCOVER])
    await claim(database, DISCOVER)
    gone = {"project_id": 2, "project_visibility": "private"}
    await deliver(world, gitlab("project_update", gone))
    (again,) = await column(database, AGAIN, name=DISCOVER)
    assert again is connected


@pytest.mark.parametrize("ended", [False, True])
async def test_a_fence_stands_where_nobody_knew_the_repository(world: World, ended: bool) -> None:
    """I1: what was under way knows it, and brings neither a reader nor the pair."""
    account = await linked(world)
    host = world.host(account.host)
    new = host.add_repository("platform/never-seen", visibility="private")
    host.grant("ada", new.id)
    run = await claimed(world, account)
    saw = await listed(world, account)
    lose(world, account, new)

    if ended:
        gone = {"host": account.host, "repository": str(new.id), "gone": False}
        assert await told(world, drop_repository, **gone, at=await now(world)) == 0
    else:
        assert await remove(world, account, new, await now(world)) == 0
    await apply_listing(world.services, run, saw, requests=1)

    assert new.full_name in {one.full_name for one in saw.repositories}
    assert new.full_name not in await granted(world, account)
