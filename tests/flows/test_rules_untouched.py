"""
I11, the other half: whatever a host says, and however, no explicit rule is ever touched.

Random orders of listings, asks, repository listings, notices, ends of access and new links
run over one world; the rules are compared row by row. This module must not know what a step
does to grants.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from permsync.errors import UnknownError
from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.check import RepositoryName
from permsync.flows.close_repository import close_repository
from permsync.flows.drop_repository import drop_repository
from permsync.flows.end_access import end_access
from permsync.flows.plan_refresh import load_holding
from permsync.flows.remove_member import remove_member
from permsync.flows.remove_pair import remove_pair
from permsync.flows.set_rule import RuleTerms, set_rule
from permsync.flows.sync_repository import sync_repository
from permsync.flows.tidy import tidy
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, AccountReason, AccountState, Trigger, Verdict
from permsync.simulator.host import Host
from permsync.simulator.repositories import Level, Repository
from tests.flows.scenes import column, rows, spoil, sync, told
from tests.flows.test_ask_pairs import lose, private
from tests.flows.test_remove_pair import now
from tests.flows.test_sync_repository import connected
from tests.world import World

HOST = "gitlab"
RULES = (
    "SELECT effect, user_id, repository_id, created_at, expires_at, actor, note"
    " FROM explicit_rule ORDER BY id"
)


@dataclass(slots=True)
class Scene:
    """One person at one host, a repository of theirs, and all that may happen to them."""

    world: World
    account: Account
    one: Repository

    @property
    def host(self) -> Host:
        return self.world.host(HOST)

    async def link(self) -> None:
        self.account = await self.world.link("ada", HOST)

    async def list_account(self) -> None:
        await sync(self.world, self.account)

    async def list_readers(self) -> None:
        due = "SELECT id FROM repository WHERE sync_due_at IS NOT NULL ORDER BY id LIMIT 3"
        for repository in await column(self.world.services.database, due):
            await sync_repository(self.world.services, repository, Trigger.SCHEDULE)

    async def ask(self) -> None:
        await ask_pairs(self.world.services, self.account.id, Trigger.CONFIRM)

    async def lose_at_host(self) -> None:
        lose(self.world, self.account, self.one)

    async def gain_at_host(self) -> None:
        self.host.grant("ada", self.one.id, level=Level.DEVELOPER)

    async def close_at_host(self) -> None:
        self.host.set_visibility(self.one.id, "private")

    async def open_at_host(self) -> None:
        self.host.set_visibility(self.one.id, "public")

    async def spoil_next(self) -> None:
        spoil(self.world, HOST, "api", "html", match="/projects", times=2)

    async def notice_removed(self) -> None:
        await told(
            self.world,
            remove_pair,
            host=HOST,
            external_id=self.account.external_id,
            repository=str(self.one.id),
            at=await now(self.world),
        )

    async def notice_left(self) -> None:
        await told(
            self.world,
            remove_member,
            host=HOST,
            external_id=self.account.external_id,
            owner_id=str(self.host.namespaces[self.one.owner].id),
            at=await now(self.world),
        )

    async def notice_private(self) -> None:
        at = await now(self.world)
        await told(self.world, close_repository, host=HOST, repository=str(self.one.id), at=at)

    async def notice_moved(self) -> None:
        await self._drop(gone=False)

    async def notice_deleted(self) -> None:
        await self._drop(gone=True)

    async def _drop(self, *, gone: bool) -> None:
        at = await now(self.world)
        await told(
            self.world, drop_repository, host=HOST, repository=str(self.one.id), at=at, gone=gone
        )

    async def end_access(self) -> None:
        holding = await load_holding(self.world.services, self.account.id)
        await end_access(
            self.world.services,
            holding.account,
            state=AccountState.NEEDS_SCOPE,
            reason=AccountReason.SCOPE_MISSING,
        )

    async def unlink(self) -> None:
        person = self.account.user_id
        with suppress(UnknownError):  # it may be unlinked already
            await unlink_account(self.world.services, self.account.id, user_id=person, actor="test")

    async def tidy(self) -> None:
        await tidy(self.world.services)


Step = Callable[[Scene], Awaitable[None]]
LISTINGS: tuple[Step, ...] = (Scene.list_account, Scene.list_readers, Scene.ask)
STEPS: tuple[Step, ...] = (
    Scene.link,
    Scene.lose_at_host,
    Scene.gain_at_host,
    Scene.close_at_host,
    Scene.open_at_host,
    Scene.spoil_next,
    Scene.notice_removed,
    Scene.notice_left,
    Scene.notice_private,
    Scene.notice_moved,
    Scene.notice_deleted,
    Scene.end_access,
    Scene.unlink,
    Scene.tidy,
)


async def ruled(world: World) -> Scene:
    """A synced person and a connection, with rules about what they may read and may not."""
    world = await connected(world, HOST)
    account = await world.link("ada", HOST)
    await sync(world, account)
    margaret = await world.user("margaret")
    scene = Scene(world, account, private(world, HOST))
    ids = await column(world.services.database, "SELECT id FROM repository ORDER BY id")
    for user, effect in product((account.user_id, margaret.id), Verdict):
        terms = RuleTerms(effect, await now(world) + timedelta(days=1), "stays")
        for repository in ids[:: max(1, len(ids) // 20)]:
            await set_rule(world.services, user, repository, terms, actor="operator")
        named = RepositoryName(HOST, full_name=scene.one.full_name)
        await set_rule(world.services, user, named, terms, actor="operator")
    return scene


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=some.lists(some.sampled_from(STEPS) | some.sampled_from(LISTINGS), max_size=5))
async def test_no_step_touches_a_rule(world: World, scenes: list[Scene], steps: list[Step]) -> None:
    if not scenes:
        scenes.append(await ruled(world))
    scene = scenes[0]
    before = await rows(world.services.database, RULES)
    assert len(before) >= 80
    for step in (*steps, *LISTINGS):
        await step(scene)
        assert await rows(world.services.database, RULES) == before, step.__name__


@pytest.fixture
def scenes() -> list[Scene]:
    """Return where the one scene of all examples is kept."""
    return []


async def test_every_step_does_something(world: World) -> None:
    """A step that always fails or does nothing would prove nothing."""
    scene = await ruled(world)
    for step in (*STEPS, Scene.link, *LISTINGS):
        await step(scene)
    ended = await column(world.services.database, "SELECT DISTINCT state FROM run")
    assert {"succeeded"} <= set(ended)
    kinds = await column(world.services.database, "SELECT DISTINCT kind FROM change")
    assert {"grant", "visibility", "account"} <= set(kinds)
