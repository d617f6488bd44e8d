"""
A lost key is given up by an operator's command, and by nothing else.

The world's key is the lost one, as in the tests of the rotation.
"""

from dataclasses import replace

import pytest

from permsync.errors import SealingKeyError, SealingKeyInUseError, UnknownError
from permsync.flows.admit_keys import admit_keys
from permsync.flows.deps import Services
from permsync.flows.forget_key import Forgotten, forget_key
from permsync.model import AccountReason, AccountState, Reason, RunState
from permsync.store import sealing_keys
from permsync.vault import Vault
from tests.flows.scenes import column, private_name, read, reason, rows, sync
from tests.flows.test_rotate_keys import NEW, NEW_ID, OLD_ID, SCENES, with_new_key
from tests.world import World


async def without_the_old_key(world: World) -> Services:
    """The services of an operator who has a new key only."""
    vault = Vault([NEW])
    async with world.services.database.begin() as connection:
        await sealing_keys.admit(connection, vault.key_ids, primary=NEW_ID)
    return replace(world.services, vault=vault)


async def test_an_account_of_a_lost_key_must_be_linked_again_and_then_works(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    services = await without_the_old_key(world)

    assert await forget_key(services, OLD_ID) == Forgotten(accounts=1, others=0)

    ended = await read(world, account)
    assert (ended.state, ended.reason) == (
        AccountState.NEEDS_REAUTH,
        AccountReason.SEALING_KEY_LOST,
    )
    name = private_name(world, "gitlab")
    assert await reason(world, account, name) is Reason.NEEDS_REAUTH
    trail = await column(world.services.database, "SELECT code FROM audit_event ORDER BY id")
    assert trail[-2:] == ["sealing_key_lost", OLD_ID]
    changed = "SELECT became FROM change WHERE kind = 'account' ORDER BY revision DESC LIMIT 1"
    assert await column(world.services.database, changed) == ["needs_reauth"]

    later = replace(world, services=services)
    await later.link("ada", "gitlab")
    assert await sync(later, account) is RunState.SUCCEEDED
    assert await reason(later, account, name) is Reason.GRANT


@pytest.mark.parametrize("table", SCENES)
async def test_nothing_of_a_lost_key_is_left_in(table: str, world: World) -> None:
    await SCENES[table](world)
    services = await without_the_old_key(world)
    await forget_key(services, OLD_ID)
    named = f"SELECT * FROM {table} WHERE key_id = '{OLD_ID}'"
    assert await rows(world.services.database, named) == []
    await admit_keys(world.services.database, Vault([NEW]))


async def test_a_key_that_is_there_is_not_forgotten(world: World) -> None:
    account = await world.link("ada", "gitlab")
    with pytest.raises(SealingKeyInUseError, match="can be opened"):
        await forget_key(await with_new_key(world), OLD_ID)
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_an_unknown_key_is_not_forgotten(world: World) -> None:
    with pytest.raises(UnknownError, match="0123456789abcdef"):
        await forget_key(world.services, "0123456789abcdef")


async def test_only_the_key_that_is_named_may_be_missing(world: World) -> None:
    await world.link("ada", "gitlab")
    with pytest.raises(SealingKeyError, match=OLD_ID):
        await admit_keys(world.services.database, Vault([NEW]), lost="0123456789abcdef")
    await admit_keys(world.services.database, Vault([NEW]), lost=OLD_ID)


async def test_an_account_that_had_lost_access_before_keeps_its_own_reason(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "UPDATE account SET state = 'needs_scope', reason = 'scope_missing'",
    )
    before = await read(world, account)

    await forget_key(await without_the_old_key(world), OLD_ID)

    after = await read(world, account)
    assert (after.state, after.reason) == (before.state, before.reason)
    sealed = "SELECT num_nonnulls(access_sealed, refresh_sealed, key_id) FROM account"
    assert await column(world.services.database, sealed) == [0]
