"""
The protocol on the real database against the simulator: what is kept, revived and judged.

Each test is one fault of REFRESH 3 and its end. What the rules alone decide is tested in
``tests/rules/refresh``; these tests must not repeat it.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from permsync.errors import TokenUnavailableError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.model import Account, AccountReason, AccountState, RunState
from permsync.rules.refresh.claim import Judge
from permsync.simulator.faults import Shape
from tests.flows.faulty_doors import FaultyTransport
from tests.flows.scenes import (
    column,
    elsewhere,
    expire,
    read,
    refreshes,
    rows,
    spoil,
    sync,
    with_rotation,
)
from tests.world import World

OUTCOMES = "SELECT outcome FROM refresh_attempt ORDER BY id"
DUE_NOW = "UPDATE account SET refresh_try_at = NULL, refresh_due_at = clock_timestamp()"


async def refuse(world: World, account: Account, times: int) -> None:
    """Let the host refuse that many refreshes, each as soon as it is due."""
    spoil(world, account.host, "token", "rejection", times=times)
    for _ in range(times):
        await rows(world.services.database, DUE_NOW)
        await refresh_account(world.services, account.id)


# What a success without tokens may look like.
USELESS = ["html", "empty", "empty_object"]


@pytest.mark.parametrize("shape", USELESS)
async def test_i5_a_success_without_tokens_is_stored_before_it_is_judged(
    world: World, shape: Shape
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", shape)

    await refresh_account(world.services, account.id)

    kept = "SELECT outcome || ' ' || (answer_sealed IS NOT NULL) FROM refresh_attempt"
    assert await column(world.services.database, kept) == ["maybe_consumed true"]
    now = await read(world, account)
    assert (now.state, now.token_version) == (AccountState.ACTIVE, 1)


async def test_an_answer_whose_process_died_before_it_was_judged_is_adopted_without_a_call(
    world: World,
) -> None:
    """The tokens arrived, could not be written as such, and were stored as they came."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    database = world.services.database
    await rows(
        database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no new tokens'; END $$",
    )
    await rows(
        database,
        "CREATE TRIGGER refuse BEFORE UPDATE OF access_sealed ON account"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    with pytest.raises(DBAPIError, match="no new tokens"):
        await refresh_account(world.services, account.id)
    assert await column(database, "SELECT state FROM refresh_attempt") == ["staged"]
    await rows(database, "DROP TRIGGER refuse ON account")
    await rows(database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")

    plan = await refresh_account(world.services, account.id)

    assert isinstance(plan, Judge)
    assert refreshes(world, "gitlab") == 1
    assert (await read(world, account)).token_version == 2
    assert await sync(world, account) is RunState.SUCCEEDED
    assert await column(database, OUTCOMES) == ["adopted"]


async def test_late_tokens_of_an_older_version_are_kept_and_save_the_account(world: World) -> None:
    """A host with a grace window where the newest answer wins: ours was the older one."""
    here = with_rotation(world, "grace", "grace_newest_wins")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    door = FaultyTransport(here.services.transport, orders=["late"])
    slow = asyncio.create_task(refresh_account(elsewhere(here.services, door), account.id))
    await door.arrived.wait()
    await rows(here.services.database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")
    await refresh_account(here.services, account.id)
    door.released.set()
    await slow

    assert await column(here.services.database, OUTCOMES) == ["kept", "adopted"]
    kept = "SELECT for_version FROM refresh_candidate ORDER BY attempt_id"
    assert await column(here.services.database, kept) == [1, 1]


async def test_an_account_that_was_given_up_is_revived_by_late_tokens(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["late"])
    slow = asyncio.create_task(refresh_account(elsewhere(world.services, door), account.id))
    await door.arrived.wait()
    await rows(
        world.services.database,
        "UPDATE account SET state = 'needs_reauth', reason = 'rotation_lost',"
        " ended_at = clock_timestamp(), ended_reason = 'rotation_lost', sync_due_at = NULL",
    )
    door.released.set()
    await slow

    revived = await read(world, account)
    assert (revived.state, revived.reason) == (AccountState.ACTIVE, None)
    assert revived.ended_at is None
    assert await sync(world, account) is RunState.SUCCEEDED
    actions = "SELECT action FROM audit_event WHERE actor = 'permsync' ORDER BY id"
    assert await column(world.services.database, actions) == ["account_healed"]


async def test_late_tokens_of_an_account_that_was_unlinked_are_handed_to_the_outbox(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    door = FaultyTransport(world.services.transport, orders=["late"])
    slow = asyncio.create_task(refresh_account(elsewhere(world.services, door), account.id))
    await door.arrived.wait()
    again = await world.link("ada", "gitlab")
    door.released.set()
    await slow

    assert await read(world, account) == again
    links = "SELECT link_id::text FROM revocation ORDER BY id"
    assert set(await column(world.services.database, links)) == {account.link_id}


async def test_on_a_grace_host_the_old_token_saves_an_account_whose_new_one_is_dead(
    world: World,
) -> None:
    here = with_rotation(world, "grace", "grace")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    await refresh_account(here.services, account.id)
    newest = max(here.host("gitlab").tokens.pairs.values(), key=lambda pair: pair.number)
    newest.revoke()

    for _ in range(5):  # refused, repeated three times, and then the candidate
        await rows(here.services.database, DUE_NOW)
        await refresh_account(here.services, account.id)

    assert (await read(here, account)).state is AccountState.ACTIVE
    outcomes = await column(here.services.database, OUTCOMES)
    assert outcomes == ["adopted", *["rejected"] * 4, "adopted"]
    assert await sync(here, account) is RunState.SUCCEEDED


async def test_k_spurious_refusals_cost_nothing_but_time(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await refuse(world, account, times=3)
    assert (await read(world, account)).state is AccountState.SUSPECT
    await rows(world.services.database, DUE_NOW)

    await refresh_account(world.services, account.id)

    now = await read(world, account)
    assert (now.state, now.token_version) == (AccountState.ACTIVE, 2)
    assert 'permsync_rejections_survived_total{host="gitlab"} 3.0' in (
        world.services.metrics.render().decode()
    )


async def test_a_suspect_that_the_api_refuses_too_loses_access_at_once_and_gets_it_back(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "rejection", times=2)
    await rows(
        world.services.database,
        "UPDATE account SET access_expires_at = clock_timestamp() + interval '1 hour',"
        " issued_at = clock_timestamp() - interval '1 hour'",
    )

    assert await sync(world, account) is RunState.FAILED
    ended = await read(world, account)
    assert (ended.state, ended.reason) == (
        AccountState.NEEDS_REAUTH,
        AccountReason.CREDENTIAL_REJECTED,
    )
    for _ in range(2):
        await rows(world.services.database, DUE_NOW)
        await refresh_account(world.services, account.id)

    restored = await read(world, account)
    assert (restored.state, restored.reason) == (AccountState.ACTIVE, None)
    assert await sync(world, account) is RunState.SUCCEEDED


async def test_a_family_is_presented_again_only_after_its_access_token_ended(
    world: World,
) -> None:
    here = with_rotation(world, "family", "family")
    account = await here.link("ada", "gitlab")
    spoil(here, "gitlab", "token", "hang", seconds=3.0)
    short = replace(
        here.services.durations, refresh_deadline=here.services.durations.refresh_settle
    )
    hurried = replace(here.services, durations=short)
    await refresh_account(hurried, account.id)
    await rows(here.services.database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")

    await sweep_attempts(here.services)
    token = await fresh_token(here.services, account.id)

    assert token.version == 1
    posted = refreshes(here, "gitlab")
    await expire(here, account)
    assert (await fresh_token(here.services, account.id)).version == 2
    assert refreshes(here, "gitlab") == posted + 1


async def test_a_metric_names_the_accounts_that_were_lost(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(world.services.database, "UPDATE account SET rejections = 3, state = 'suspect'")
    spoil(world, "gitlab", "token", "502")
    await refresh_account(world.services, account.id)
    spoil(world, "gitlab", "token", "rejection")
    await rows(world.services.database, DUE_NOW)

    await refresh_account(world.services, account.id)

    assert (await read(world, account)).reason is AccountReason.ROTATION_LOST
    with suppress(TokenUnavailableError):
        await fresh_token(world.services, account.id)
    assert 'permsync_rotation_lost_total{host="gitlab"} 1.0' in (
        world.services.metrics.render().decode()
    )
