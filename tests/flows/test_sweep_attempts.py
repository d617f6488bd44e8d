"""
Lost answers: the same token is presented again after the settle time, and nobody is lost.

The hosts' policies decide whether that can work; where it cannot, the account says so by
name. This module must not know how an attempt is stored.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

from permsync.errors import TokenUnavailableError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.sweep_attempts import MOST, sweep_attempts
from permsync.model import Account, AccountReason, AccountState
from permsync.simulator.faults import Shape
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil
from tests.world import World


async def lose_an_answer(world: World, account: Account, shape: Shape = "commit_then_hang") -> None:
    """The host commits a refresh and we never hear of it."""
    await expire(world, account)
    spoil(world, account.host, "token", shape, seconds=8)
    await refresh_account(world.services, account.id)


async def sweep_until_settled(world: World, account: Account) -> Account:
    """Sweep as the worker does, until there is a verdict or a token."""
    for _ in range(60):
        await sweep_attempts(world.services)
        try:
            await fresh_token(world.services, account.id)
        except TokenUnavailableError:
            await asyncio.sleep(0.1)
        now = await read(world, account)
        if now.token_version > account.token_version or now.state is AccountState.NEEDS_REAUTH:
            return now
    raise AssertionError("neither a token nor a verdict")


async def test_on_a_tolerant_host_a_lost_answer_costs_nothing(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").policy.rotation = "tolerant"
    await lose_an_answer(world, account)

    now = await sweep_until_settled(world, account)

    assert now.state is AccountState.ACTIVE
    assert refreshes(world, "gitlab") == 2


async def test_on_a_strict_host_a_lost_answer_has_its_own_name(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await lose_an_answer(world, account)

    now = await sweep_until_settled(world, account)

    assert now.state is AccountState.NEEDS_REAUTH
    assert now.reason is AccountReason.ROTATION_LOST


async def test_no_answer_is_doubt_until_the_host_has_settled(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await lose_an_answer(world, account)
    states = await column(world.services.database, "SELECT state FROM refresh_attempt")
    assert "uncertain" in states or "closed" in states
    assert (await read(world, account)).state in {AccountState.ACTIVE, AccountState.SUSPECT}


async def test_a_sweep_with_nothing_to_do_does_nothing(world: World) -> None:
    await world.link("ada", "gitlab")
    assert await sweep_attempts(world.services) == 0


async def test_one_damaged_account_keeps_no_other_waiting(world: World) -> None:
    damaged, healthy = [await world.link(one, "gitlab") for one in ("ada", "grace")]
    for account in (damaged, healthy):
        await expire(world, account)
        await refresh_account(behind(world.services, "lost_before"), account.id)
    await rows(
        world.services.database,
        "UPDATE account SET refresh_sealed = '\\x01' WHERE id = :id",
        id=damaged.id,
    )
    await rows(
        world.services.database,
        "UPDATE refresh_attempt SET lease_until = clock_timestamp()",
    )

    assert await sweep_attempts(world.services) == 2

    assert (await read(world, healthy)).token_version == 2
    assert (await read(world, damaged)).state is AccountState.ACTIVE


# Tokens are sealed to their account: those of a copy do not open.
DAMAGED = """
INSERT INTO account SELECT (
    jsonb_populate_record(account, jsonb_build_object('id', 1000 + n, 'external_id', n::text))
).* FROM account, generate_series(1, :copies) n WHERE account.id = :id
"""
OVERDUE = """
INSERT INTO refresh_attempt (
    account_id, link_id, for_version, owner, state, token_digest, key_id, started_at, deadline,
    lease_until
) SELECT id, link_id, token_version, link_id, 'uncertain', 'digest', key_id, now(), now(),
    now() - CAST(:for AS interval)
FROM account WHERE host = :host
"""


async def test_what_cannot_be_ended_at_one_host_keeps_no_other_waiting(world: World) -> None:
    at_gitlab, at_github = await world.link("ada", "gitlab"), await world.link("ada", "github")
    database = world.services.database
    await rows(database, DAMAGED, copies=MOST, id=at_github.id)
    await rows(database, OVERDUE, host="github", **{"for": timedelta(hours=1)})
    await rows(database, OVERDUE, host="gitlab", **{"for": timedelta(minutes=1)})

    await sweep_attempts(world.services)

    assert (await read(world, at_gitlab)).token_version == 2


async def test_a_host_that_is_not_configured_any_more_is_left_alone(world: World) -> None:
    await world.link("ada", "gitlab")
    await rows(world.services.database, OVERDUE, host="gitlab", **{"for": timedelta(hours=1)})
    without = {name: one for name, one in world.services.hosts.items() if name != "gitlab"}

    assert await sweep_attempts(replace(world.services, hosts=without)) == 0
