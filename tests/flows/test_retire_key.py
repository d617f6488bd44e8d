"""
A sealing key is retired when nothing needs it, never before, and then for ever.

The world's key is the old one, as in the tests of the rotation.
"""

import asyncio
from dataclasses import replace

import pytest

from permsync.errors import SealingKeyError, SealingKeyInUseError, UnknownError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.list_keys import list_keys
from permsync.flows.queue_revocation import queue_revocation
from permsync.flows.retire_key import retire_key
from permsync.model import TokenSet
from permsync.vault import Vault
from tests.flows.scenes import LOCKED_OUT, column, expire, read, refreshes, rows, until
from tests.flows.test_rotate_keys import NEW, NEW_ID, OLD, OLD_ID, SCENES, rotate, with_new_key
from tests.world import World


@pytest.mark.parametrize("table", SCENES)
async def test_a_key_that_a_value_needs_is_not_retired(table: str, world: World) -> None:
    services = await with_new_key(world)
    await SCENES[table](world)
    with pytest.raises(SealingKeyInUseError, match=rf"1 in {table}.*permsync keys rotate"):
        await retire_key(services, OLD_ID)
    await rotate(services)
    assert await retire_key(services, OLD_ID)


async def test_the_key_of_a_refresh_under_way_is_not_retired(world: World) -> None:
    """Its owner, started before the new key came, will seal the answer with the old one (I5)."""
    account = await world.link("ada", "gitlab")
    services = await with_new_key(world)
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 0.5
    refreshing = asyncio.create_task(fresh_token(world.services, account.id))
    await until(lambda: refreshes(world, "gitlab"))
    await rotate(services)
    with pytest.raises(SealingKeyInUseError, match="1 in refresh_attempt"):
        await retire_key(services, OLD_ID)

    assert (await refreshing).version == 2
    with pytest.raises(SealingKeyInUseError, match="1 in account"):
        await retire_key(services, OLD_ID)
    await rotate(services)
    assert await retire_key(services, OLD_ID)


async def test_a_refresh_that_would_seal_with_a_retired_key_is_not_begun(world: World) -> None:
    account = await world.link("ada", "gitlab")
    services = await with_new_key(world)
    await rotate(services)
    await retire_key(services, OLD_ID)
    await expire(world, account)
    # A process with both keys, but the old one first: it would lose the answer.
    late = replace(services, vault=Vault([OLD, NEW]))
    before = await read(world, account)
    with pytest.raises(SealingKeyError, match="start it again"):
        await fresh_token(late, account.id)
    assert refreshes(world, "gitlab") == 0
    assert await read(world, account) == before
    assert (await fresh_token(services, account.id)).version == 2


async def test_the_primary_key_is_not_retired(world: World) -> None:
    with pytest.raises(SealingKeyInUseError, match="primary"):
        await retire_key(await with_new_key(world), NEW_ID)


async def test_an_unknown_key_is_not_retired(world: World) -> None:
    with pytest.raises(UnknownError, match="0123456789abcdef"):
        await retire_key(await with_new_key(world), "0123456789abcdef")


async def test_a_journey_that_is_over_keeps_no_key_alive(world: World) -> None:
    services = await with_new_key(world)
    await world.consent("ada", "gitlab", user=await world.user("ada"))
    await rows(world.services.database, "UPDATE authorization_attempt SET expires_at = now()")
    assert await retire_key(services, OLD_ID)


async def test_retiring_twice_changes_nothing_and_says_so(world: World) -> None:
    services = await with_new_key(world)
    assert await retire_key(services, OLD_ID)
    first = await column(world.services.database, "SELECT retired_at FROM sealing_key")
    assert not await retire_key(services, OLD_ID)
    assert await column(world.services.database, "SELECT retired_at FROM sealing_key") == first
    actions = await column(world.services.database, "SELECT action FROM audit_event")
    assert actions.count("sealing_key_retired") == 1


async def test_keys_are_listed_in_the_order_of_the_settings_with_what_they_sealed(
    world: World,
) -> None:
    await world.link("ada", "gitlab")
    services = await with_new_key(world)
    await SCENES["authorization_attempt"](world)
    before = [(one.key_id, one.primary, dict(one.values)) for one in await list_keys(services)]
    assert before == [
        (NEW_ID, True, {}),
        (OLD_ID, False, {"account": 2, "authorization_attempt": 1}),
    ]
    await rotate(services)
    await retire_key(services, OLD_ID)
    new, old = await list_keys(services)
    assert dict(new.values) == {"account": 2, "authorization_attempt": 1}
    assert (old.values, old.configured, new.primary_since is not None) == ({}, True, True)
    assert old.retired_at is not None


async def test_a_row_that_is_written_with_the_key_while_it_is_retired_keeps_it(
    world: World,
) -> None:
    """The row's transaction began first: the retirement waits for it, and then gives way."""
    services = await with_new_key(world)
    async with world.services.database.begin() as connection:
        tokens = TokenSet("access", "refresh")
        await queue_revocation(world.services, connection, tokens, host="gitlab")
        retiring = asyncio.create_task(retire_key(services, OLD_ID))
        while not await column(services.database, LOCKED_OUT):
            assert not retiring.done()
    with pytest.raises(SealingKeyInUseError, match="written just now"):
        await retiring
    assert set(await column(services.database, "SELECT retired_at FROM sealing_key")) == {None}
