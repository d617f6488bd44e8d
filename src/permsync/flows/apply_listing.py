"""
Applies an account's listing to what is stored: one transaction, fenced, only the difference.

The order: the host's lock where repositories change, then the run's claim, then rows, then
the change log (its counter is the last lock). A listing equal to the last one is known by
its digest, and no grant row is read or written for it. Which rows change is decided by
``rules.changes``; this module must not decide it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from permsync.codehost import FailureKind, ListedRepository
from permsync.flows.deps import Services
from permsync.flows.list_repositories import Listing
from permsync.flows.save_repositories import (
    Sight,
    load_observed,
    renew_openness,
    save_repositories,
)
from permsync.flows.want_asks import want_asks
from permsync.model import Account, Repository, RunState, Source, Trigger
from permsync.rules.changes import GrantPlan, Spoken, plan_listing
from permsync.rules.include import included
from permsync.rules.schedule import cadence, next_sync_in
from permsync.store import asks, changes, fences, gaps, grants, pairs, queue, runs
from permsync.store.changes import Change
from permsync.store.engine import Connection, database_now
from permsync.store.pairs import Pair
from permsync.store.runs import ClaimedRun, Tally

SOURCE = Source.ACCOUNT_LISTING
FAULTS = frozenset(
    {FailureKind.UNAVAILABLE, FailureKind.UNREADABLE, FailureKind.FOREIGN_LINK}
    | {FailureKind.RATE_LIMITED}
)
HELD = "held"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run that could still speak has done."""

    state: RunState
    tally: Tally


async def apply_listing(
    services: Services,
    run: ClaimedRun,
    listing: Listing,
    *,
    requests: int,
    vouched: int = 0,
) -> Applied | None:
    """
    Store what the listing says; ``None`` where the run was fenced meanwhile.

    ``vouched`` counts the answers, on the way to it, that nothing had changed.
    """
    sent = Tally(requests=requests, not_modified=vouched)
    sight = Sight(
        host=run.account.host,
        observed=included(listing.repositories, services.host(run.account.host).include),
        started_at=run.started_at,
        run_id=run.id,
        account_id=run.account.id,
    )
    async with services.database.begin() as connection:
        return await _Application(services, connection, run, listing, sight).apply(sent)


def digest_of(observed: Iterable[ListedRepository], gaps: Iterable[str] = ()) -> bytes:
    """One value for everything a listing says, whatever the order of its pages."""
    lines = sorted(
        f"{one.external_id}\0{one.owner_id}\0{one.full_name}\0{one.visibility}\0{one.level}"
        for one in observed
    )
    return hashlib.sha256("\n".join([*lines, *sorted(gaps)]).encode()).digest()


