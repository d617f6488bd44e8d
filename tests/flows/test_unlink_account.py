"""
Disconnecting: access and tokens are gone here first, then the host is told.

This module must not know who asks.
"""

import pytest

from permsync.errors import UnknownError
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, Reason
from tests.flows.scenes import column, private_name, read, reason, sync
from tests.world import World

TOKENS = "SELECT access_sealed IS NULL AND refresh_sealed IS NULL FROM account"


async def unlink(world: World, account: Account) -> bool:
    """Disconnect as the person would."""
    return await unlink_account(
        world.services, account.id, user_id=account.user_id, actor=f"user:{account.user_id}"
    )


@pytest.mark.parametrize("host", ["github", "gitlab", "bitbucket-dc"])
async def test_what_is_unlinked_is_gone_here_and_revoked_there(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)

    assert await unlink(world, account)

    assert await column(world.services.database, TOKENS) == [True]
    assert await reason(world, account, private_name(world, host)) is Reason.NOT_LINKED
    assert (await read(world, account)).sync_due_at is None


async def test_a_host_without_such_a_call_confirms_nothing(world: World) -> None:
    account = await world.link("ada", "bitbucket")
    assert not await unlink(world, account)
    assert await column(world.services.database, TOKENS) == [True]


async def test_a_host_that_is_away_keeps_nobody_linked(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    assert not await unlink(world, account)
    assert await column(world.services.database, TOKENS) == [True]


async def test_an_account_is_unlinked_once_and_by_its_owner(world: World) -> None:
    account = await world.link("ada", "gitlab")
    with pytest.raises(UnknownError):
        await unlink_account(world.services, account.id, user_id=account.user_id + 1, actor="x")
    await unlink(world, account)
    with pytest.raises(UnknownError):
        await unlink(world, account)


async def test_tokens_that_do_not_open_keep_nobody_linked(world: World) -> None:
    account = await world.link("ada", "gitlab")
    async with world.services.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE account SET access_sealed = '\\x00'")
    assert not await unlink(world, account)
    assert await column(world.services.database, TOKENS) == [True]
