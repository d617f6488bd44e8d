"""
Cancels syncs: one run, or whatever waits and runs for an account.

A cancelled run keeps every stored row and its age, because its claim is gone before it could
apply anything; the worker notices within ``run_look`` and stops asking. The next run is
planned as after one that succeeded. What a notice or another run wants looked at is nobody's to
cancel: it comes after ``sync_backoff``, as after a failure. This module must not decide who may
cancel.
"""

from dataclasses import dataclass
from datetime import timedelta

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.model import Account, Run, RunState
from permsync.rules.schedule import cadence, next_sync_in
from permsync.store import (
    accounts,
    audit,
    queue_withdrawal,
    repository_runs,
    run_history,
    runs,
    sync_wishes,
)
from permsync.store.audit import Action
from permsync.store.engine import Connection, database_now
from permsync.store.queue import Kind


@dataclass(frozen=True, slots=True)
class CancelledSync:
    """What was cancelled: a run, a wish that waited, both, or nothing."""

    run: Run | None
    waited: bool


async def cancel_run(services: Services, run_id: int, *, actor: str) -> Run:
    """
    Close this run; one that ended already is returned as it is.

    Raises ``UnknownError``.
    """
    async with services.database.begin() as connection:
        run = await run_history.load(connection, run_id)
        if run is None:
            raise UnknownError(what="run", name=str(run_id))
        account = None
        if run.account_id is not None:
            account = await accounts.load_locked(connection, run.account_id)
        if run.repository_id is not None:
            await repository_runs.lock(connection, run.repository_id)
        await _close(services, connection, run, account, actor=actor)
        return await run_history.load(connection, run_id) or run


async def cancel_sync(services: Services, account_id: int, *, actor: str) -> CancelledSync:
    """Withdraw what waits for this account and close what runs; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        account = await accounts.load_locked(connection, account_id)
        if account is None:
            raise UnknownError(what="account", name=str(account_id))
        put_off = services.durations.sync_backoff
        waited = await queue_withdrawal.withdraw(
            connection, Kind.SYNC_ACCOUNT, account_id, put_off=put_off
        )
        await sync_wishes.take(connection, account_id)
        run = await run_history.load_running(connection, account_id)
        if run is not None:
            await _close(services, connection, run, account, actor=actor)
            run = await run_history.load(connection, run.id)
        elif waited:
            due_in = await _due_in(services, connection, account)
            await run_history.plan_next(connection, account_id=account_id, due_in=due_in)
            await audit.record(connection, _entry(account, actor))
    return CancelledSync(run, waited)


async def _close(
    services: Services, connection: Connection, run: Run, account: Account | None, *, actor: str
) -> None:
    if not await run_history.save_cancelled(connection, run.id):
        return
    put_off = services.durations.sync_backoff
    for kind, subject in (
        (Kind.SYNC_ACCOUNT, run.account_id),
        (Kind.SYNC_REPOSITORY, run.repository_id),
    ):
        if subject is not None:
            await queue_withdrawal.keep_owed(connection, kind, subject, put_off=put_off)
    await run_history.plan_next(
        connection,
        account_id=run.account_id,
        repository_id=run.repository_id,
        run_id=run.id,
        due_in=await _due_in(services, connection, account),
    )
    await audit.record(connection, _entry(account, actor, repository_id=run.repository_id))


async def _due_in(services: Services, connection: Connection, account: Account | None) -> timedelta:
    durations = services.durations
    every = durations.sync_every
    if account is not None:
        asked_at = await runs.load_asked_at(connection, account.user_id)
        now = await database_now(connection)
        every = cadence(asked_at=asked_at, now=now, durations=durations)
    return next_sync_in(
        outcome=RunState.SUCCEEDED,
        failures=0,
        every=every,
        durations=durations,
        jitter=services.chance.jitter(),
    )


def _entry(account: Account | None, actor: str, *, repository_id: int | None = None) -> audit.Entry:
    return audit.Entry(
        Action.SYNC_CANCELLED,
        actor,
        user_id=account.user_id if account else None,
        account_id=account.id if account else None,
        host=account.host if account else None,
        repository_id=repository_id,
    )
