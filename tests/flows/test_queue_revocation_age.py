"""What of an account goes into the outbox, and until when it is worth to be told its host."""

import pytest

from permsync.flows.drain_revocations import drain_revocations
from permsync.flows.unlink_account import unlink_account
from tests.flows.scenes import column, rows
from tests.flows.test_fresh_token import link_without_refresh
from tests.flows.test_revoke_tokens import make_due, outcomes, pairs, unlink
from tests.world import World


async def test_a_single_token_that_lasts_for_ever_is_revoked_too(world: World) -> None:
    """GitHub gives an OAuth app nothing but an access token without an end."""
    here, _ = await link_without_refresh(world)
    here.host("github").faults.outage = True
    (account,) = await rows(here.services.database, "SELECT id, user_id FROM account")
    await unlink_account(here.services, account["id"], user_id=account["user_id"], actor="test")
    kept = "SELECT refresh_sealed IS NULL AND dies_at IS NULL FROM revocation"
    assert await column(here.services.database, kept) == [True]

    here.host("github").faults.outage = False
    await make_due(here)
    await drain_revocations(here.services)

    assert await outcomes(here) == ["revoked"]
    assert pairs(here, "github")[0].access_revoked


@pytest.mark.parametrize(
    ("was", "dies"),
    [
        ("refresh_sealed = NULL", "account.access_expires_at"),
        ("refresh_expires_at = NULL", "NULL"),
        ("refresh_expires_at = access_expires_at + interval '1 day'", "refresh_expires_at"),
    ],
)
async def test_tokens_in_the_outbox_die_with_the_one_that_lives_longest(
    world: World, was: str, dies: str
) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await rows(world.services.database, f"UPDATE account SET {was}")
    (due,) = await column(world.services.database, f"SELECT {dies} FROM account")
    await unlink(world, account)
    assert await column(world.services.database, "SELECT dies_at FROM revocation") == [due]
