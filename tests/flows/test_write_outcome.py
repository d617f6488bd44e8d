"""
The ends of a refresh that are rare, each forced: what is written, dropped and told then.

What the rules plan is tested in ``tests/rules/refresh``. This module must not plan it again.
"""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from permsync.codehost import TokenGrant
from permsync.errors import DefectError
from permsync.flows import present_token
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_due import refresh_due
from permsync.flows.write_outcome import Reading, write_outcome
from permsync.model import Account, AccountReason, AccountState, RunState
from permsync.rules.refresh.claim import Claim
from permsync.rules.refresh.outcome import Adopt
from permsync.store import refresh_attempts
from permsync.transport import Transport
from tests.flows.faulty_doors import FaultyTransport, behind
from tests.flows.scenes import column, elsewhere, expire, read, rows, spoil, sync, with_rotation
from tests.flows.test_refresh_protocol import DUE_NOW, OUTCOMES
from tests.world import World

DUE_IN_SECONDS = "SELECT extract(epoch FROM refresh_due_at - clock_timestamp()) FROM account"


async def refresh_so_often(world: World, account: Account, times: int) -> None:
    """Refresh it that many times, each as soon as it is due."""
    for _ in range(times):
        await rows(world.services.database, DUE_NOW)
        await refresh_account(world.services, account.id)


async def test_a_kept_token_that_the_host_refuses_too_is_dropped_before_the_account_is_given_up(
    world: World,
) -> None:
    here = with_rotation(world, "grace", "grace")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    await refresh_account(here.services, account.id)
    kept = "SELECT count(*) FROM refresh_candidate"
    assert await column(here.services.database, kept) == [1]
    spoil(here, "gitlab", "token", "rejection", times=5)

    await refresh_so_often(here, account, 5)

    assert await column(here.services.database, kept) == [0]
    assert (await read(here, account)).state is AccountState.NEEDS_REAUTH
    assert await column(here.services.database, OUTCOMES) == ["adopted", *["rejected"] * 5]


async def test_late_tokens_of_a_family_that_was_presented_again_are_proved_at_once(
    world: World,
) -> None:
    """Who came second may have ended the family: a refresh finds out before a person does."""
    here = with_rotation(world, "family", "family")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    late = FaultyTransport(here.services.transport, ["late"])
    first = replace(elsewhere(here.services), transport=cast("Transport", late))
    running = asyncio.create_task(refresh_account(first, account.id))
    await late.arrived.wait()
    await rows(here.services.database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")
    await refresh_account(behind(elsewhere(here.services), "lost_before"), account.id)
    late.released.set()
    await running

    assert (await column(here.services.database, OUTCOMES))[0] == "reused"
    assert (await read(here, account)).token_version == 2
    (due_in_seconds,) = await column(here.services.database, DUE_IN_SECONDS)
    assert due_in_seconds <= here.services.durations.refresh_settle.total_seconds()
    await rows(here.services.database, DUE_NOW)
    await rows(here.services.database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")
    await refresh_due(here.services)
    assert (await read(here, account)).state is AccountState.ACTIVE


async def test_a_refusal_for_good_of_an_account_that_had_ended_changes_the_reason_alone(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(
        world.services.database,
        "UPDATE account SET access_expires_at = clock_timestamp() + interval '1 hour',"
        " issued_at = clock_timestamp() - interval '1 hour'",
    )
    spoil(world, "gitlab", "token", "rejection", times=20)
    assert await sync(world, account) is RunState.FAILED
    ended = await read(world, account)
    assert ended.reason is AccountReason.CREDENTIAL_REJECTED

    await refresh_so_often(world, account, 5)

    now = await read(world, account)
    assert (now.state, now.reason) == (ended.state, AccountReason.REVOKED_OR_EXPIRED)
    told = "SELECT code FROM audit_event WHERE action = 'account_ended' ORDER BY id"
    assert await column(world.services.database, told) == [
        "credential_rejected",
        "revoked_or_expired",
    ]
    changed = "SELECT count(*) FROM change WHERE kind = 'account' AND became = 'needs_reauth'"
    assert await column(world.services.database, changed) == [1]


async def test_i4_tokens_are_never_written_over_a_version_that_came_between(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    before = await load_holding(world.services, account.id)
    attempt = await present_token._claim(world.services, before, Claim())
    assert attempt is not None
    await rows(world.services.database, "UPDATE account SET token_version = token_version + 1")
    moved = await load_holding(world.services, account.id)
    older = Adopt(
        TokenGrant("access", "refresh"), account.token_version, AccountState.ACTIVE, reason=None
    )

    async with world.services.database.begin() as connection:
        stored = await refresh_attempts.load(connection, attempt.id)
        reading = Reading(before, stored)
        with pytest.raises(DefectError, match="moved"):
            await write_outcome(world.services, connection, attempt, reading, older)

    after = await load_holding(world.services, account.id)
    assert (after.access, after.refresh) == (moved.access, moved.refresh)
