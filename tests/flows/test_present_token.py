"""
One refresh: what comes back is committed, whatever happens meanwhile, and nothing else is.

The host is the simulator, the database is real; a refresh is slowed down where a test needs
something to happen in its middle.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from permsync.errors import TokenUnavailableError, UnknownError
from permsync.flows import present_token
from permsync.flows.deps import Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.in_flight import InFlight
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, AccountState, RunState
from permsync.rules.refresh.claim import Claim
from permsync.simulator.faults import RateLimit
from permsync.store.engine import Database
from tests.databases import FreshDatabase
from tests.flows.scenes import (
    LOCKED_OUT,
    column,
    expire,
    read,
    refreshes,
    rows,
    spoil,
    sync,
    until,
    with_host,
)
from tests.world import World, host_settings

OUTCOMES = "SELECT outcome FROM refresh_attempt ORDER BY id"


async def test_an_answer_without_a_refresh_token_keeps_the_old_one(world: World) -> None:
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.omit_refresh_token = True
    for _ in range(2):
        await expire(world, account)
        await fresh_token(world.services, account.id)

    assert (await read(world, account)).token_version == 3
    assert list(world.host("gitlab").log.presentations().values()) == [2]


async def test_an_answer_without_a_lifetime_gets_the_one_its_host_is_known_for(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.omit_expires_in = True

    token = await fresh_token(world.services, account.id)

    assert token.expires_at is not None


@pytest.mark.parametrize("host", ["github", "bitbucket", "bitbucket-dc"])
async def test_no_token_of_a_host_that_is_known_to_expire_lasts_for_ever(
    world: World, host: str
) -> None:
    account = await world.link("ada", host)
    await expire(world, account)
    world.host(host).faults.omit_expires_in = True

    token = await fresh_token(world.services, account.id)

    assert token.expires_at is not None


async def test_tokens_of_ten_kilobytes_are_kept_and_sent(world: World) -> None:
    world.host("gitlab").faults.token_padding = 10_000
    account = await world.link("ada", "gitlab")
    await expire(world, account)

    assert await sync(world, account) is RunState.SUCCEEDED
    assert len((await fresh_token(world.services, account.id)).access_token) > 10_000


async def test_a_token_counts_from_before_it_was_asked_for(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 0.3

    await fresh_token(world.services, account.id)

    times = "SELECT started_at >= issued_at AND closed_at > issued_at FROM account, refresh_attempt"
    assert await column(world.services.database, times) == [True]


async def test_a_suspect_account_that_is_refreshed_is_healed(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "rejection")
    await refresh_account(world.services, account.id)
    assert (await read(world, account)).state is AccountState.SUSPECT
    await rows(world.services.database, "UPDATE account SET refresh_try_at = clock_timestamp()")

    await fresh_token(world.services, account.id)

    healed = await read(world, account)
    assert (healed.state, healed.reason, healed.rejections) == (AccountState.ACTIVE, None, 0)
    changes = "SELECT was || ' ' || became FROM change WHERE kind = 'account' AND was IS NOT NULL"
    assert await column(world.services.database, changes) == ["active suspect", "suspect active"]
    actions = "SELECT action FROM audit_event WHERE actor = 'permsync' ORDER BY id"
    assert await column(world.services.database, actions) == ["account_suspect", "account_healed"]


async def test_a_limit_at_the_token_endpoint_is_waited_for(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    limit = RateLimit(where="token", retry_after_seconds=1_000)
    world.host("gitlab").faults.rate_limit = limit

    with pytest.raises(TokenUnavailableError) as refused:
        await fresh_token(world.services, account.id)

    assert refused.value.retry_in is not None
    assert refused.value.retry_in > timedelta(seconds=900)
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_a_host_that_cannot_be_reached_was_not_told_the_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    nowhere = replace(host_settings(world.simulator, "gitlab"), base_url="http://127.0.0.1:9")
    services = with_host(world.services, nowhere)

    await refresh_account(services, account.id)

    assert await column(services.database, OUTCOMES) == ["unsent"]
    assert (await read(world, account)).state is AccountState.ACTIVE


async def test_who_was_held_up_past_the_deadline_sends_nothing(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    hours = count(step=3_600.0)
    clock = replace(world.services.clock, boottime=lambda: next(hours))
    late = replace(world.services, clock=clock)

    await refresh_account(late, account.id)

    assert refreshes(world, "gitlab") == 0
    assert await column(late.database, OUTCOMES) == ["unsent"]


async def test_i4_nothing_is_claimed_on_facts_that_moved(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    before = await load_holding(world.services, account.id)
    await refresh_account(world.services, account.id)

    await present_token.present_token(world.services, before, Claim())

    assert refreshes(world, "gitlab") == 1
    assert (await read(world, account)).token_version == 2


async def test_no_token_is_claimed_for_a_host_that_is_not_configured(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)

    with pytest.raises(UnknownError):
        await refresh_account(replace(world.services, hosts={}), account.id)

    assert await column(world.services.database, OUTCOMES) == []


@asynccontextmanager
async def in_the_middle_of_a_refresh(world: World, account: Account) -> AsyncIterator[None]:
    """The token has reached the host and the answer is not sent yet; after it, all is over."""
    await expire(world, account)
    world.host(account.host).faults.token_latency_seconds = 2.0
    running = asyncio.create_task(refresh_account(world.services, account.id))
    faults = world.host(account.host).faults
    await until(lambda: refreshes(world, account.host))
    faults.token_latency_seconds = 0
    yield
    await running


@pytest.mark.parametrize("answer", ["tokens", "refusal"])
async def test_a_new_link_is_never_overwritten_by_a_late_answer(world: World, answer: str) -> None:
    account = await world.link("ada", "gitlab")
    if answer == "refusal":
        world.host("gitlab").faults.refuse_refreshes = True
    async with in_the_middle_of_a_refresh(world, account):
        again = await world.link("ada", "gitlab")

    assert await read(world, account) == again
    assert (await fresh_token(world.services, account.id)).link_id == again.link_id
    assert await column(world.services.database, OUTCOMES) == ["fenced"]
    assert await sync(world, again) is RunState.SUCCEEDED


async def test_a_late_answer_brings_no_token_to_an_account_that_was_unlinked(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    async with in_the_middle_of_a_refresh(world, account):
        await unlink_account(world.services, account.id, user_id=account.user_id, actor="user:1")

    assert (await read(world, account)).state is AccountState.UNLINKED
    sealed = "SELECT num_nonnulls(access_sealed, refresh_sealed, key_id) FROM account"
    assert await column(world.services.database, sealed) == [0]
    assert await column(world.services.database, OUTCOMES) == ["fenced"]


async def test_a_database_that_is_lost_before_the_commit_gets_the_tokens_later(
    world: World, database: FreshDatabase
) -> None:
    account = await world.link("ada", "gitlab")
    elsewhere = Database(database.url)
    async with in_the_middle_of_a_refresh(world, account), elsewhere.begin() as connection:
        await connection.exec_driver_sql("SELECT FROM account FOR UPDATE")
        stuck: list[int] = []
        while not stuck:  # the commit waits for the row
            stuck = await column(world.services.database, LOCKED_OUT)
        await column(world.services.database, f"SELECT pg_terminate_backend({stuck[0]})")
    await elsewhere.close()

    assert (await read(world, account)).token_version == 2
    assert refreshes(world, "gitlab") == 1
    assert await column(world.services.database, OUTCOMES) == ["adopted"]


def with_short_lease(services: Services) -> Services:
    """Another process, which is taken for dead the moment it has claimed."""
    durations = replace(services.durations, refresh_lease=timedelta(microseconds=1))
    return replace(services, durations=durations, in_flight=InFlight(limit=1))


# What becomes of the attempt that is overtaken, and of the one that overtakes it.
OVERTAKEN = {"tokens": ["adopted", "superseded"], "refusal": ["unanswered", "adopted"]}


@pytest.mark.parametrize("first_answer", OVERTAKEN)
async def test_who_is_overtaken_neither_overwrites_nor_condemns(
    world: World, first_answer: str
) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    if first_answer == "refusal":
        spoil(world, "gitlab", "token", "rejection")
    world.host("gitlab").faults.token_latency_seconds = 0.3
    slow = asyncio.create_task(refresh_account(with_short_lease(world.services), account.id))
    await until(lambda: refreshes(world, "gitlab"))
    world.host("gitlab").faults.token_latency_seconds = 0.6

    await refresh_account(world.services, account.id)
    await slow

    now = await read(world, account)
    assert (now.state, now.token_version, now.rejections) == (AccountState.ACTIVE, 2, 0)
    outcomes = await column(world.services.database, OUTCOMES)
    assert outcomes == OVERTAKEN[first_answer]
    assert await sync(world, account) is RunState.SUCCEEDED


async def test_an_attempt_does_not_show_its_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    holding = await load_holding(world.services, account.id)

    attempt = await present_token._claim(world.services, holding, Claim())

    assert attempt is not None
    assert attempt.presented is not None
    assert attempt.presented not in repr(attempt)
