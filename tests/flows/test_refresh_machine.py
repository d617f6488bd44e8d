"""
A stateful property: whatever happens to refreshes, in whatever order, no account is lost.

Hypothesis drives the real flow on the real database against the simulator, as any number of
processes, and spoils the doors (``faulty_doors``): answers lost before or after the host's
commit, late deliveries, commits that fail or are not heard of, refusals of healthy tokens, a
new link, an unlink. No account is falsely dead, nothing is overwritten, and no dead token is
shown healthy. The one loss allowed is an answer that was lost after the commit of a host
that rotates strictly, and it is called ``rotation_lost``.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from permsync.errors import PermsyncError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.in_flight import InFlight
from permsync.flows.plan_refresh import load_holding
from permsync.flows.refresh_account import refresh_account
from permsync.flows.seal_tokens import open_access, open_refresh
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.flows.unlink_account import unlink_account
from permsync.model import LIVING, Account, AccountReason, AccountState
from permsync.simulator.faults import NextAnswer
from permsync.simulator.samples import sample_world
from permsync.simulator.server import RunningSimulator
from permsync.simulator.tokens import Pair, Rotation
from permsync.store.engine import Database
from tests.databases import FreshDatabase
from tests.flows.faulty_doors import Broken, FaultyDatabase, FaultyTransport, Spoiled
from tests.flows.scenes import expire, rows, with_host
from tests.world import PUBLIC_URL, World, host_settings, running_services

HOST = "gitlab"
EXAMPLES, STEPS = 20, 12
# How the host behaves, and what it is configured to be.
POLICIES: dict[Rotation, str] = {
    "strict": "strict",
    "tolerant": "tolerant",
    "grace": "grace",
    "grace_newest_wins": "grace",
    "family": "family",
}
LOSING = ("strict", "family")
SPURIOUS = 3  # more in a row than the protocol believes to be chance would be believed
PASS = (
    "UPDATE refresh_attempt SET lease_until = clock_timestamp() WHERE state <> 'closed'",
    "UPDATE account SET refresh_try_at = NULL WHERE refresh_try_at IS NOT NULL",
    "UPDATE circuit SET retry_at = clock_timestamp() WHERE retry_at IS NOT NULL",
)


@dataclass(slots=True)
class Bench:
    """One database, one host, and a loop that runs whatever processes there are."""

    runner: asyncio.Runner
    database: Database
    simulator: RunningSimulator
    services: Services

    def run(self, work: Any) -> Any:
        """Let it come to its end."""
        return self.runner.run(work)


@pytest.fixture
def bench(database: FreshDatabase, simulator: RunningSimulator) -> Iterator[Bench]:
    """Return services that live on a loop of their own, between one step and the next."""
    with asyncio.Runner() as runner:
        pool = Database(database.url)
        opened = running_services(pool, simulator)
        services = runner.run(opened.__aenter__())
        yield Bench(runner, pool, simulator, services)
        runner.run(services.in_flight.drain())
        runner.run(opened.__aexit__(None, None, None))
        runner.run(pool.close())


class Process:
    """One process with doors of its own."""

    def __init__(self, services: Services) -> None:
        self.transport = FaultyTransport(services.transport)
        self.database = FaultyDatabase(services.database)
        self.services = replace(
            services,
            transport=cast("Any", self.transport),
            database=cast("Any", self.database),
            in_flight=InFlight(limit=10),
        )


class Refreshes(RuleBasedStateMachine):
    """One account, one host, and a new process for every refresh."""

    bench: Bench

    @initialize(policy=some.sampled_from(sorted(POLICIES)))
    def link(self, policy: Rotation) -> None:
        """A person links an account at a host of this policy."""
        bench = self.bench
        bench.simulator.show(sample_world(public_url=PUBLIC_URL))
        settings_of = replace(
            host_settings(bench.simulator, HOST), options={"rotation": POLICIES[policy]}
        )
        self.policy = policy
        self.world = World(with_host(bench.services, settings_of), bench.simulator)
        self.world.host(HOST).policy.rotation = policy
        self.waiting: list[tuple[Process, asyncio.Task[None]]] = []
        self.unlinked, self.lost, self.spurious = False, False, 0
        self.account: Account = bench.run(self.world.link("ada", HOST))
        self.version = self.account.token_version

    def teardown(self) -> None:
        """Everything that is under way ends, time passes, and the account is what it should be."""
        if not hasattr(self, "account"):
            return
        self.world.host(HOST).faults.next_answers.clear()
        self.deliver()
        for _ in range(12):
            self.time_passes()
            self.sweep()
        self.no_account_is_falsely_dead()
        holding = self.bench.run(load_holding(self.world.services, self.account.id))
        if not self.unlinked and not self.lost:
            assert holding.account.state in LIVING
            token = self.bench.run(fresh_token(self.world.services, self.account.id))
            assert self._pair(token.access_token).person == "ada"

    @rule(
        way=some.sampled_from([None, None, "unsent", "lost_before", "lost_after", "late"]),
        commit=some.sampled_from([None, None, "before_commit", "after_commit"]),
    )
    def refresh(self, way: Spoiled | None, commit: Broken | None) -> None:
        """A process refreshes the account; something may go wrong on the way."""
        process = Process(self.world.services)
        process.transport.orders = [way] if way else []
        process.database.orders = [None, None, commit] if commit else []
        self.bench.run(self._begin(process))
        self.lost |= process.transport.lost_tokens > 0 and self.policy in LOSING

    async def _begin(self, process: Process) -> None:
        task = asyncio.create_task(self._refresh(process))
        arrived = asyncio.create_task(process.transport.arrived.wait())
        await asyncio.wait({task, arrived}, return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        if not task.done():
            self.waiting.append((process, task))

    async def _refresh(self, process: Process) -> None:
        with suppress(PermsyncError):
            await refresh_account(process.services, self.account.id)

    @rule()
    def deliver(self) -> None:
        """Every answer that was held back arrives."""
        self.bench.run(self._deliver())

    async def _deliver(self) -> None:
        for process, task in self.waiting:
            process.transport.released.set()
            await task
        self.waiting.clear()

    @rule()
    def time_passes(self) -> None:
        """Leases, waits and circuits run out."""
        for statement in PASS:
            self.bench.run(rows(self.bench.database, statement))

    @rule()
    def sweep(self) -> None:
        """A worker looks for what outlived its lease, and repeats what is due."""
        self.bench.run(sweep_attempts(self.world.services))
        self.bench.run(self._refresh(Process(self.world.services)))

    @rule()
    def expire(self) -> None:
        """The access token dies of age."""
        if not self.unlinked:
            self.bench.run(expire(self.world, self.account))

    @precondition(lambda self: self.spurious < SPURIOUS)
    @rule()
    def refuse(self) -> None:
        """The host will refuse a token that is healthy."""
        self.spurious += 1
        self.world.host(HOST).faults.next_answers.append(NextAnswer("token", "rejection"))

    @rule()
    def link_again(self) -> None:
        """The person links again: whatever came before is over."""
        self.world.host(HOST).faults.next_answers.clear()
        self.account = self.bench.run(self.world.link("ada", HOST))
        self.unlinked, self.lost, self.spurious = False, False, 0

    @precondition(lambda self: not self.unlinked)
    @rule()
    def unlink(self) -> None:
        """The person unlinks."""
        account = self.account
        self.bench.run(
            unlink_account(self.world.services, account.id, user_id=account.user_id, actor="user:1")
        )
        self.unlinked = True

    def _pair(self, access_token: str) -> Pair:
        pair = self.world.host(HOST).tokens.with_access(access_token)
        assert pair is not None
        return pair

    @invariant()
    def no_account_is_falsely_dead(self) -> None:
        """An account that is given up lost an answer at a host that gives no second chance."""
        if not hasattr(self, "account") or self.unlinked:
            return
        now = self.bench.run(load_holding(self.world.services, self.account.id)).account
        if now.state not in LIVING:
            assert self.lost or self.waiting, now
            assert now.reason is AccountReason.ROTATION_LOST

    @invariant()
    def nothing_is_overwritten(self) -> None:
        """Tokens are those of the newest link, and versions only grow."""
        if not hasattr(self, "account"):
            return
        holding = self.bench.run(load_holding(self.world.services, self.account.id))
        assert holding.account.token_version >= self.version
        self.version = holding.account.token_version
        if self.unlinked:
            assert (holding.access, holding.refresh) == (None, None)
            assert holding.account.state is AccountState.UNLINKED
        else:
            assert holding.account.link_id == self.account.link_id

    @invariant()
    def no_dead_token_is_shown_healthy(self) -> None:
        """Without a doubt and without a loss, the refresh token that we hold works."""
        if not hasattr(self, "account") or self.unlinked or self.lost or self.waiting:
            return
        holding = self.bench.run(load_holding(self.world.services, self.account.id))
        certain = holding.attempt is None and not holding.uncertain_before
        if certain and holding.account.state is AccountState.ACTIVE and not holding.candidates:
            vault = self.world.services.vault
            pair = self._pair(open_access(vault, holding))
            assert pair.refresh == open_refresh(vault, holding)
            assert not pair.refresh_revoked
            assert pair.spent_at is None or self.policy not in LOSING


def test_no_order_of_faults_loses_an_account(bench: Bench) -> None:
    here = type("Here", (Refreshes,), {"bench": bench})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert issubclass(here, Refreshes)
