"""Ahead of its end a token is refreshed once it is stale; what nobody may use is left alone."""

import pytest

from permsync.flows.refresh_ahead import refresh_ahead
from tests.flows.scenes import age_to_stale, read, refreshes, rows
from tests.world import World


async def test_a_stale_token_is_refreshed_and_a_fresh_one_is_not(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await refresh_ahead(world.services, account.id)
    assert refreshes(world, "gitlab") == 0

    await age_to_stale(world, account)
    await refresh_ahead(world.services, account.id)
    assert (await read(world, account)).token_version == account.token_version + 1


@pytest.mark.parametrize("state", ["needs_reauth", "needs_scope", "disabled_at_host"])
async def test_an_account_that_lost_access_is_not_refreshed_ahead(world: World, state: str) -> None:
    account = await world.link("ada", "gitlab")
    await age_to_stale(world, account)
    await rows(world.services.database, "UPDATE account SET state = :state", state=state)
    await refresh_ahead(world.services, account.id)
    assert refreshes(world, "gitlab") == 0
