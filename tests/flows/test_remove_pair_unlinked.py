"""A notice about somebody who is not linked here takes what a connection's list says of them."""

from permsync.flows.remove_pair import remove_pair
from tests.flows.scenes import empty_queue, queued, told
from tests.flows.test_remove_pair import now
from tests.flows.test_sync_repository import believed, connected, list_one, one_of
from tests.world import World


async def test_who_is_not_linked_leaves_a_list_of_readers_at_once_and_it_is_read_again(
    world: World,
) -> None:
    world = await connected(world)
    one = one_of(world)
    await list_one(world, one)
    before = await believed(world, one)
    assert "grace" in before
    await empty_queue(world.services.database)

    await told(
        world,
        remove_pair,
        host="gitlab",
        external_id=str(world.host("gitlab").accounts["grace"].id),
        repository=str(one.id),
        at=await now(world),
    )

    assert await believed(world, one) == before - {"grace"}
    assert await queued(world.services.database) == {"sync_repository"}
