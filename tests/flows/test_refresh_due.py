"""
What is due is refreshed though nobody waits: the longest due first, bounded, and no more often.

Time passes by moving due dates in the database.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from permsync.flows.disable_user import disable_user
from permsync.flows.in_flight import InFlight
from permsync.flows.measure import measure
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_due import refresh_due
from permsync.model import AccountState
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil
from tests.world import KINDS, World

IN_DAYS = (
    "SELECT extract(epoch FROM refresh_due_at - issued_at) / 86400 FROM account WHERE id = :id"
)


@pytest.mark.parametrize("host", KINDS)
async def test_an_idle_link_is_refreshed_before_its_refresh_token_dies_of_disuse(
    world: World, host: str
) -> None:
    account = await world.link("ada", host)

    (due_in_days,) = await column(world.services.database, IN_DAYS, id=account.id)

    life = world.services.hosts[host].host.refresh_life
    most = min(14, life / timedelta(days=4)) if life is not None else 14
    assert most * 0.8 < due_in_days <= most
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")
    assert await refresh_due(world.services) == 1
    assert (await read(world, account)).token_version == 2
    (due_in_days,) = await column(world.services.database, IN_DAYS, id=account.id)
    assert most * 0.8 < due_in_days <= most


async def test_what_is_not_due_is_left_alone(world: World) -> None:
    await world.link("ada", "gitlab")

    assert await refresh_due(world.services) == 0
    assert refreshes(world, "gitlab") == 0


async def test_a_refused_token_is_repeated_though_nobody_asks(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "rejection")
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")

    for _ in range(20):
        await refresh_due(world.services)
        await asyncio.sleep(0.05)

    assert (await read(world, account)).state is AccountState.ACTIVE
    outcomes = "SELECT outcome FROM refresh_attempt ORDER BY id"
    assert await column(world.services.database, outcomes) == ["rejected", "adopted"]


async def test_a_person_who_is_disabled_is_refreshed_no_more(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")
    await disable_user(world.services, account.user_id, disabled=True, actor="operator")

    assert await refresh_due(world.services) == 0


async def test_the_longest_due_comes_first_and_a_host_gets_no_more_than_its_bound(
    world: World,
) -> None:
    people = ["ada", "grace", "linus"]
    accounts = [await world.link(login, "gitlab") for login in people]
    for age, account in enumerate(accounts):
        await rows(
            world.services.database,
            "UPDATE account SET refresh_due_at = clock_timestamp() - :age * interval '1 day'"
            " WHERE id = :id",
            age=age + 1,
            id=account.id,
        )
    one_by_one = replace(world.services, in_flight=InFlight(limit=10, limit_each=1))

    await refresh_due(one_by_one)

    order = "SELECT account_id FROM refresh_attempt ORDER BY started_at"
    assert await column(world.services.database, order) == [one.id for one in reversed(accounts)]


async def test_one_damaged_account_keeps_nobody_waiting(world: World) -> None:
    damaged = await world.link("ada", "gitlab")
    healthy = await world.link("grace", "gitlab")
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")
    await rows(
        world.services.database,
        "UPDATE account SET refresh_sealed = '\\x01' WHERE id = :id",
        id=damaged.id,
    )

    await refresh_due(world.services)

    assert (await read(world, healthy)).token_version == 2
    later = "SELECT refresh_due_at > clock_timestamp() FROM account WHERE id = :id"
    assert await column(world.services.database, later, id=damaged.id) == [True]


async def test_how_long_the_longest_due_waits_is_measured(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "UPDATE account SET refresh_due_at = clock_timestamp() - interval '1 hour' WHERE id = :id",
        id=account.id,
    )

    await measure(world.services)

    shown = world.services.metrics.render().decode()
    line = next(
        one
        for one in shown.splitlines()
        if one.startswith("permsync_refresh_oldest_due_seconds") and "gitlab" in one
    )
    assert float(line.split()[-1]) >= timedelta(hours=1).total_seconds()


async def test_behind_a_circuit_that_is_open_nothing_is_taken_up(world: World) -> None:
    ada, grace = [await world.link(one, "gitlab") for one in ("ada", "grace")]
    await expire(world, ada)
    spoil(world, "gitlab", "token", "invalid_client")
    await refresh_account(world.services, ada.id)
    await rows(world.services.database, "UPDATE circuit SET retry_at = now() + interval '1 hour'")
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")

    assert await refresh_due(world.services) == 0

    assert refreshes(world, "gitlab") == 1
    assert (await read(world, grace)).token_version == grace.token_version


async def test_a_round_whose_time_is_up_takes_up_nothing_more(world: World) -> None:
    """A host that is slow for a whole round leaves what is due to the next one."""
    await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET refresh_due_at = clock_timestamp()")
    hours = count(step=3_600.0)
    clock = replace(world.services.clock, boottime=lambda: next(hours))

    assert await refresh_due(replace(world.services, clock=clock)) == 0

    assert refreshes(world, "gitlab") == 0
    assert await refresh_due(world.services) == 1
