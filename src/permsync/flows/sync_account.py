"""
One run: list what an account may read, and store the difference.

The order is EVIDENCE R2: claim, know whose token it is, list through one link,
apply while the claim still stands. A failure is written on the run and, where the table
says so, on the account; it is never raised to the worker. Doubt keeps what is stored.
"""

import asyncio
from datetime import timedelta

from permsync.codehost import Failure
from permsync.errors import TokenUnavailableError
from permsync.flows.apply_listing import Applied, apply_listing
from permsync.flows.ask_host import Conversation
from permsync.flows.confirm_account import confirm_account
from permsync.flows.count_run import count_run
from permsync.flows.deps import Services
from permsync.flows.heed_failure import heed_failure
from permsync.flows.list_repositories import Listing, list_repositories
from permsync.flows.note_unopened import UNOPENED, note_unopened
from permsync.flows.recheck_listing import Unchanged, recheck_listing, save_validators
from permsync.flows.renew_listing import renew_listing
from permsync.flows.while_open import while_open
from permsync.model import LIVING, Account, RunState, Trigger
from permsync.rules.schedule import next_sync_in
from permsync.store import accounts, run_history, runs, sync_wishes, users
from permsync.store.runs import ClaimedRun, Tally
from permsync.telemetry import Event, SpanName, host_detail, logger, span

log = logger(__name__)


async def sync_account(
    services: Services, account_id: int, trigger: Trigger, *, actor: str | None = None
) -> RunState | None:
    """
    Run one sync; ``None`` where the account cannot be synced (unknown, or access ended).

    ``actor`` is who has it run; without one it is whoever asked for a sync, or permsync.
    Never raises for what a host does, nor for tokens that do not open, which are a failure
    of this run alone; raises ``DatabaseUnavailableError`` and defects.
    """
    run = await _claim(services, account_id, trigger, actor=actor)
    if run is None:
        return None
    log.info(Event.RUN_STARTED, run=run.id, account=account_id, trigger=trigger.value)
    with span(SpanName.SYNC_ACCOUNT, account=account_id, run=run.id) as note:
        state = await _run(services, run)
        note(state=state.value)
    await count_run(services, run.id, host=run.account.host)
    log.info(Event.RUN_FINISHED, run=run.id, account=account_id, state=state.value)
    return state


async def _run(services: Services, run: ClaimedRun) -> RunState:
    """List, and apply or write down why not."""
    conversation = Conversation(
        services,
        services.host(run.account.host),
        account_id=run.account.id,
        link_id=run.account.link_id,
        trigger=run.trigger,
        reuse=run.account.held_at is None,
        expected=run.expected,
    )
    try:
        listing = await while_open(services, run.id, _list(conversation, run))
    except TokenUnavailableError as error:
        sent = conversation.sent
        state = await _fail(services, run, error.reason, sent=sent, retry_in=error.retry_in)
    except UNOPENED as error:
        note_unopened(services, error, account_id=run.account.id, host=run.account.host)
        state = await _fail(services, run, error.code, sent=conversation.sent)
    else:
        state = await _conclude(services, run, conversation, listing)
    finally:
        await conversation.allowance.settle()
    return state


async def give_up_sync(services: Services, account_id: int, trigger: Trigger, code: str) -> None:
    """
    Write down that a sync ended without a word of its own, and plan the next one.

    ``code`` is ours: ``worker_lost`` where the process died with it too often.
    """
    run = await _claim(services, account_id, trigger)
    if run is not None:
        await _fail(services, run, code, sent=Tally())
        await count_run(services, run.id, host=run.account.host)


async def _claim(
    services: Services, account_id: int, trigger: Trigger, *, actor: str | None = None
) -> ClaimedRun | None:
    async with services.database.begin() as connection:
        account = await accounts.load_locked(connection, account_id)
        if account is None or account.state not in LIVING or account.host not in services.hosts:
            return None
        user = await users.load(connection, account.user_id)
        if user is None or user.disabled_at is not None:
            return None
        wished = await sync_wishes.take(connection, account_id)
        return await runs.claim(
            connection,
            account,
            trigger,
            next_due_in=services.durations.sync_every_asked,
            actor=actor or wished or runs.SYSTEM,
        )


async def _list(conversation: Conversation, run: ClaimedRun) -> Listing | Unchanged | Failure:
    rechecked = await recheck_listing(conversation, run)
    if rechecked is not None:
        return rechecked
    return await _list_confirmed(conversation, run.account)


async def _list_confirmed(conversation: Conversation, account: Account) -> Listing | Failure:
    """
    Ask whose token it is beside the first pages; nothing is believed before that is known.

    At a host far away it saves each run one round trip.
    """
    listing = asyncio.create_task(list_repositories(conversation))
    try:
        confirmed = await confirm_account(conversation, account)
        return confirmed if isinstance(confirmed, Failure) else await listing
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)


async def _conclude(
    services: Services,
    run: ClaimedRun,
    conversation: Conversation,
    listing: Listing | Unchanged | Failure | None,
) -> RunState:
    sent = conversation.sent
    if listing is None:
        return await _noted(services, run, None)
    if isinstance(listing, Unchanged):
        renewed = await renew_listing(services, run, digest=listing.digest, sent=sent)
        return await _noted(services, run, renewed)
    if isinstance(listing, Listing):
        applied = await apply_listing(
            services, run, listing, requests=sent.requests, vouched=sent.not_modified
        )
        if not listing.gaps:  # what was left out, a page's validator does not vouch for
            await save_validators(conversation, run, listing.asks)
        return await _noted(services, run, applied)
    log.warning(
        Event.HOST_REFUSED,
        run=run.id,
        host=run.account.host,
        kind=listing.kind.value,
        detail=host_detail(listing.detail),
    )
    code = listing.kind.value
    state = await _fail(services, run, code, sent=sent, retry_in=listing.retry_in)
    await heed_failure(conversation, listing)
    return state


async def _noted(services: Services, run: ClaimedRun, applied: Applied | None) -> RunState:
    if applied is not None:
        return applied.state
    log.info(Event.RUN_FENCED, run=run.id, account=run.account.id)
    async with services.database.single() as connection:
        closed = await run_history.load(connection, run.id)
    cancelled = closed is not None and closed.state is RunState.CANCELLED
    return RunState.CANCELLED if cancelled else RunState.ABANDONED


async def _fail(
    services: Services,
    run: ClaimedRun,
    code: str,
    *,
    sent: Tally,
    retry_in: timedelta | None = None,
) -> RunState:
    """Close the run as failed and plan the next; every stored age stays as it is."""
    async with services.database.begin() as connection:
        if await runs.lock_claim(connection, run) is None:
            await runs.finish(connection, run.id, RunState.ABANDONED, sent, failure=code)
            return RunState.ABANDONED
        failures = await runs.load_failures(connection, run.account.id) + 1
        due_in = next_sync_in(
            outcome=RunState.FAILED,
            failures=failures,
            every=services.durations.sync_every,
            durations=services.durations,
            jitter=services.chance.jitter(),
            retry_in=retry_in,
        )
        await runs.save_unlisted(connection, run, failures=failures, due_in=due_in, wrote=False)
        await runs.finish(connection, run.id, RunState.FAILED, sent, failure=code)
    return RunState.FAILED
