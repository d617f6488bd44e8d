"""One account is shown by its id, and an id that was never given out is said to be unknown."""

import pytest

from permsync.errors import UnknownError
from permsync.flows.show_accounts import show_account
from tests.world import World


async def test_an_account_that_there_is_not_is_unknown(world: World) -> None:
    account = await world.link("ada", "gitlab")
    assert (await show_account(world.services, account.id)).standing.account.id == account.id
    with pytest.raises(UnknownError) as unknown:
        await show_account(world.services, account.id + 1)
    assert unknown.value.what == "account"
