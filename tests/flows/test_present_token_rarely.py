"""Presenting a token where that is rare: unsent, without an end, or planned and gone since."""

from permsync.flows import present_token
from permsync.flows.fresh_token import fresh_token
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.rules.refresh.claim import Claim
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, expire, refreshes, rows
from tests.flows.test_refresh_protocol import OUTCOMES
from tests.world import World


async def test_what_could_not_be_sent_is_no_doubt(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)

    await refresh_account(behind(world.services, "unsent"), account.id)

    assert await column(world.services.database, OUTCOMES) == ["unsent"]
    await rows(world.services.database, "UPDATE account SET refresh_try_at = clock_timestamp()")
    assert (await fresh_token(world.services, account.id)).version == 2


async def test_a_token_without_an_end_is_refreshed_once_it_is_refused(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET access_expires_at = NULL")
    fresh = await fresh_token(world.services, account.id, rejected_version=account.token_version)
    assert fresh.version == account.token_version + 1
    measured = world.services.metrics.render().decode()
    assert 'seconds_to_expiry_count{host="gitlab"}' not in measured


async def test_a_kept_token_that_is_gone_since_it_was_planned_is_not_presented(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    holding = await load_holding(world.services, account.id)

    await present_token.present_token(world.services, holding, Claim(candidate=1))

    assert refreshes(world, "gitlab") == 0
    assert await column(world.services.database, OUTCOMES) == []
