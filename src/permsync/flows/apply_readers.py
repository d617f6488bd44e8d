"""
Applies a repository's list of readers: one transaction, fenced, only the difference.

The same rule as for an account's listing (``rules.changes``), with people in the place of
repositories. The order of locks: the repository's claim, then whoever decides whose rows
wait, then accounts, then rows, then the change log. This module must not decide what
changes.
"""

from permsync.flows.deps import Services
from permsync.flows.list_readers import Readers
from permsync.flows.want_asks import want_asks
from permsync.model import Repository, RunState, Source, Trigger
from permsync.rules.changes import GrantPlan, Spoken, plan_listing
from permsync.rules.schedule import next_sync_in
from permsync.store import changes, fences, pairs, queue, readers, repository_runs, runs
from permsync.store.engine import Connection, database_now
from permsync.store.pairs import Pair
from permsync.store.queue import Kind
from permsync.store.repository_runs import RepositoryRun
from permsync.store.runs import Tally

SOURCE = Source.REPO_LISTING
HELD = "held"


async def apply_readers(
    services: Services, run: RepositoryRun, found: Readers, *, requests: int
) -> RunState:
    """Store what the list says; ``ABANDONED`` where the run was fenced meanwhile."""
    async with services.database.begin() as connection:
        repository = await repository_runs.lock_claim(connection, run)
        if repository is None:
            tally = Tally(requests=requests)
            await runs.finish(connection, run.id, RunState.ABANDONED, tally)
            return RunState.ABANDONED
        await readers.lock(connection, repository.host)
        stored = await readers.load_stored(connection, repository)
        fenced = await fences.load_fenced_readers(connection, repository, started_at=run.started_at)
        everybody = frozenset(stored.keys() | found.levels.keys())
        held_off = everybody if fenced.everybody else fenced.people & everybody
        spoken: Spoken[str] = Spoken(
            started_at=run.started_at,
            complete=found.complete,
            listed_at=run.listed_at,
            soft=services.durations.evidence_soft,
            fenced=held_off,
            confirms=run.held_at is not None,
        )
        plan = plan_listing(stored, found.levels, spoken, hold_above=services.fold_above)
        changed = await readers.save_plan(
            connection,
            plan,
            repository,
            listed_at=run.listed_at,
            started_at=run.started_at,
            run_id=run.id,
        )
        await _ask_others(services, connection, repository, plan)
        state = await _finish(services, connection, run, plan, complete=found.complete)
        if plan.miss or held_off or plan.held:
            await _look_again(services, connection, repository, soon=bool(plan.held or plan.miss))
        tally = Tally(len(plan.insert), len(plan.delete), len(found.levels), requests)
        code = HELD if plan.held else None
        await runs.finish(connection, run.id, state, tally, failure=code)
        await changes.append(connection, changed)
    return state


async def _ask_others(
    services: Services, connection: Connection, repository: Repository, plan: GrantPlan[str]
) -> None:
    """R8: a pair that leaves this source is asked about where another one holds it."""
    if not plan.delete:
        return
    accounts = await readers.load_accounts(connection, repository.host, plan.delete)
    others: list[Pair] = []
    for account_id in sorted(accounts.values()):
        others += await pairs.load_others(
            connection, account_id=account_id, repository_ids=[repository.id], source=SOURCE
        )
    await want_asks(services, connection, others)


async def _look_again(
    services: Services, connection: Connection, repository: Repository, *, soon: bool
) -> None:
    """A first no, a hold, or a fence: list once more, at once or when the host has settled."""
    await queue.enqueue(
        connection,
        Kind.SYNC_REPOSITORY,
        repository.id,
        trigger=Trigger.CONFIRM,
        delay_in=None if soon else services.settle_at(repository.host),
    )


async def _finish(
    services: Services,
    connection: Connection,
    run: RepositoryRun,
    plan: GrantPlan[str],
    *,
    complete: bool,
) -> RunState:
    durations = services.durations
    listed = complete and not plan.held
    failures = await repository_runs.load_failures(connection, run.repository.id) + 1
    state = RunState.SUCCEEDED if listed else RunState.PARTIAL
    due_in = next_sync_in(
        outcome=RunState.SUCCEEDED if complete else state,
        failures=failures,
        every=durations.sync_every,
        durations=durations,
        jitter=services.chance.jitter(),
    )
    if listed:
        now = await database_now(connection)
        await repository_runs.save_listed(connection, run, listed_to=now, due_in=due_in)
    else:
        await repository_runs.save_unlisted(
            connection, run, failures=failures, due_in=due_in, held=plan.held
        )
    return state
