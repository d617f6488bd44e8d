"""
A disabled person's tokens rest: nobody is given one, and none is presented to a host.

What the host committed meanwhile is not lost: enabled again, the account goes on where it
was. That decisions deny at once is in ``tests/web/api/test_users.py``.
"""

import pytest

from permsync.errors import TokenUnavailableError
from permsync.flows.disable_user import disable_user
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_ahead import refresh_ahead
from permsync.flows.refresh_due import refresh_due
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.model import Account, AccountState, RunState
from permsync.rules.refresh.claim import Withheld
from tests.flows.scenes import (
    age_to_stale,
    column,
    empty_queue,
    expire,
    last_run,
    queued,
    read,
    refreshes,
    rows,
    sync,
)
from tests.flows.test_sweep_attempts import lose_an_answer, sweep_until_settled
from tests.world import World

OVERDUE = "UPDATE refresh_attempt SET lease_until = clock_timestamp() - interval '1 hour'"


async def turn(world: World, account: Account, *, disabled: bool) -> None:
    await disable_user(world.services, account.user_id, disabled=disabled, actor="test")


async def reason(world: World, account: Account) -> str:
    """Why no token is given; time would not help."""
    with pytest.raises(TokenUnavailableError) as caught:
        await fresh_token(world.services, account.id)
    assert caught.value.retry_in is None
    return caught.value.reason


async def test_neither_a_fresh_nor_a_stale_nor_an_expired_token_is_given(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await turn(world, account, disabled=True)
    assert await reason(world, account) == "user_disabled"
    await age_to_stale(world, account)
    assert await reason(world, account) == "user_disabled"
    assert await queued(world.services.database) <= {"sync_account"}
    await expire(world, account)
    assert await reason(world, account) == "user_disabled"
    assert refreshes(world, "gitlab") == 0
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_no_round_and_no_job_presents_a_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")
    await turn(world, account, disabled=True)

    assert await refresh_account(world.services, account.id) == Withheld()
    await refresh_ahead(world.services, account.id)
    await refresh_due(world.services)
    await sweep_attempts(world.services)

    assert refreshes(world, "gitlab") == 0


async def test_a_lost_answer_is_left_alone_and_asked_for_once_the_person_is_enabled(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").policy.rotation = "tolerant"
    await lose_an_answer(world, account)
    sent = refreshes(world, "gitlab")
    await rows(world.services.database, OVERDUE)
    await turn(world, account, disabled=True)

    assert await sweep_attempts(world.services) == 0
    assert refreshes(world, "gitlab") == sent
    await turn(world, account, disabled=False)

    now = await sweep_until_settled(world, account)
    assert now.state is AccountState.ACTIVE
    assert refreshes(world, "gitlab") == sent + 1


async def test_who_is_enabled_again_is_listed(world: World) -> None:
    """What was to be asked or listed meanwhile was dropped."""
    account = await world.link("ada", "gitlab")
    other = await world.link("ada", "github", user=await world.user("ada"))
    await turn(world, account, disabled=True)
    await rows(
        world.services.database,
        "UPDATE account SET state = 'needs_reauth' WHERE id = :id",
        id=other.id,
    )
    await empty_queue(world.services.database)

    await turn(world, account, disabled=False)

    waiting = await column(world.services.database, "SELECT dedupe_key FROM pgqueuer")
    assert waiting == [f"sync_account:{account.id}"]


async def test_who_is_disabled_during_a_sync_is_asked_for_no_further_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    # The run is claimed before, and needs its token after: as if it had waited in between.
    await rows(
        world.services.database,
        "CREATE FUNCTION disable_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        ' UPDATE "user" SET disabled_at = clock_timestamp(); RETURN NEW; END $$',
    )
    await rows(
        world.services.database,
        "CREATE TRIGGER disable_all AFTER INSERT ON run FOR EACH ROW"
        " EXECUTE FUNCTION disable_all()",
    )

    assert await sync(world, account) is RunState.FAILED

    assert (await last_run(world, account))["failure"] == "user_disabled"
    assert refreshes(world, "gitlab") == 0


async def test_a_refresh_on_its_way_ends_in_its_commit(world: World) -> None:
    """It was sent before; dropping its answer would lose the account (I5)."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(
        world.services.database,
        "CREATE FUNCTION disable_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        ' UPDATE "user" SET disabled_at = clock_timestamp(); RETURN NEW; END $$',
    )
    await rows(
        world.services.database,
        "CREATE TRIGGER disable_all AFTER INSERT ON refresh_attempt FOR EACH ROW"
        " EXECUTE FUNCTION disable_all()",
    )
    assert await reason(world, account) == "user_disabled"
    assert refreshes(world, "gitlab") == 1
    now = await read(world, account)
    assert (now.token_version, now.state) == (account.token_version + 1, AccountState.ACTIVE)
