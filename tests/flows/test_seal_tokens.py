"""What is not there is not opened: an account that let its tokens go says so by name."""

import pytest

from permsync.errors import SealedValueError
from permsync.flows.plan_refresh import load_holding
from permsync.flows.seal_tokens import open_access, open_refresh
from permsync.flows.unlink_account import unlink_account
from tests.world import World


async def test_an_account_without_tokens_opens_none(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    holding = await load_holding(world.services, account.id)
    for open_one, field in ((open_access, "access"), (open_refresh, "refresh")):
        with pytest.raises(SealedValueError, match=f"account {account.id} holds no {field} token"):
            open_one(world.services.vault, holding)
