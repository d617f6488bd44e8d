"""
Questions about pairs that cannot be put, because there is no token to put them with.

No token is no verdict (EVIDENCE R7): what is stored stays, and a pair in doubt is asked again.
"""

import pytest

from permsync.codehost import PairAnswer
from permsync.flows.apply_ask import apply_ask
from permsync.model import Account, AccountState, Reason
from permsync.rules.asks import AskAgain
from permsync.store.asks import WantedAsk
from tests.flows.scenes import column, expire, read, reason, spoil, sync
from tests.flows.test_apply_listing import linked
from tests.flows.test_ask_pairs import MISSED, ask, lose, private, want
from tests.world import World

AGAIN = "SELECT count(*) FROM ask WHERE failures = 1 AND due_at > wanted_at"


async def in_doubt(world: World) -> tuple[Account, str]:
    """An account whose last listing missed a pair, and the name of that repository."""
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)
    await sync(world, account)
    return account, one.full_name


@pytest.mark.parametrize("moment", ["before the first question", "in the middle"])
async def test_without_a_token_a_pair_in_doubt_stays_and_is_asked_about_again(
    world: World, moment: str
) -> None:
    account, name = await in_doubt(world)
    doubtful = await column(world.services.database, MISSED)
    spoil(world, account.host, "token", "502", times=100)
    if moment == "in the middle":
        spoil(world, account.host, "api", "unauthorized", match="id_after")
    else:
        await expire(world, account)

    assert await ask(world, account) == (moment == "in the middle")

    assert await column(world.services.database, MISSED) == doubtful
    assert await column(world.services.database, AGAIN) == doubtful
    assert await reason(world, account, name) is Reason.GRANT
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_an_answer_from_before_the_last_listing_is_not_believed_but_asked_for_again(
    world: World,
) -> None:
    account = await linked(world)
    before = (await read(world, account)).listed_at
    assert before is not None
    one = private(world, account.host)
    await want(world, account, one.full_name)
    wanted = "SELECT repository_id FROM ask WHERE due_at <= clock_timestamp()"
    (repository_id,) = await column(world.services.database, wanted)

    ruling = await apply_ask(
        world.services,
        WantedAsk(account.id, repository_id, failures=0),
        PairAnswer(None),
        link_id=account.link_id,
        asked_at=before,
    )

    listed_to = (await read(world, account)).listed_to
    assert listed_to is not None
    assert ruling == AskAgain(earliest_at=listed_to)
    assert await reason(world, account, one.full_name) is Reason.GRANT
    assert await column(world.services.database, wanted) == [repository_id]
