"""
Tokens that nobody here keeps any more are revoked at their host, whatever comes between.

The rules are proven in ``tests/rules``; here they meet hosts that are away, processes that
end in the middle, and links that are newer than the tokens. This module must not know who
let go of the tokens.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import LinkRefusedError
from permsync.flows.drain_revocations import drain_revocations
from permsync.flows.fresh_token import fresh_token
from permsync.flows.measure import measure
from permsync.flows.plan_refresh import load_holding
from permsync.flows.queue_revocation import queue_revocation
from permsync.flows.seal_tokens import open_both
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account
from permsync.simulator.tokens import Pair
from tests.flows.scenes import column, everything_stored, found_in, rows, spoil
from tests.world import World

OPEN = "SELECT count(*) FROM revocation WHERE closed_at IS NULL"
ERASED = (
    "SELECT access_sealed IS NULL AND refresh_sealed IS NULL AND key_id IS NULL FROM revocation"
)


async def unlink(world: World, account: Account) -> bool:
    """Disconnect as the person would."""
    return await unlink_account(
        world.services, account.id, user_id=account.user_id, actor=f"user:{account.user_id}"
    )


async def outcomes(world: World) -> list[str | None]:
    """What became of every revocation, the oldest first; ``None`` is open."""
    return await column(world.services.database, "SELECT outcome FROM revocation ORDER BY id")


async def make_due(world: World) -> None:
    """Let the wait before the next try, or a dead process's lease, be over."""
    await rows(
        world.services.database,
        "UPDATE revocation SET next_try_at = clock_timestamp() WHERE closed_at IS NULL",
    )


def pairs(world: World, host: str, person: str = "ada") -> list[Pair]:
    """The person's token pairs at a host, the oldest first."""
    return list(world.host(host).tokens.of(person))


@pytest.mark.parametrize("host", ["github", "gitlab", "bitbucket-dc"])
async def test_a_host_that_is_away_is_told_once_it_is_back(world: World, host: str) -> None:
    account = await world.link("ada", host)
    world.host(host).faults.outage = True
    assert not await unlink(world, account)
    await make_due(world)
    await drain_revocations(world.services)
    assert await column(world.services.database, OPEN) == [1]
    assert not pairs(world, host)[0].access_revoked

    world.host(host).faults.outage = False
    await make_due(world)
    await drain_revocations(world.services)

    assert await outcomes(world) == ["revoked"]
    assert pairs(world, host)[0].access_revoked
    assert await column(world.services.database, ERASED) == [True]


async def test_tokens_in_the_outbox_lie_sealed(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, world.simulator.world.secrets())


async def test_what_was_sent_but_not_written_down_is_sent_again_harmlessly(world: World) -> None:
    account = await world.link("ada", "github")
    spoil(world, "github", "api", "commit_then_hang", match="applications", seconds=1)
    short = replace(world.services.durations, revoke_wait=timedelta(milliseconds=500))
    hasty = replace(world, services=replace(world.services, durations=short))

    assert not await unlink(hasty, account)
    assert pairs(world, "github")[0].access_revoked
    assert await outcomes(world) == [None]

    await make_due(world)
    await drain_revocations(world.services)
    assert await outcomes(world) == ["revoked"]
    assert len(world.host("github").log.to_path("applications")) == 2
    assert await column(world.services.database, ERASED) == [True]


async def test_a_host_that_knows_no_such_token_has_confirmed(world: World) -> None:
    account = await world.link("ada", "github")
    world.host("github").tokens.by_access.clear()
    assert await unlink(world, account)
    assert await outcomes(world) == ["already_gone"]


async def test_a_new_link_has_the_tokens_of_the_old_one_revoked(world: World) -> None:
    await world.link("ada", "gitlab")
    account = await world.link("ada", "gitlab")
    await drain_revocations(world.services)
    old, new = pairs(world, "gitlab")
    assert (old.access_revoked, old.refresh_revoked) == (True, True)
    assert (new.access_revoked, new.refresh_revoked) == (False, False)
    assert (await fresh_token(world.services, account.id)).access_token == new.access


async def test_where_more_may_die_with_a_token_a_new_link_is_left_in_peace(world: World) -> None:
    await world.link("ada", "bitbucket-dc")
    await world.link("ada", "bitbucket-dc")
    await drain_revocations(world.services)
    assert await outcomes(world) == ["would_end_link"]
    assert not world.host("bitbucket-dc").log.to_path("revoke")
    assert await column(world.services.database, ERASED) == [True]


