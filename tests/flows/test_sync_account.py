"""
The story that permsync was made for, and what a sync is to the one who waits for it.

A token expires while nobody has a page open; the sync refreshes it. A refused refresh is
tried again, then ends access with a reason of ours; linking again gives it back.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from permsync.flows.disable_user import disable_user
from permsync.flows.sync_account import give_up_sync, sync_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import AccountReason, AccountState, Reason, RunState, Trigger
from permsync.telemetry import Metrics
from tests.flows.scenes import (
    column,
    everything_stored,
    expire,
    found_in,
    last_run,
    private_name,
    read,
    reason,
    refreshes,
    rows,
    sync,
)
from tests.flows.test_cancel_sync import until_running
from tests.world import KINDS, World


@pytest.mark.parametrize("host", KINDS)
async def test_what_a_host_lists_becomes_access(world: World, host: str) -> None:
    account = await world.link("ada", host)
    name = private_name(world, host)
    assert await reason(world, account, name) is Reason.UNKNOWN_REPOSITORY

    assert await sync_account(world.services, account.id, Trigger.LINKED) is RunState.SUCCEEDED

    assert await reason(world, account, name) is Reason.GRANT


@pytest.mark.parametrize("host", KINDS)
async def test_a_token_that_expired_between_visits_is_refreshed_by_the_sync(
    world: World, host: str
) -> None:
    account = await world.link("ada", host)
    await expire(world, account)

    assert await sync(world, account) is RunState.SUCCEEDED

    assert refreshes(world, host) == 1
    assert (await read(world, account)).state is AccountState.ACTIVE
    assert await reason(world, account, private_name(world, host)) is Reason.GRANT


async def sync_until_it_ends(world: World, account_id: int) -> list[str]:
    """Sync as the schedule would, each time the next try is due; what each run said."""
    said: list[str] = []
    for _ in range(8):
        await rows(
            world.services.database,
            "SELECT pg_sleep(greatest(0, extract(epoch FROM refresh_try_at - clock_timestamp())))"
            " FROM account WHERE id = :id",
            id=account_id,
        )
        if await sync_account(world.services, account_id, Trigger.SCHEDULE) is None:
            return said
        said += await column(
            world.services.database, "SELECT failure FROM run ORDER BY id DESC LIMIT 1"
        )
    raise AssertionError(said)


@pytest.mark.parametrize("host", KINDS)
async def test_a_refused_refresh_ends_access_in_our_words_and_a_new_link_heals_it(
    world: World, host: str
) -> None:
    name = private_name(world, host)
    account = await world.link("ada", host)
    await sync(world, account)
    await expire(world, account)
    world.host(host).faults.refuse_refreshes = True

    said = await sync_until_it_ends(world, account.id)

    assert said == ["refresh_refused_once"] * 3 + ["revoked_or_expired"]
    assert refreshes(world, host) == 4
    ended = await read(world, account)
    assert (ended.state, ended.reason) == (
        AccountState.NEEDS_REAUTH,
        AccountReason.REVOKED_OR_EXPIRED,
    )
    assert await reason(world, account, name) is Reason.NEEDS_REAUTH
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, world.simulator.world.canaries)

    world.host(host).faults.refuse_refreshes = False
    again = await world.link("ada", host)
    assert again.id == account.id
    assert (again.state, again.reason) == (AccountState.ACTIVE, None)
    assert await reason(world, account, name) is Reason.FIRST_SYNC_PENDING
    assert await sync(world, account) is RunState.SUCCEEDED
    assert await reason(world, account, name) is Reason.GRANT


async def test_access_is_kept_while_a_refused_refresh_is_tried_again(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    await expire(world, account)
    world.host("gitlab").faults.refuse_refreshes = True

    assert await sync(world, account) is RunState.FAILED

    suspect = await read(world, account)
    assert suspect.state is AccountState.SUSPECT
    assert suspect.reason is AccountReason.REFRESH_REFUSED_ONCE
    assert suspect.sync_due_at is not None
    assert suspect.refresh_try_at is not None
    assert suspect.sync_due_at > suspect.refresh_try_at - world.services.durations.refresh_poll
    assert await reason(world, account, private_name(world, "gitlab")) is Reason.GRANT


async def test_grants_from_before_the_end_never_count_again(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    name = private_name(world, "gitlab")
    world.host("gitlab").tokens.revoke("ada")
    await sync(world, account)
    before = await column(world.services.database, 'SELECT count(*) FROM "grant"')

    again = await world.link("ada", "gitlab")

    assert before == await column(world.services.database, 'SELECT count(*) FROM "grant"')
    assert before != [0]
    assert await reason(world, again, name) is Reason.FIRST_SYNC_PENDING


async def test_an_account_that_lost_access_is_not_synced(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(
        world.services, account.id, user_id=account.user_id, actor=f"user:{account.user_id}"
    )

    assert await sync(world, account) is None
    assert await column(world.services.database, "SELECT count(*) FROM run") == [0]


async def test_an_unknown_account_is_not_synced(world: World) -> None:
    assert await sync_account(world.services, 404, Trigger.PERSON) is None


async def test_an_account_at_a_host_that_is_not_configured_is_left_alone(world: World) -> None:
    account = await world.link("ada", "gitlab")
    without = replace(world.services, hosts={})

    assert await sync(world, account, services=without) is None
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_a_disabled_person_is_neither_synced_nor_refreshed(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await disable_user(world.services, account.user_id, disabled=True, actor="operator")

    assert await sync(world, account) is None
    assert refreshes(world, "gitlab") == 0


async def test_a_run_tells_what_it_did(world: World) -> None:
    account = await world.link("ada", "bitbucket-dc")
    services = replace(world.services, metrics=Metrics())

    await sync(world, account, services=services)

    run = await last_run(world, account)
    count = len(world.host("bitbucket-dc").memberships("ada"))
    assert (run["state"], run["failure"], run["trigger"]) == ("succeeded", None, "schedule")
    assert (run["added"], run["removed"], run["total"]) == (count, 0, count)
    asked = [
        one
        for one in world.host("bitbucket-dc").log.records
        if one.path.startswith("/rest/api") and one.at > run["started_at"].timestamp()
    ]
    assert run["requests"] == len(asked) > 0
    assert b'permsync_runs_total{host="bitbucket-dc",outcome="succeeded"} 1.0' in (
        services.metrics.render()
    )


async def test_a_sync_that_is_given_up_says_why_and_is_planned_again(world: World) -> None:
    account = await world.link("ada", "gitlab")

    await give_up_sync(world.services, account.id, Trigger.SCHEDULE, "worker_lost")

    run = await last_run(world, account)
    assert (run["state"], run["failure"]) == ("failed", "worker_lost")
    now = await read(world, account)
    assert now.run_id is None
    assert now.sync_due_at is not None
    assert now.sync_due_at - datetime.now(UTC) < timedelta(hours=1)


async def test_a_sync_that_was_broken_off_on_the_command_line_is_made_up_for_within_the_hour(
    world: World,
) -> None:
    """No worker has it, so that nobody brings it back but the schedule."""
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.api_latency_seconds = 30.0
    running = asyncio.create_task(sync_account(world.services, account.id, Trigger.PERSON))
    await until_running(world)
    running.cancel()
    await asyncio.wait({running})
    every = world.services.durations.sync_every_asked
    due = "SELECT sync_due_at <= clock_timestamp() + CAST(:every AS interval) FROM account"
    assert await column(world.services.database, due, every=every) == [True]


async def test_giving_up_on_an_unknown_account_does_nothing(world: World) -> None:
    await give_up_sync(world.services, 404, Trigger.SCHEDULE, "worker_lost")

    assert await column(world.services.database, "SELECT count(*) FROM run") == [0]
