"""
A refused OAuth client stops its host's refreshes, blames no account, and ends by itself.

One operator mistake must not look like the death of every account.
"""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from permsync.errors import TokenUnavailableError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.measure import measure
from permsync.flows.refresh_account import refresh_account
from permsync.flows.refresh_due import refresh_due
from permsync.model import Account, AccountState
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil, with_host
from tests.world import World, host_settings

HALF_OPEN = "UPDATE circuit SET retry_at = clock_timestamp() - interval '1 second'"
DUE = "UPDATE account SET refresh_due_at = clock_timestamp(), refresh_try_at = NULL"


async def link_two(world: World) -> tuple[Account, Account]:
    """Two people whose tokens expired while nobody was there."""
    both = (await world.link("ada", "gitlab"), await world.link("grace", "gitlab"))
    for account in both:
        await expire(world, account)
    return both


async def test_a_refused_client_stops_everybody_and_blames_nobody(world: World) -> None:
    ada, ben = await link_two(world)
    spoil(world, "gitlab", "token", "invalid_client", times=50)

    await refresh_account(world.services, ada.id)
    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(world.services, ben.id)

    assert refused.value.reason == "client_refused"
    assert refused.value.retry_in is not None
    assert refreshes(world, "gitlab") == 1
    for account in (ada, ben):
        now = await read(world, account)
        assert (now.state, now.rejections) == (AccountState.ACTIVE, 0)


async def test_whoever_has_a_living_token_is_served_meanwhile(world: World) -> None:
    ada = await world.link("ada", "gitlab")
    ben = await world.link("grace", "gitlab")
    await expire(world, ada)
    spoil(world, "gitlab", "token", "invalid_client", times=50)
    await refresh_account(world.services, ada.id)

    assert (await fresh_token(world.services, ben.id)).version == 1


async def test_one_probe_at_a_time_finds_out_that_it_is_over(world: World) -> None:
    ada, ben = await link_two(world)
    answer = spoil(world, "gitlab", "token", "invalid_client", times=2)
    await refresh_account(world.services, ada.id)
    await rows(world.services.database, HALF_OPEN)
    await rows(world.services.database, DUE)
    await asyncio.gather(*(refresh_account(world.services, one.id) for one in (ada, ben)))
    assert refreshes(world, "gitlab") == 2
    assert answer.times == 0
    failures = await column(world.services.database, "SELECT failures FROM circuit")
    assert failures == [2]

    await rows(world.services.database, HALF_OPEN)
    await rows(world.services.database, DUE)
    await refresh_due(world.services)
    await rows(world.services.database, DUE)
    await refresh_due(world.services)

    versions = {(await read(world, one)).token_version for one in (ada, ben)}
    assert min(versions) > 1
    opened = "SELECT count(*) FROM circuit WHERE retry_at IS NOT NULL"
    assert await column(world.services.database, opened) == [0]


async def test_corrected_credentials_start_with_a_closed_circuit(world: World) -> None:
    ada, ben = await link_two(world)
    wrong = replace(host_settings(world.simulator, "gitlab"), client_secret="not the secret")
    await refresh_account(with_host(world.services, wrong), ada.id)
    opened = "SELECT count(*) FROM circuit WHERE retry_at IS NOT NULL"
    assert await column(world.services.database, opened) == [1]

    assert (await fresh_token(world.services, ben.id)).version == 2


async def test_an_operator_reads_in_the_log_that_it_opened_and_that_it_closed(
    world: World,
) -> None:
    ada, _ = await link_two(world)
    spoil(world, "gitlab", "token", "invalid_client")
    with capture_logs() as lines:
        await refresh_account(world.services, ada.id)
        await rows(world.services.database, HALF_OPEN)
        await rows(world.services.database, DUE)
        await refresh_account(world.services, ada.id)
    told = [one for one in lines if one["event"] in {"circuit_opened", "circuit_closed"}]
    assert [(one["event"], one["host"]) for one in told] == [
        ("circuit_opened", "gitlab"),
        ("circuit_closed", "gitlab"),
    ]


async def test_the_circuit_is_measured(world: World) -> None:
    ada, _ = await link_two(world)
    spoil(world, "gitlab", "token", "invalid_client", times=50)
    await refresh_account(world.services, ada.id)

    await measure(world.services)

    shown = world.services.metrics.render().decode()
    assert 'permsync_circuit_open{host="gitlab"} 1.0' in shown
    assert 'permsync_circuit_open{host="github"} 0.0' in shown
