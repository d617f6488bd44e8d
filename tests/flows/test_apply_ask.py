"""
Answers that come when the account has moved on: nothing is believed, no question is lost.

This module must not know how an answer is judged.
"""

from permsync.codehost import PairAnswer
from permsync.flows.apply_ask import apply_ask
from permsync.model import Reason
from permsync.store import accounts
from permsync.store.asks import WantedAsk
from tests.flows.scenes import column, reason
from tests.flows.test_apply_listing import linked
from tests.flows.test_ask_pairs import WAITING, private, want
from tests.world import World


async def test_an_answer_through_a_link_that_is_over_leaves_the_question_to_the_new_one(
    world: World,
) -> None:
    account = await linked(world)
    one = private(world, account.host)
    await want(world, account, one.full_name)
    (repository_id,) = await column(
        world.services.database, "SELECT repository_id FROM ask WHERE due_at <= now()"
    )
    ask = WantedAsk(account.id, repository_id, failures=0)
    asked_at = world.services.clock.now()
    over = accounts.new_link_id()

    assert (
        await apply_ask(world.services, ask, PairAnswer(None), link_id=over, asked_at=asked_at)
        is None
    )

    assert await reason(world, account, one.full_name) is Reason.GRANT
    assert await column(world.services.database, WAITING) == [1]
