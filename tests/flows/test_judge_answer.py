"""
Answers that lay stored since their process died: judged once, whatever else happened since.

A trigger keeps tokens from being written as such, so they are stored as they came. This module
must not know what an answer means.
"""

import pytest
from sqlalchemy.exc import DBAPIError

from permsync.flows.judge_answer import judge_answer
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.model import Account, AccountState
from permsync.rules.refresh.claim import Judge
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil, with_rotation
from tests.flows.test_refresh_protocol import DUE_NOW, OUTCOMES
from tests.world import World

REFUSAL = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'no new tokens'; END $$"
)
REFUSED = (
    "CREATE TRIGGER refuse BEFORE UPDATE OF access_sealed ON account"
    " FOR EACH ROW EXECUTE FUNCTION refuse()"
)
OVERDUE = "UPDATE refresh_attempt SET lease_until = clock_timestamp() WHERE state <> 'closed'"


async def stage(world: World, account: Account) -> int:
    """Refresh, and have the answer stored as it came; returns its attempt."""
    for statement in (REFUSAL, REFUSED):
        await rows(world.services.database, statement)
    with pytest.raises(DBAPIError, match="no new tokens"):
        await refresh_account(world.services, account.id)
    await rows(world.services.database, "DROP TRIGGER refuse ON account")
    await rows(world.services.database, OVERDUE)
    staged = "SELECT id FROM refresh_attempt WHERE state = 'staged'"
    (attempt_id,) = await column(world.services.database, staged)
    return int(attempt_id)


async def test_an_answer_is_judged_once(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    attempt_id = await stage(world, account)
    for _ in range(2):
        holding = await load_holding(world.services, account.id)
        await judge_answer(world.services, holding, attempt_id)

    assert (await read(world, account)).token_version == 2
    assert await column(world.services.database, OUTCOMES) == ["adopted"]


async def test_the_answer_to_a_kept_token_is_adopted_too(world: World) -> None:
    """The old token of a grace window was presented, because the host refused the newer one."""
    here = with_rotation(world, "grace", "grace")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    await refresh_account(here.services, account.id)
    spoil(here, "gitlab", "token", "rejection", times=4)
    for _ in range(4):
        await rows(here.services.database, DUE_NOW)
        await refresh_account(here.services, account.id)
    await rows(here.services.database, DUE_NOW)
    await stage(here, account)
    sent = refreshes(here, "gitlab")

    assert isinstance(await refresh_account(here.services, account.id), Judge)

    assert refreshes(here, "gitlab") == sent
    now = await read(here, account)
    assert (now.state, now.token_version) == (AccountState.ACTIVE, 3)


@pytest.mark.parametrize("since", ["moved on", "candidate gone"])
async def test_an_answer_whose_presented_token_nobody_knows_is_adopted_all_the_same(
    world: World, since: str
) -> None:
    """The old token would only be needed where the answer brought no new one."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    attempt_id = await stage(world, account)
    holding = await load_holding(world.services, account.id)
    if since == "candidate gone":
        await rows(world.services.database, "UPDATE refresh_attempt SET candidate = id")
    else:
        await rows(world.services.database, "UPDATE account SET refresh_sealed = NULL")
        holding = await load_holding(world.services, account.id)

    await judge_answer(world.services, holding, attempt_id)

    now = await load_holding(world.services, account.id)
    assert (now.account.token_version, now.refresh is not None) == (2, True)
    assert refreshes(world, "gitlab") == 1
