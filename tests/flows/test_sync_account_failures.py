"""
What a host refuses, breaks or garbles during a sync, and what that does to access.

A refused credential, a missing scope and a disabled account end it; everything else keeps
what is stored and the account as it is (HOSTS 1.2). Each host says these things its own way.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.flows.deps import Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.sync_account import sync_account
from permsync.model import AccountReason, AccountState, Reason, RunState, Trigger
from permsync.simulator.faults import RateLimit, Shape
from permsync.simulator.samples import sample_world
from tests.flows.scenes import (
    column,
    everything_stored,
    expire,
    found_in,
    granted,
    last_run,
    private_name,
    read,
    reason,
    refreshes,
    spoil,
    sync,
    until,
    with_host,
)
from tests.world import KINDS, PUBLIC_URL, World, host_settings

# Part of the path of each host's listing: "repositories" or "repos", and GitLab's own word.
LISTING = {name: "/projects" if name == "gitlab" else "/repos" for name in KINDS}
NONSENSE: dict[Shape, str] = {
    "html": "unreadable",
    "empty": "unreadable",
    "empty_object": "unreadable",
    "oversized": "unreadable",
    "invalid_utf8": "unreadable",
    "redirect": "unavailable",
    "502": "unavailable",
    "200_error": "unreadable",
    "truncated": "unavailable",
    "hang": "unavailable",
}


def impatient(services: Services) -> Services:
    """The same services, which wait for a hanging host no longer than a test may last."""
    short = timedelta(milliseconds=100)
    return replace(
        services,
        durations=replace(
            services.durations,
            api_deadline=short,
            api_backoff=short / 100,
            refresh_deadline=short,
            refresh_wait=timedelta(),
        ),
    )


@pytest.mark.parametrize("host", KINDS)
async def test_a_401_on_a_fresh_token_is_answered_by_one_refresh_and_one_repeat(
    world: World, host: str
) -> None:
    account = await world.link("ada", host)
    spoil(world, host, "api", "unauthorized")

    assert await sync(world, account) is RunState.SUCCEEDED

    assert refreshes(world, host) == 1
    assert (await read(world, account)).token_version == 2


@pytest.mark.parametrize("host", KINDS)
async def test_a_401_that_stays_ends_access(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    spoil(world, host, "api", "unauthorized", times=20)

    assert await sync(world, account) is RunState.FAILED

    assert refreshes(world, host) == 1
    ended = await read(world, account)
    assert (ended.state, ended.reason) == (
        AccountState.NEEDS_REAUTH,
        AccountReason.CREDENTIAL_REJECTED,
    )
    assert await reason(world, account, private_name(world, host)) is Reason.NEEDS_REAUTH


@pytest.mark.parametrize("host", KINDS)
async def test_a_revoked_authorization_ends_access_at_once(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    world.host(host).tokens.revoke("ada")

    assert await sync(world, account) is RunState.FAILED

    assert refreshes(world, host) == 1
    assert (await read(world, account)).reason is AccountReason.CREDENTIAL_REJECTED
    assert (await last_run(world, account))["failure"] == "credential_rejected"
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, world.simulator.world.canaries)


@pytest.mark.parametrize(
    ("host", "state"),
    [
        ("github", AccountState.DISABLED_AT_HOST),
        ("gitlab", AccountState.DISABLED_AT_HOST),
        ("bitbucket", AccountState.DISABLED_AT_HOST),
        ("bitbucket-dc", AccountState.NEEDS_REAUTH),  # it says nothing but that the token is dead
    ],
)
async def test_an_account_that_its_host_disabled_loses_access(
    world: World, host: str, state: AccountState
) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    world.host(host).set_account_state("ada", "blocked")

    await sync(world, account)

    assert (await read(world, account)).state is state
    assert await reason(world, account, private_name(world, host)) is Reason(state.value)


@pytest.mark.parametrize("host", ["github", "gitlab", "bitbucket"])
async def test_a_scope_that_was_taken_back_ends_access(world: World, host: str) -> None:
    world.simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth_expiring"))
    settings = host_settings(world.simulator, host)
    services = with_host(world.services, replace(settings, options={}))
    account = await replace(world, services=services).link("ada", host)
    await sync(world, account, services=services)
    world.host(host).tokens.shrink_scopes([], person="ada")

    assert await sync(world, account, services=services) is RunState.FAILED

    ended = await read(world, account)
    assert (ended.state, ended.reason) == (
        AccountState.NEEDS_SCOPE,
        AccountReason.SCOPE_MISSING,
    )
    assert await reason(world, account, private_name(world, host)) is Reason.NEEDS_SCOPE


@pytest.mark.parametrize("host", KINDS)
async def test_a_rate_limit_keeps_access_and_is_waited_for(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    world.host(host).faults.rate_limit = RateLimit(retry_after_seconds=1_000)

    assert await sync(world, account) is RunState.FAILED

    kept = await read(world, account)
    run = await last_run(world, account)
    assert run["failure"] == "rate_limited"
    assert kept.state is AccountState.ACTIVE
    assert kept.sync_due_at is not None
    assert kept.sync_due_at >= run["started_at"] + timedelta(seconds=1_000)
    assert await reason(world, account, private_name(world, host)) is Reason.GRANT


@pytest.mark.parametrize("host", KINDS)
async def test_an_outage_keeps_access_and_is_tried_again_later(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    before = await granted(world, account)
    world.host(host).faults.outage = True

    assert await sync(world, account) is RunState.FAILED

    kept = await read(world, account)
    assert (await last_run(world, account))["failure"] == "unavailable"
    assert kept.state is AccountState.ACTIVE
    assert kept.sync_due_at is not None
    assert await granted(world, account) == before
    assert await column(world.services.database, "SELECT sync_failures FROM account") == [1]


@pytest.mark.parametrize("place", ["identity", "listing"])
@pytest.mark.parametrize("host", KINDS)
async def test_nonsense_is_classified_and_loses_nothing(
    world: World, host: str, place: str
) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    before = await granted(world, account)
    for shape, code in NONSENSE.items():
        services = impatient(world.services) if shape == "hang" else world.services
        match = "" if place == "identity" else LISTING[host]
        spoil(world, host, "api", shape, match=match, times=50)

        state = await sync(world, account, services=services)

        world.host(host).faults.next_answers.clear()
        assert state in {RunState.FAILED, RunState.PARTIAL}, shape
        assert (await last_run(world, account))["failure"] == code, shape
        assert await granted(world, account) == before, shape
        assert (await read(world, account)).state is AccountState.ACTIVE, shape
    assert await sync(world, account) is RunState.SUCCEEDED
    assert await column(world.services.database, 'SELECT 1 FROM "grant" WHERE missed') == []
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, world.simulator.world.canaries)


@pytest.mark.parametrize("host", KINDS)
async def test_nonsense_from_the_token_endpoint_is_survived(world: World, host: str) -> None:
    account = await world.link("ada", host)
    durations = replace(
        world.services.durations,
        refresh_backoff=timedelta(),
        refresh_settle=timedelta(milliseconds=10),
    )
    patient = replace(world.services, durations=durations)
    for shape in NONSENSE:
        await expire(world, account)
        spoil(world, host, "token", shape)

        first = await sync(
            world, account, services=impatient(patient) if shape == "hang" else patient
        )
        # Whoever is impatient may have given up before the host saw anything.
        world.host(host).faults.next_answers.clear()

        assert (await read(world, account)).state is AccountState.ACTIVE, shape
        if first is not RunState.SUCCEEDED:
            failure = (await last_run(world, account))["failure"]
            assert failure in {"refresh_backing_off", "refresh_running"}, shape
            assert await sync(world, account, services=patient) is RunState.SUCCEEDED, shape
    assert await granted(world, account)


@pytest.mark.parametrize("host", KINDS)
async def test_a_wrong_client_secret_blames_no_account(world: World, host: str) -> None:
    account = await world.link("ada", host)
    await sync(world, account)
    await expire(world, account)
    settings = replace(host_settings(world.simulator, host), client_secret="not the secret")
    services = with_host(world.services, settings)

    assert await sync(world, account, services=services) is RunState.FAILED

    kept = await read(world, account)
    assert (kept.state, kept.rejections) == (AccountState.ACTIVE, 0)
    assert await column(world.services.database, "SELECT outcome FROM refresh_attempt") == [
        "client_error"
    ]
    assert await reason(world, account, private_name(world, host)) is Reason.GRANT


async def test_a_token_of_somebody_else_lists_nothing_and_ends_access(world: World) -> None:
    account = await world.link("ada", "gitlab")
    pairs = list(world.host("gitlab").tokens.of("ada"))
    pairs[0].person = "linus"

    assert await sync(world, account) is RunState.FAILED

    assert (await read(world, account)).state is AccountState.NEEDS_REAUTH
    assert await granted(world, account) == set()


async def test_a_refusal_of_an_older_token_is_asked_again_with_the_newer_one(world: World) -> None:
    account = await world.link("ada", "gitlab")
    spoil(world, "gitlab", "api", "unauthorized", times=2)
    world.host("gitlab").faults.api_latency_seconds = 0.3
    asked = world.host("gitlab").log
    running = asyncio.create_task(sync_account(world.services, account.id, Trigger.SCHEDULE))
    identity = len(asked.to_path("/user"))
    await until(lambda: len(asked.to_path("/user")) == identity + 2)
    assert (await fresh_token(world.services, account.id, rejected_version=2)).version == 3

    assert await running is RunState.SUCCEEDED
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_a_scope_that_was_taken_back_before_the_first_listing_ends_access(
    world: World,
) -> None:
    world.simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth_expiring"))
    settings = replace(host_settings(world.simulator, "github"), options={})
    here = replace(world, services=with_host(world.services, settings))
    account = await here.link("ada", "github")
    here.host("github").tokens.shrink_scopes([], person="ada")

    assert await sync(here, account) is RunState.FAILED

    assert (await read(here, account)).reason is AccountReason.SCOPE_MISSING
    assert await granted(here, account) == set()