@dataclass(slots=True)
class _Application:
    """One listing on its way into one transaction, and what it has written so far."""

    services: Services
    connection: Connection
    run: ClaimedRun
    listing: Listing
    sight: Sight
    changes: list[Change] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    held: bool = False
    unsettled: bool = False

    async def apply(self, sent: Tally) -> Applied | None:
        observed, complete = self.sight.observed, self.listing.complete
        digest = digest_of(observed, _left_out(self.listing)) if complete else None
        before = await runs.load_digest(self.connection, self.run.account.id)
        unchanged = digest is not None and digest == before
        if unchanged:
            await renew_openness(self.services, self.connection, self.sight)
        else:
            self.changes += await save_repositories(self.services, self.connection, self.sight)
        account = await runs.lock_claim(self.connection, self.run)
        if account is None:
            # What the host showed of repositories stays, whoever asked; no grant moves.
            await changes.append(self.connection, self.changes)
            return None
        if not unchanged:
            await self._save_grants(account)
        else:
            await self._settle_asks(account)
            if await runs.load_digest(self.connection, account.id) != digest:
                digest = None  # another writer touched these repositories meanwhile
        applied = await self._finish(sent, digest=None if self.unsettled else digest)
        await changes.append(self.connection, self.changes)
        return applied

    async def _save_grants(self, account: Account) -> None:
        known = await load_observed(self.connection, self.sight)
        levels = {known[one.external_id].id: one.level for one in self.sight.observed}
        stored = await grants.load_stored(self.connection, account_id=account.id, source=SOURCE)
        fenced = await fences.load_fenced(
            self.connection,
            host=account.host,
            external_id=account.external_id,
            started_at=self.run.started_at,
        )
        spoken = await self._spoken(account, known.values(), fenced)
        plan = plan_listing(stored, levels, spoken, hold_above=self.services.fold_above)
        await self._save_plan(account, plan)
        fenced &= levels.keys() | stored.keys()
        # A held listing, a first no, pairs it may not speak about, a widening that did not
        # count yet: the next one must look, though it may say the same.
        refused = any(_is_refused(known[one.external_id], one) for one in self.sight.observed)
        self.held = plan.held
        self.unsettled = bool(plan.held or plan.miss or fenced or refused)
        await self._want_asks(account, plan, fenced)

    async def _spoken(
        self, account: Account, known: Iterable[Repository], fenced: frozenset[int]
    ) -> Spoken[int]:
        """How far this listing may speak, its gaps included (R4)."""
        before = await gaps.load(self.connection, account.id)
        now = self.listing.gaps if self.listing.complete else frozenset[str]()
        owners: dict[int, str] = {}
        if before or now:
            owners = await gaps.load_owners(self.connection, account.id, before.keys() | now)
        ages: dict[int, datetime | None] = {
            id_: before[owner] for id_, owner in owners.items() if owner in before
        }
        seen = frozenset(one.id for one in known if one.owner_id in now)
        return Spoken(
            started_at=self.run.started_at,
            complete=self.listing.complete,
            listed_at=account.listed_at,
            soft=self.services.durations.evidence_soft,
            fenced=fenced,
            left_out=seen | {id_ for id_, owner in owners.items() if owner in now},
            gap_ages=ages,
            confirms=account.held_at is not None,
        )

    async def _save_plan(self, account: Account, plan: GrantPlan[int]) -> None:
        self.added, self.removed = len(plan.insert), len(plan.delete)
        self.changes += await grants.save_plan(
            self.connection,
            plan,
            account_id=account.id,
            source=SOURCE,
            listed_at=account.listed_at,
            started_at=self.run.started_at,
            run_id=self.run.id,
        )
        if self.listing.complete and not plan.held:
            await gaps.save(
                self.connection,
                account.id,
                self.listing.gaps,
                to_approve=self.listing.to_approve,
                known=await gaps.load(self.connection, account.id),
                as_of=account.listed_at,
            )

    async def _want_asks(
        self, account: Account, plan: GrantPlan[int], fenced: frozenset[int]
    ) -> None:
        """R3 and R8: ask about first noes and fenced pairs, and other sources about lost ones."""
        if self.listing.complete and not plan.held:
            await self._settle_asks(account)
        wanted = [Pair(account.id, id_, SOURCE) for id_ in sorted(plan.miss | fenced)]
        wanted += await pairs.load_others(
            self.connection, account_id=account.id, repository_ids=plan.delete, source=SOURCE
        )
        await want_asks(self.services, self.connection, wanted)

    async def _settle_asks(self, account: Account) -> None:
        """What was to be asked is answered, but for the owners that were left out."""
        await asks.settle(
            self.connection,
            account.id,
            before=self.run.started_at,
            left_out=self.listing.gaps,
        )

    async def _finish(self, sent: Tally, *, digest: bytes | None) -> Applied:
        complete, failure = self.listing.complete and not self.held, self.listing.failure
        account, durations = self.run.account, self.services.durations
        outcome = RunState.SUCCEEDED if complete else RunState.PARTIAL
        # An owner that broke is left out for now: people see that this run had a fault, and
        # it is tried again as if it had failed.
        state = RunState.PARTIAL if failure and failure.kind in FAULTS else outcome
        failures = 0
        if state is RunState.PARTIAL:
            failures = await runs.load_failures(self.connection, account.id) + 1
        now = await database_now(self.connection)
        asked_at = await runs.load_asked_at(self.connection, account.user_id)
        due_in = next_sync_in(
            outcome=state,
            failures=failures,
            every=cadence(asked_at=asked_at, now=now, durations=durations),
            durations=durations,
            jitter=self.services.chance.jitter(),
            retry_in=failure.retry_in if failure else None,
        )
        if complete:
            await runs.save_listed(
                self.connection,
                self.run,
                listed_to=now,
                digest=digest,
                due_in=due_in,
                failures=failures,
            )
        else:
            await runs.save_unlisted(
                self.connection, self.run, failures=failures, due_in=due_in, held=self.held
            )
        if self.held:
            await queue.enqueue_sync(
                self.connection, account_id=account.id, trigger=Trigger.CONFIRM
            )
        total = len(self.sight.observed)
        tally = replace(sent, added=self.added, removed=self.removed, total=total)
        code = failure.kind.value if failure else HELD if self.held else None
        await runs.finish(self.connection, self.run.id, state, tally, failure=code)
        return Applied(state, tally)


def _left_out(listing: Listing) -> Iterable[str]:
    """Each owner that was left out, and whether the person can mend it."""
    return (f"{owner}\0{owner in listing.to_approve}" for owner in listing.gaps)


def _is_refused(known: Repository, seen: ListedRepository) -> bool:
    """What this listing showed of the repository was not taken over (R12)."""
    return known.visibility is not seen.visibility or known.gone_at is not None
