"""
The one verb that gives a token: fresh at once, stale with a nudge, dead after one refresh.

However many ask at once, the host sees one refresh. These tests must not know what an
answer of the token endpoint means; ``test_present_token`` does.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import TokenUnavailableError, UnknownError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import FreshToken, fresh_token
from permsync.flows.unlink_account import unlink_account
from permsync.hosts.github import Host as GitHub
from permsync.model import AccountReason, AccountState
from permsync.simulator.samples import sample_world
from tests.flows.scenes import (
    age_to_stale,
    column,
    expire,
    read,
    refreshes,
    spoil,
    until,
    with_host,
)
from tests.world import KINDS, PUBLIC_URL, World, host_settings

CALLERS = 20


@pytest.mark.parametrize("host", KINDS)
async def test_an_expired_token_is_refreshed_before_it_is_given(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await expire(world, account)

    token = await fresh_token(world.services, account.id)

    assert refreshes(world, host) == 1
    pair = world.host(host).tokens.with_access(token.access_token)
    assert pair is not None
    assert pair.access_lives(world.simulator.world.now())
    assert token.version == 2
    assert token.link_id == account.link_id


async def test_a_fresh_token_is_given_without_a_question(world: World) -> None:
    account = await world.link("ada", "gitlab")
    before = len(world.host("gitlab").log.records)

    token = await fresh_token(world.services, account.id)

    assert len(world.host("gitlab").log.records) == before
    assert token.version == 1
    assert token.fresh_until is not None
    assert token.expires_at is not None
    assert token.fresh_until < token.expires_at


@pytest.mark.parametrize("host", KINDS)
async def test_many_callers_of_one_expired_token_cause_one_refresh(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await expire(world, account)

    tokens = await asyncio.gather(
        *(fresh_token(world.services, account.id) for _ in range(CALLERS))
    )

    assert refreshes(world, host) == 1
    assert set(world.host(host).log.presentations().values()) == {1}
    assert len({token.access_token for token in tokens}) == 1


async def test_a_stale_token_is_given_and_its_refresh_is_queued(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await age_to_stale(world, account)

    token = await fresh_token(world.services, account.id)
    await fresh_token(world.services, account.id)

    assert token.version == 1
    assert token.fresh_until == token.expires_at
    assert refreshes(world, "gitlab") == 0
    queued = "SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'refresh_account@%'"
    assert await column(world.services.database, queued) == [1]


async def test_a_stale_token_whose_refresh_runs_is_given_without_a_nudge(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 0.3
    refreshing = asyncio.create_task(fresh_token(world.services, account.id))
    await until(lambda: refreshes(world, "gitlab"))
    await age_to_stale(world, account)

    token = await fresh_token(world.services, account.id)

    assert token.version == 1
    queued = "SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'refresh_account@%'"
    assert await column(world.services.database, queued) == [0]
    assert (await refreshing).version == 2


async def test_a_refused_version_is_never_given_again(world: World) -> None:
    account = await world.link("ada", "gitlab")

    first = await fresh_token(world.services, account.id, rejected_version=1)
    second = await fresh_token(world.services, account.id, rejected_version=1)

    assert (first.version, second.version) == (2, 2)
    assert refreshes(world, "gitlab") == 1


async def test_waiting_for_a_refresh_is_bounded(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 0.5
    durations = replace(world.services.durations, refresh_wait=timedelta(milliseconds=50))
    hurried = replace(world.services, durations=durations)
    refreshing = asyncio.create_task(fresh_token(world.services, account.id))
    await until(lambda: refreshes(world, "gitlab"))

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(hurried, account.id)

    assert refused.value.reason == "refresh_running"
    assert refused.value.retry_in is not None
    assert (await refreshing).version == 2
    assert refreshes(world, "gitlab") == 1


async def test_a_caller_who_leaves_does_not_stop_the_refresh(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 0.2
    caller = asyncio.create_task(fresh_token(world.services, account.id))
    await until(lambda: refreshes(world, "gitlab"))

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await world.services.in_flight.drain()

    assert (await read(world, account)).token_version == 2
    assert refreshes(world, "gitlab") == 1


def unhurried(world: World) -> Services:
    """The same services, whose next try is far away however slow this machine is."""
    far = timedelta(minutes=1)
    durations = replace(world.services.durations, refresh_retry_first=far, refresh_settle=far)
    return replace(world.services, durations=durations)


async def test_after_a_refusal_the_caller_is_told_when_to_come_back(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "rejection")

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(unhurried(world), account.id)

    assert refused.value.reason == "refresh_refused_once"
    assert refused.value.retry_in is not None


async def test_after_an_outage_the_caller_is_told_when_to_come_back(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "502")

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(unhurried(world), account.id)

    assert refused.value.reason == "refresh_backing_off"
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_an_unlinked_account_gives_no_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="user:1")

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(world.services, account.id)

    assert refused.value.reason == "unlinked_by_person"
    assert refused.value.retry_in is None


async def test_an_unknown_account_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(UnknownError):
        await fresh_token(world.services, 404)


async def link_without_refresh(world: World) -> tuple[World, FreshToken]:
    """Link at GitHub as an OAuth app whose tokens do not expire and cannot be refreshed."""
    world.simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth"))
    settings = replace(host_settings(world.simulator, "github"), options={})
    services = with_host(world.services, settings)
    assert isinstance(services.host("github").host, GitHub)
    here = replace(world, services=services)
    account = await here.link("ada", "github")
    return here, await fresh_token(services, account.id)


async def test_a_token_without_an_expiry_is_fresh(world: World) -> None:
    _, token = await link_without_refresh(world)

    assert token.expires_at is None
    assert token.fresh_until is None


async def test_an_expired_token_that_cannot_be_refreshed_ends_access(world: World) -> None:
    here, _ = await link_without_refresh(world)
    account = (await column(here.services.database, "SELECT id FROM account"))[0]
    await column(
        here.services.database,
        "UPDATE account SET issued_at = clock_timestamp() - interval '2 hours',"
        " access_expires_at = clock_timestamp() - interval '1 hour' RETURNING id",
    )

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(here.services, account)

    assert refused.value.reason == "no_refresh_token"
    reasons = await column(here.services.database, "SELECT reason FROM account")
    assert reasons == [AccountReason.NO_REFRESH_TOKEN.value]


async def test_who_refuses_a_token_that_cannot_be_refreshed_gives_the_verdict(
    world: World,
) -> None:
    here, token = await link_without_refresh(world)
    account = (await column(here.services.database, "SELECT id FROM account"))[0]

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(here.services, account, rejected_version=token.version)

    assert refused.value.reason == "no_refresh_token"
    assert await column(here.services.database, "SELECT state FROM account") == ["active"]


async def test_a_token_is_not_shown_by_its_own_text(world: World) -> None:
    account = await world.link("ada", "gitlab")

    token = await fresh_token(world.services, account.id)

    assert token.access_token not in repr(token)
