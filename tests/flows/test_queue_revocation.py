"""
What ends with a link: its own tokens, those that were kept beside them, and stored answers.

Each test first brings a link to hold more than one living token at its host, by the faults
that lead there in life. How a host is told is tested in ``test_revoke_tokens``.
"""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

from permsync.flows.drain_revocations import drain_revocations
from permsync.flows.refresh_account import refresh_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account
from permsync.simulator.rotation import refreshable
from permsync.simulator.tokens import Pair
from tests.flows.faulty_doors import FaultyTransport
from tests.flows.scenes import column, elsewhere, expire, rows, spoil, with_rotation
from tests.world import World

OUTCOMES = "SELECT outcome FROM revocation ORDER BY id"
LEFT = (
    "SELECT (SELECT count(*) FROM refresh_candidate)"
    " + (SELECT count(*) FROM refresh_attempt WHERE answer_sealed IS NOT NULL)"
)


async def link_with_candidates(world: World) -> tuple[World, Account]:
    """An overtaken refresh whose tokens came late: three pairs of one link live at its host."""
    here = with_rotation(world, "grace", "grace")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    door = FaultyTransport(here.services.transport, orders=["late"])
    slow = asyncio.create_task(refresh_account(elsewhere(here.services, door), account.id))
    await door.arrived.wait()
    await rows(here.services.database, "UPDATE refresh_attempt SET lease_until = clock_timestamp()")
    await refresh_account(here.services, account.id)
    door.released.set()
    await slow
    assert await column(here.services.database, "SELECT count(*) FROM refresh_candidate") == [2]
    assert len(living(here)) == 3
    return here, account


async def link_with_stored_answer(world: World) -> Account:
    """Tokens that came, could not be written as such, and lie sealed as they came."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(
        world.services.database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no new tokens'; END $$",
    )
    await rows(
        world.services.database,
        "CREATE TRIGGER refuse BEFORE UPDATE OF access_sealed ON account"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    with pytest.raises(DBAPIError, match="no new tokens"):
        await refresh_account(world.services, account.id)
    await rows(world.services.database, "DROP TRIGGER refuse ON account")
    assert len(living(world)) == 1
    return account


def living(world: World) -> list[Pair]:
    """Ada's pairs at GitLab whose refresh token the host would take now, the oldest first."""
    host, now = world.host("gitlab"), world.simulator.world.now()
    return [pair for pair in host.tokens.of("ada") if refreshable(host.policy, pair, now=now)]


async def unlink(world: World, account: Account) -> bool:
    """Disconnect as the person would."""
    return await unlink_account(
        world.services, account.id, user_id=account.user_id, actor=f"user:{account.user_id}"
    )


async def test_an_unlinked_account_leaves_no_living_token_at_its_host(world: World) -> None:
    here, account = await link_with_candidates(world)

    assert await unlink(here, account)

    assert living(here) == []
    assert all(pair.access_revoked for pair in here.host("gitlab").tokens.of("ada"))
    assert await column(here.services.database, OUTCOMES) == ["revoked"] * 3
    assert await column(here.services.database, LEFT) == [0]


async def test_a_new_link_leaves_no_token_of_the_old_one(world: World) -> None:
    here, _ = await link_with_candidates(world)

    await here.link("ada", "gitlab")
    await drain_revocations(here.services)

    *old, new = here.host("gitlab").tokens.of("ada")
    assert living(here) == [new]
    assert all(pair.access_revoked for pair in old)
    assert not new.access_revoked


async def test_a_host_that_is_away_hears_of_all_of_them_once_it_is_back(world: World) -> None:
    here, account = await link_with_candidates(world)
    here.host("gitlab").faults.outage = True
    assert not await unlink(here, account)
    here.host("gitlab").faults.outage = False

    await rows(here.services.database, "UPDATE revocation SET next_try_at = clock_timestamp()")
    await drain_revocations(here.services)

    assert living(here) == []


async def test_tokens_that_were_stored_and_not_judged_end_with_the_link(world: World) -> None:
    account = await link_with_stored_answer(world)

    assert await unlink(world, account)

    assert living(world) == []
    assert await column(world.services.database, LEFT) == [0]


async def test_a_stored_answer_without_tokens_leaves_nothing_to_revoke(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "empty")
    await refresh_account(world.services, account.id)
    assert await column(world.services.database, LEFT) == [1]

    assert await unlink(world, account)

    assert await column(world.services.database, OUTCOMES) == ["revoked"]
    assert await column(world.services.database, LEFT) == [0]


async def test_an_answer_of_a_host_that_nobody_can_read_any_more_keeps_nobody_linked(
    world: World,
) -> None:
    account = await link_with_stored_answer(world)
    without = {name: one for name, one in world.services.hosts.items() if name != "gitlab"}

    await unlink(replace(world, services=replace(world.services, hosts=without)), account)

    assert await column(world.services.database, "SELECT state FROM account") == ["unlinked"]


async def test_a_candidate_that_does_not_open_keeps_no_other_token_alive(world: World) -> None:
    here, account = await link_with_candidates(world)
    await rows(
        here.services.database,
        "UPDATE refresh_candidate SET token_sealed = '\\x00'"
        " WHERE attempt_id = (SELECT min(attempt_id) FROM refresh_candidate)",
    )

    assert await unlink(here, account)

    assert len(living(here)) == 1
    assert await column(here.services.database, OUTCOMES) == ["revoked"] * 2
