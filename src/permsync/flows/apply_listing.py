"""
Applies a listing to what is stored: one transaction, fenced, and only the difference.

The order: the host's lock where repositories change, then the run's claim, then rows, then
the change log (its counter is the last lock). A listing equal to the last one is known by
its digest, and no grant row is read or written for it. Which rows change is decided by
``rules.changes``; this module must not decide it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from permsync.codehost import ListedRepository
from permsync.flows.deps import Services
from permsync.flows.list_repositories import Listing
from permsync.model import Account, Repository, RunState, Source
from permsync.rules.changes import (
    GrantPlan,
    RepositoryPlan,
    plan_complete,
    plan_partial,
    plan_repositories,
)
from permsync.rules.include import included
from permsync.rules.schedule import cadence, next_sync_in
from permsync.store import changes, grants, repositories, runs
from permsync.store.changes import Change
from permsync.store.engine import Connection, database_now
from permsync.store.runs import ClaimedRun, Tally

SOURCE = Source.ACCOUNT_LISTING


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run that could still speak has done."""

    state: RunState
    tally: Tally


async def apply_listing(
    services: Services, run: ClaimedRun, listing: Listing, *, requests: int
) -> Applied | None:
    """Store what the listing says; ``None`` where the run was fenced meanwhile."""
    observed = included(listing.repositories, services.host(run.account.host).include)
    async with services.database.begin() as connection:
        return await _Application(services, connection, run, listing, observed).apply(requests)


def digest_of(observed: Iterable[ListedRepository]) -> bytes:
    """One value for everything a listing says, whatever the order of its pages."""
    lines = sorted(
        f"{one.external_id}\0{one.owner_id}\0{one.full_name}\0{one.visibility}\0{one.level}"
        for one in observed
    )
    return hashlib.sha256("\n".join(lines).encode()).digest()


@dataclass(slots=True)
class _Application:
    """One listing on its way into one transaction, and what it has written so far."""

    services: Services
    connection: Connection
    run: ClaimedRun
    listing: Listing
    observed: tuple[ListedRepository, ...]
    changes: list[Change] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    unsettled: bool = False

    @property
    def _whole(self) -> bool:
        return self.listing.complete and not self.listing.gaps

    async def apply(self, requests: int) -> Applied | None:
        digest = digest_of(self.observed) if self._whole else None
        before = await runs.load_digest(self.connection, self.run.account.id)
        unchanged = digest is not None and digest == before
        if unchanged:
            await self._renew_openness()
        else:
            await self._save_repositories()
        account = await runs.lock_claim(self.connection, self.run)
        if account is None:
            # What the host showed of repositories stays, whoever asked; no grant moves.
            await changes.append(self.connection, self.changes)
            return None
        if not unchanged:
            await self._save_grants(account)
        elif await runs.load_digest(self.connection, account.id) != digest:
            digest = None  # another writer touched these repositories meanwhile
        applied = await self._finish(requests, digest=None if self.unsettled else digest)
        await changes.append(self.connection, self.changes)
        return applied

    async def _renew_openness(self) -> None:
        """R12: openness is dated again now and then, though nothing changed."""
        await repositories.save_open_seen(
            self.connection,
            host=self.run.account.host,
            external_ids=repositories.open_ids(self.observed),
            started_at=self.run.started_at,
            older_than=self.run.started_at - self.services.durations.evidence_hard / 4,
        )

    async def _save_repositories(self) -> None:
        """Bring the repositories to what was seen; planned again once the lock is held."""
        plan, _ = await self._plan_repositories()
        if plan == RepositoryPlan():
            return
        await repositories.lock_host(self.connection, self.run.account.host)
        plan, stored = await self._plan_repositories()
        now = await database_now(self.connection)
        self.changes += await repositories.save_plan(
            self.connection,
            plan,
            stored,
            host=self.run.account.host,
            account_id=self.run.account.id,
            started_at=self.run.started_at,
            listed_to=now,
            run_id=self.run.id,
        )
        moved = [stored[one.external_id].id for one in plan.moved]
        self.changes += await grants.delete_moved(
            self.connection, moved, at=now, run_id=self.run.id
        )

    async def _plan_repositories(self) -> tuple[RepositoryPlan, dict[str, Repository]]:
        stored = await self._load_observed()
        plan = plan_repositories(
            stored,
            self.observed,
            started_at=self.run.started_at,
            settle=self.services.durations.settle,
            hard=self.services.durations.evidence_hard,
        )
        return plan, stored

    async def _load_observed(self) -> dict[str, Repository]:
        return await repositories.load_observed(
            self.connection,
            host=self.run.account.host,
            external_ids=[one.external_id for one in self.observed],
        )

    async def _save_grants(self, account: Account) -> None:
        known = await self._load_observed()
        levels = {known[one.external_id].id: one.level for one in self.observed}
        fenced = await grants.load_fenced(self.connection, started_at=self.run.started_at)
        stored = await grants.load_stored(self.connection, account_id=account.id, source=SOURCE)
        if self._whole:
            plan = plan_complete(stored, levels, fenced=fenced)
        else:
            plan = plan_partial(
                stored,
                levels,
                listed_at=account.listed_at,
                started_at=self.run.started_at,
                soft=self.services.durations.evidence_soft,
                fenced=fenced,
            )
        await self._save_grant_plan(account, plan)
        # A first no, or a pair this listing may not speak about: ask again soon.
        self.unsettled = bool(plan.miss) or not fenced.isdisjoint(levels)

    async def _save_grant_plan(self, account: Account, plan: GrantPlan) -> None:
        self.added, self.removed = len(plan.insert), len(plan.delete)
        self.changes += await grants.save_plan(
            self.connection,
            plan,
            account_id=account.id,
            source=SOURCE,
            listed_at=account.listed_at,
            as_of=None if self._whole else self.run.started_at,
            run_id=self.run.id,
        )

    async def _finish(self, requests: int, *, digest: bytes | None) -> Applied:
        complete, failure = self._whole, self.listing.failure
        account, durations = self.run.account, self.services.durations
        state = RunState.SUCCEEDED if complete else RunState.PARTIAL
        failures = 0 if complete else await runs.load_failures(self.connection, account.id) + 1
        now = await database_now(self.connection)
        asked_at = await runs.load_asked_at(self.connection, account.user_id)
        due_in = next_sync_in(
            outcome=state,
            failures=failures,
            every=cadence(asked_at=asked_at, now=now, durations=durations),
            durations=durations,
            jitter=self.services.chance.jitter(),
            retry_in=failure.retry_in if failure else None,
            confirm=self.unsettled,
        )
        if complete:
            await runs.save_listed(
                self.connection, self.run, listed_to=now, digest=digest, due_in=due_in
            )
        else:
            await runs.save_unlisted(self.connection, self.run, failures=failures, due_in=due_in)
        tally = Tally(self.added, self.removed, len(self.observed), requests)
        code = failure.kind.value if failure else None
        await runs.finish(self.connection, self.run.id, state, tally, failure=code)
        return Applied(state, tally)
