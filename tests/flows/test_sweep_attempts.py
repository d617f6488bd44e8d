"""
Lost answers: the same token is presented again after the settle time, and nobody is lost.

The hosts' policies decide whether that can work; where it cannot, the account says so by
name. This module must not know how an attempt is stored.
"""

import asyncio
from contextlib import suppress

from permsync.errors import TokenUnavailableError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.model import Account, AccountReason, AccountState
from permsync.simulator.faults import Shape
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil
from tests.world import World


async def lose_an_answer(world: World, account: Account, shape: Shape = "commit_then_hang") -> None:
    """The host commits a refresh and we never hear of it."""
    await expire(world, account)
    spoil(world, account.host, "token", shape, seconds=8)
    with suppress(TokenUnavailableError):
        await fresh_token(world.services, account.id)


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
