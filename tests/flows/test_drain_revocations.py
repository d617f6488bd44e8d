"""
A round through the outbox: where it ends, and what it leaves for the next one.

What becomes of a single revocation is in ``test_revoke_tokens``.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import LinkRefusedError
from permsync.flows.drain_revocations import drain_revocations
from permsync.vault import Vault
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, spoil
from tests.flows.test_revoke_tokens import make_due, outcomes, unlink
from tests.world import World


async def unlinked_meanwhile(world: World, *people: str) -> None:
    """These people unlinked while their host was away; now it is back, and told next."""
    for person in people:
        world.host("gitlab").faults.outage = False
        account = await world.link(person, "gitlab")
        world.host("gitlab").faults.outage = True
        await unlink(world, account)
    world.host("gitlab").faults.outage = False
    await make_due(world)


async def test_tokens_of_a_key_that_is_not_configured_stay_until_it_is(world: World) -> None:
    await unlinked_meanwhile(world, "ada")
    with_another_key = replace(world.services, vault=Vault([b"w" * 32]))

    await drain_revocations(with_another_key)
    assert await outcomes(world) == [None]

    await make_due(world)
    await drain_revocations(world.services)
    assert await outcomes(world) == ["revoked"]


async def test_a_round_ends_though_more_is_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("permsync.flows.drain_revocations.MOST", 2)
    await unlinked_meanwhile(world, "ada", "grace", "linus")

    await drain_revocations(world.services)
    assert await outcomes(world) == ["revoked", "revoked", None]

    await drain_revocations(world.services)
    assert await outcomes(world) == ["revoked"] * 3


async def test_who_unlinks_is_not_kept_waiting_for_a_slow_host(world: World) -> None:
    account = await world.link("ada", "gitlab")
    spoil(world, "gitlab", "api", "hang", match="revoke")
    at_once = replace(world.services.durations, revoke_wait=timedelta())

    assert not await unlink(
        replace(world, services=replace(world.services, durations=at_once)), account
    )
    assert await outcomes(world) == [None]


async def test_a_host_that_does_not_answer_is_asked_no_second_question(world: World) -> None:
    await unlinked_meanwhile(world, "ada")
    sent = len(world.host("gitlab").log.to_path("/oauth/revoke"))

    # Of its two tokens the first gets no answer, and the second would not be spoiled.
    await drain_revocations(behind(world.services, "lost_before"))

    assert await outcomes(world) == [None]
    assert len(world.host("gitlab").log.to_path("/oauth/revoke")) == sent


async def test_tokens_of_a_link_that_never_was_are_revoked_for_no_account(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    spoil(world, "gitlab", "api", "html", match="/user")
    with pytest.raises(LinkRefusedError):
        await world.arrive(query, "gitlab", user=user)
    accounts = "SELECT account_id FROM revocation"
    assert await column(world.services.database, accounts) == [None]

    await drain_revocations(world.services)

    assert await outcomes(world) == ["revoked"]