async def test_a_token_that_is_one_of_today_is_not_revoked(world: World) -> None:
    account = await world.link("ada", "gitlab")
    tokens = open_both(world.services.vault, await load_holding(world.services, account.id))
    async with world.services.database.begin() as connection:
        await queue_revocation(
            world.services, connection, tokens, host="gitlab", account_id=account.id
        )
    await drain_revocations(world.services)
    assert await outcomes(world) == ["would_end_link"]
    assert not pairs(world, "gitlab")[0].access_revoked


@pytest.mark.parametrize(
    ("host", "outcome"), [("gitlab", "revoked"), ("bitbucket-dc", "would_end_link")]
)
async def test_tokens_of_a_link_that_was_refused_end_without_ending_the_other_persons(
    world: World, host: str, outcome: str
) -> None:
    await world.link("ada", host)
    with pytest.raises(LinkRefusedError):
        await world.link("ada", host, user=await world.user("grace"))
    await drain_revocations(world.services)
    assert await outcomes(world) == [outcome]
    assert not pairs(world, host)[0].access_revoked


async def test_a_host_that_offers_no_such_call_is_not_asked_and_nothing_is_kept(
    world: World,
) -> None:
    account = await world.link("ada", "bitbucket")
    assert not await unlink(world, account)
    assert await outcomes(world) == ["not_offered"]
    assert await column(world.services.database, ERASED) == [True]


async def test_two_workers_send_each_token_once(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    await make_due(world)
    world.host("gitlab").faults.outage = False
    sent = len(world.host("gitlab").log.to_path("/oauth/revoke"))
    await asyncio.gather(*(drain_revocations(world.services) for _ in range(4)))
    assert len(world.host("gitlab").log.to_path("/oauth/revoke")) == sent + 2


async def test_what_a_host_never_takes_is_given_up_and_erased(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    await rows(
        world.services.database,
        "UPDATE revocation SET created_at = clock_timestamp() - interval '8 days'",
    )
    await make_due(world)
    await drain_revocations(world.services)
    assert await outcomes(world) == ["given_up"]
    assert await column(world.services.database, ERASED) == [True]


async def test_tokens_that_died_of_age_are_not_sent(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    sent = len(world.host("gitlab").log.to_path("/oauth/revoke"))
    await rows(world.services.database, "UPDATE revocation SET dies_at = clock_timestamp()")
    await make_due(world)
    await drain_revocations(world.services)
    assert await outcomes(world) == ["expired"]
    assert len(world.host("gitlab").log.to_path("/oauth/revoke")) == sent


async def test_a_value_that_does_not_open_keeps_no_other_waiting(world: World) -> None:
    for person in ("ada", "grace"):
        world.host("gitlab").faults.outage = False
        account = await world.link(person, "gitlab")
        world.host("gitlab").faults.outage = True
        await unlink(world, account)
    world.host("gitlab").faults.outage = False
    await rows(
        world.services.database,
        "UPDATE revocation SET access_sealed = '\\x00' WHERE id = (SELECT min(id) FROM revocation)",
    )
    await make_due(world)
    await drain_revocations(world.services)
    assert await outcomes(world) == ["unreadable", "revoked"]


async def test_damaged_tokens_of_today_keep_those_of_an_older_link_waiting(world: World) -> None:
    """Whether they are the same cannot be told, and what is let go of is never revoked."""
    await world.link("ada", "gitlab")
    await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET refresh_sealed = '\\x00'")
    await drain_revocations(world.services)
    assert await outcomes(world) == [None]

    await world.link("ada", "gitlab")
    await make_due(world)
    await drain_revocations(world.services)
    assert pairs(world, "gitlab")[0].access_revoked


async def test_a_host_that_is_not_configured_any_more_is_waited_for(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    await make_due(world)
    without = {name: one for name, one in world.services.hosts.items() if name != "gitlab"}
    await drain_revocations(replace(world.services, hosts=without))
    assert await outcomes(world) == [None]


async def test_the_backlog_is_counted_by_host(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink(world, account)
    await measure(world.services)
    assert b'permsync_revocation_backlog{host="gitlab"} 1.0' in world.services.metrics.render()
    world.host("gitlab").faults.outage = False
    await make_due(world)
    await drain_revocations(world.services)
    await measure(world.services)
    assert b'permsync_revocation_backlog{host="gitlab"} 0.0' in world.services.metrics.render()
