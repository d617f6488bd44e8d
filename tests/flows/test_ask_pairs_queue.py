"""
What asking leaves in the queue: as much as is left to ask, and nothing for nothing.

This module must not know how an answer is judged.
"""

from tests.flows.scenes import empty_queue, queued, rows
from tests.flows.test_apply_listing import linked
from tests.flows.test_ask_pairs import ask, private, want
from tests.world import World


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
