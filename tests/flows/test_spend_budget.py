"""What a credential may still ask, shared by all processes, with a share kept for people."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import cast

import pytest

from permsync.codehost import Response
from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services
from permsync.flows.list_budgets import list_budgets
from permsync.flows.request_sync import request_sync
from permsync.flows.spend_budget import DRAWN_AT_ONCE, Allowance
from permsync.flows.sync_account import sync_account
from permsync.model import RunState, Trigger
from permsync.rules.budget import RESERVED_SHARE
from permsync.simulator.faults import Quota, RateLimit
from permsync.simulator.host import Host
from permsync.simulator.samples import bulk_repositories
from permsync.store.engine import Connection, Database
from tests.flows.faulty_doors import FaultyDatabase
from tests.flows.scenes import column, last_run, rows, spoil, sync
from tests.world import KINDS, World

LEFT = "SELECT remaining FROM budget"


def allowance(world: World, host: str, trigger: Trigger = Trigger.SCHEDULE) -> Allowance:
    """What a run for an account at a host may send."""
    configured = world.services.host(host)
    return Allowance(world.services, configured, credential="account 1", trigger=trigger)


async def leave(world: World, remaining: int, *, host: str, credential: str) -> None:
    """Let a window of a thousand requests have so many left."""
    await rows(
        world.services.database,
        "INSERT INTO budget VALUES (:host, :credential, 1000, :remaining,"
        " clock_timestamp() + interval '30 minutes', NULL, clock_timestamp())",
        host=host,
        credential=credential,
        remaining=remaining,
    )


async def test_bitbucket_clouds_people_share_one_budget(world: World) -> None:
    """Calls with OAuth count against the consumer, about a thousand an hour (HOSTS 1.3 #25)."""
    for person in ("ada", "grace"):
        assert await sync(world, await world.link(person, "bitbucket")) is RunState.SUCCEEDED
    (known,) = await list_budgets(world.services)
    sent = await column(world.services.database, "SELECT sum(requests) FROM run")
    assert (known.host, known.credential) == ("bitbucket", "client")
    assert (known.budget.limit, known.budget.limit - known.budget.remaining) == (1_000, sent[0])


async def test_requests_that_nobody_counts_are_drawn_in_lots(world: World) -> None:
    spent = allowance(world, "bitbucket")
    left = []
    for _ in range(DRAWN_AT_ONCE + 1):
        assert await spent.take() is None
        left += await column(world.services.database, LEFT)
    assert set(left[:-1]) == {1_000 - DRAWN_AT_ONCE}
    assert left[-1] == 1_000 - 2 * DRAWN_AT_ONCE
    await spent.settle()
    assert await column(world.services.database, LEFT) == [1_000 - DRAWN_AT_ONCE - 1]


async def test_background_work_stops_at_what_is_reserved_and_a_person_goes_on(
    world: World,
) -> None:
    account = await world.link("ada", "bitbucket")
    await leave(world, 200, host="bitbucket", credential="client")

    assert await sync(world, account) is RunState.FAILED
    run = await last_run(world, account)
    assert (run["failure"], run["requests"]) == ("rate_limited", 0)
    due = await column(
        world.services.database,
        "SELECT sync_due_at > clock_timestamp() + interval '29 minutes' FROM account",
    )
    assert due == [True]

    assert await sync_account(world.services, account.id, Trigger.PERSON) is RunState.SUCCEEDED


@pytest.mark.parametrize("host", KINDS)
async def test_a_limit_that_one_process_met_is_known_to_all(world: World, host: str) -> None:
    account = await world.link("ada", host)
    simulated = world.host(host)
    simulated.faults.rate_limit = RateLimit(retry_after_seconds=1_000)
    await sync(world, account)
    asked = len(simulated.log.records)
    simulated.faults.rate_limit = None

    assert await sync_account(world.services, account.id, Trigger.PERSON) is RunState.FAILED

    assert len(simulated.log.records) == asked  # it was not asked while it refuses everything
    (known,) = await list_budgets(world.services)
    assert known.budget.limited_until is not None


async def test_a_limited_host_does_not_hold_up_another(world: World) -> None:
    limited, other = await world.link("ada", "gitlab"), await world.link("ada", "github")
    world.host("gitlab").faults.rate_limit = RateLimit(retry_after_seconds=1_000)
    assert await sync(world, limited) is RunState.FAILED
    assert await sync(world, other) is RunState.SUCCEEDED


async def test_githubs_window_is_learned_from_its_answers_with_one_write_a_run(
    world: World,
) -> None:
    account = await world.link("ada", "github")
    await sync(world, account)
    written = await rows(world.services.database, "SELECT * FROM budget")
    assert [(row["credential"], row["request_limit"]) for row in written] == [
        (f"account {account.id}", 5_000)
    ]
    await sync(world, account)
    assert await rows(world.services.database, "SELECT * FROM budget") == written


async def test_a_window_that_runs_low_stops_background_work_before_it_is_spent(
    world: World,
) -> None:
    bulk_repositories(world.simulator.world, "github", 7_000, person="ada", owner="acme")
    account = await world.link("ada", "github")
    simulated = world.host("github")
    simulated.faults.quota = quota = Quota(60, 10**9)
    asked = len(simulated.log.records)

    services = patient(world.services, timedelta())
    assert await sync(world, account, services=services) is RunState.PARTIAL

    assert (await last_run(world, account))["failure"] == "rate_limited"
    assert {record.status for record in simulated.log.records[asked:]} == {200}
    in_flight = world.services.host("github").host.parallel - 1
    assert quota.limit - quota.used >= quota.limit * RESERVED_SHARE - in_flight


async def test_of_two_listings_that_one_window_does_not_hold_one_is_done_and_one_waits(
    world: World,
) -> None:
    """Side by side each would get half of what it needs, and in every window again."""
    people = []
    for person in ("ada", "grace"):
        bulk_repositories(
            world.simulator.world, "bitbucket", 3_000, person=person, owner=f"bulk-{person}"
        )
        people.append(await world.link(person, "bitbucket"))
        assert await sync(world, people[-1]) is RunState.SUCCEEDED
    needs = await column(world.services.database, "SELECT max(requests) FROM run")
    await rows(world.services.database, "DELETE FROM budget")
    await leave(world, 200 + needs[0] + 10, host="bitbucket", credential="client")

    states = await asyncio.gather(*(sync(world, account) for account in people))

    assert set(states) == {RunState.SUCCEEDED, RunState.FAILED}
    counted = "SELECT requests FROM run WHERE failure = 'rate_limited'"
    assert await column(world.services.database, counted) == [0]


async def test_a_listing_that_was_cut_is_taken_to_need_twice_what_it_had(world: World) -> None:
    bulk_repositories(world.simulator.world, "bitbucket", 3_000, person="ada", owner="bulk")
    account = await world.link("ada", "bitbucket")
    await leave(world, 200 + 25, host="bitbucket", credential="client")
    assert await sync(world, account) is RunState.PARTIAL
    await rows(world.services.database, "UPDATE budget SET remaining = 200 + 49")
    assert await sync(world, account) is RunState.FAILED
    await rows(world.services.database, "UPDATE budget SET remaining = 200 + 50")
    assert await sync(world, account) is RunState.SUCCEEDED


async def test_a_run_that_is_broken_off_gives_back_what_it_drew(world: World) -> None:
    """A worker that is stopped must not take the window of everybody with it."""
    account = await world.link("ada", "bitbucket")
    simulated = world.host("bitbucket")
    asked = len(simulated.log.records)
    simulated.faults.api_latency_seconds = 30.0
    running = asyncio.create_task(sync(world, account))
    await until_asked(simulated, asked + 1)
    running.cancel()
    await asyncio.wait({running})
    (left,) = await column(world.services.database, LEFT)
    assert left >= 1_000 - 2  # whose token it is, and the first page


@dataclass(slots=True)
class BusyDatabase:
    """The same database; something happens in each transaction before it commits."""

    real: Database
    meanwhile: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        """A transaction."""
        async with self.real.begin() as connection:
            yield connection
            self.meanwhile()


async def test_a_window_that_ends_while_requests_are_drawn_from_it_has_ended(world: World) -> None:
    """Pages are read side by side: one may hear it while another is about to be asked for."""
    database = BusyDatabase(world.services.database)
    services = replace(world.services, database=cast(Database, database))
    spent = allowance(replace(world, services=services), "github")
    now = services.clock.now()
    said = {"limit": 5_000, "remaining": 0, "reset": int(now.timestamp()) + 1_800}
    headers = {f"x-ratelimit-{name}": str(value) for name, value in said.items()}
    headers["date"] = format_datetime(now, usegmt=True)
    database.meanwhile = lambda: spent.note(Response(200, headers, b""))
    assert [await spent.take() is None for _ in range(4)] == [False] * 4


def patient(services: Services, wait_in: timedelta) -> Services:
    """Services which keep waits up to this long."""
    return replace(services, durations=replace(services.durations, limit_wait=wait_in))


@pytest.mark.parametrize("host", KINDS)
async def test_a_short_wait_is_kept_inside_the_run(world: World, host: str) -> None:
    account = await world.link("ada", host)
    spoil(world, host, "api", "rate_limited")
    state = await sync(world, account, services=patient(world.services, timedelta(minutes=2)))
    assert state is RunState.SUCCEEDED


async def test_a_listing_that_one_window_does_not_hold_goes_on_at_its_page_in_the_next(
    world: World,
) -> None:
    """What was read is not asked for anew, so that it comes to its end at all."""
    bulk_repositories(world.simulator.world, "gitlab", 4_000, person="ada")
    account = await world.link("ada", "gitlab")
    simulated = world.host("gitlab")
    simulated.faults.quota = Quota(16, 2)

    services = patient(world.services, timedelta(seconds=0.9))  # the host names a second or two
    assert await sync(world, account, services=services) is RunState.SUCCEEDED

    pages = [one.query for one in simulated.log.to_path("/projects") if one.status == 200]
    assert len(pages) == len(set(pages)) > 40


async def test_a_press_ends_the_wait_of_a_listing_that_background_work_began(
    world: World,
) -> None:
    """A share of the window is kept for whoever presses, and they do not wait for the next."""
    bulk_repositories(world.simulator.world, "github", 7_000, person="ada", owner="acme")
    account = await world.link("ada", "github")
    simulated = world.host("github")
    simulated.faults.quota = Quota(60, 10**9)
    services = patient(world.services, timedelta(hours=1))
    durations = replace(services.durations, run_look=timedelta(milliseconds=30))
    services = replace(services, durations=durations)

    running = asyncio.create_task(sync(world, account, services=services))
    await until_asked(simulated, 40)
    await request_sync(services, account.id, Trigger.PERSON, actor="user:1")

    assert await running is RunState.PARTIAL
    assert (await last_run(world, account))["failure"] == "rate_limited"


async def until_asked(simulated: Host, times: int) -> None:
    for _ in range(2_000):
        if len(simulated.log.records) >= times:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"the host was asked less than {times} times")


async def test_a_longer_wait_ends_the_run_with_what_it_has(world: World) -> None:
    """Owners that were read whole are renewed; the others wait for the next run."""
    account = await world.link("ada", "bitbucket")
    await sync(world, account)
    spoil(world, "bitbucket", "api", "rate_limited", match="/permissions/repositories", times=9)
    services = patient(world.services, timedelta())
    assert await sync(world, account, services=services) is RunState.PARTIAL
    assert (await last_run(world, account))["failure"] == "rate_limited"
    soon = "SELECT sync_due_at < clock_timestamp() + interval '30 minutes' FROM account"
    assert await column(world.services.database, soon) == [True]


async def test_a_lot_that_was_not_written_down_is_not_drawn(world: World) -> None:
    await leave(world, 500, host="bitbucket", credential="client")
    real = world.services.database
    broken = FaultyDatabase(real, ["before_commit"])
    services = replace(world.services, database=cast(Database, broken))
    spent = allowance(replace(world, services=services), "bitbucket")
    with pytest.raises(DatabaseUnavailableError):
        await spent.take()
    await spent.settle()
    assert await column(real, LEFT) == [500]
