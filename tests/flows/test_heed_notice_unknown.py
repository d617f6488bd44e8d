"""
Webhooks about what is not known here: nothing follows, unless a listing may still bring it.

This module must not know how a delivery is proved.
"""

import pytest

from tests.flows.scenes import empty_queue
from tests.flows.test_apply_listing import claimed, linked
from tests.flows.test_heed_notice import listed_later
from tests.webhooks import gitlab, hooked, jobs, waiting
from tests.webhooks import heed as deliver
from tests.world import World


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
