"""
One refresh: claim the attempt, present the token, commit what came back.

Only ``flows.fresh_token`` may start it. Between the answer and its commit stands nothing
that can fail for another reason than the database, and a commit that fails is tried again
until it succeeds or the process dies: a 2xx is never dropped (REFRESH I5, I9). This
module must not decide what an answer means.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from permsync import transport
from permsync.codehost import Response, Rotation, TokenGrant, TokenRefusal
from permsync.errors import DatabaseUnavailableError, DefectError
from permsync.flows.deps import ConfiguredHost, Services, pause
from permsync.flows.end_access import state_change, state_entry
from permsync.flows.seal_tokens import open_refresh, seal
from permsync.model import LIVING, Account, AccountState
from permsync.rules.refresh import (
    FOREVER,
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    NotSent,
    Outcome,
    Unanswered,
)
from permsync.rules.refresh.claim import Claim, Plan, plan_claim
from permsync.rules.refresh.outcome import Close, Doubt, Stage, Transition, Turn, plan_outcome
from permsync.store import accounts, audit, changes, refreshes, runs
from permsync.store.engine import Connection
from permsync.store.refreshes import Holding
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed attempt: what was read when it was claimed, and until when it may send."""

    id: int
    account: Account
    configured: ConfiguredHost
    refresh_token: str = field(repr=False)
    redirect_uri: str
    asked_at: datetime
    send_before: float


async def refresh(services: Services, account_id: int, *, version: int) -> None:
    """Refresh this version of the account's tokens, unless somebody else does or did."""
    attempt = await _claim(services, account_id, version=version)
    if attempt is None:
        return
    answer = await _present(services, attempt)
    while True:
        try:
            await _settle(services, attempt, answer)
        except DatabaseUnavailableError:
            await pause(services.durations.refresh_poll)
        else:
            return


async def _claim(services: Services, account_id: int, *, version: int) -> Attempt | None:
    durations = services.durations
    send_before = services.clock.boottime() + durations.refresh_deadline.total_seconds()
    async with services.database.begin() as connection:
        holding = await refreshes.load(connection, account_id, lock=True)
        if holding is None or holding.account.token_version != version:
            return None
        plan = plan_of(services, holding)
        if not isinstance(plan, Claim):
            return None
        # Whatever may fail for lack of settings fails before there is an attempt to doubt.
        configured = services.host(holding.account.host)
        refresh_token = open_refresh(services.vault, holding)
        attempt_id = await refreshes.claim(
            connection,
            holding.account,
            owner=services.owner,
            token_digest=services.vault.digest(refresh_token),
            key_id=services.vault.primary_key_id,
            lease_in=durations.refresh_lease,
            takes_over=plan.takes_over,
        )
    return Attempt(
        id=attempt_id,
        account=holding.account,
        configured=configured,
        refresh_token=refresh_token,
        redirect_uri=holding.redirect_uri,
        asked_at=holding.now,
        send_before=send_before,
    )


async def _present(services: Services, attempt: Attempt) -> Answer:
    """Send the token, unless this process was held up past its own deadline (I6)."""
    host = attempt.configured.host
    request = host.refresh_request(
        refresh_token=attempt.refresh_token, redirect_uri=attempt.redirect_uri
    )
    remaining = attempt.send_before - services.clock.boottime()
    if remaining <= 0:
        return NotSent()
    answer = await services.transport.send(
        request,
        connect_in=services.durations.refresh_connect,
        deadline_in=timedelta(seconds=remaining),
        fresh=True,
    )
    match answer:
        case Response():
            return host.parse_refresh(answer)
        case transport.NotSent():
            return NotSent()
        case _:
            return Unanswered()


def plan_of(services: Services, holding: Holding) -> Plan:
    """Whether the account may be refreshed now."""
    configured = services.hosts.get(holding.account.host)
    return plan_claim(
        facts_of(holding),
        holding.attempt,
        None,
        services.durations,
        rotation=configured.host.rotation if configured is not None else Rotation.FAMILY,
        now=holding.now,
    )


def facts_of(holding: Holding) -> AccountFacts:
    """What the rules need to know of the account."""
    account = holding.account
    serves = holding.access is not None and account.state in LIVING
    return AccountFacts(
        state=account.state,
        reason=account.reason,
        link_id=account.link_id,
        version=account.token_version,
        has_refresh_token=holding.refresh is not None,
        rejections=account.rejections,
        refresh_try_at=account.refresh_try_at,
        uncertain_before=holding.uncertain_before,
        serves_until=(account.access_expires_at or FOREVER) if serves else None,
    )


async def _settle(services: Services, attempt: Attempt, answer: Answer) -> None:
    """Commit what the answer means. It is idempotent, so a lost commit may be repeated."""
    if isinstance(answer, TokenGrant):
        await _adopt(services, attempt, answer)
        return
    outcome = await _write_off(services, attempt, answer)
    services.metrics.refresh_attempts.labels(attempt.account.host, outcome.value).inc()
    log.warning(
        Event.REFRESH_REFUSED,
        account=attempt.account.id,
        host=attempt.account.host,
        outcome=outcome.value,
        detail=host_detail(answer.detail) if isinstance(answer, TokenRefusal) else None,
    )


async def _adopt(services: Services, attempt: Attempt, granted: TokenGrant) -> None:
    account = attempt.account
    sealed = seal(
        services.vault,
        granted,
        account_id=account.id,
        link_id=account.link_id,
        version=account.token_version + 1,
        asked_at=attempt.asked_at,
        before=account,
        old_refresh_token=attempt.refresh_token,
    )
    async with services.database.begin() as connection:
        won = await refreshes.adopt(connection, account, attempt.id, sealed)
        if won and await refreshes.save_healed(connection, account):
            await audit.record(connection, state_entry(account, AccountState.ACTIVE, None))
            await changes.append(connection, [state_change(account, AccountState.ACTIVE)])
    outcome = Outcome.ADOPTED if won else Outcome.FENCED
    services.metrics.refresh_attempts.labels(account.host, outcome.value).inc()
    event = Event.REFRESH_ADOPTED if won else Event.REFRESH_SUPERSEDED
    log.info(event, account=account.id, host=account.host, version=account.token_version + 1)


async def _write_off(services: Services, attempt: Attempt, answer: Answer) -> Outcome:
    """
    Close or keep the attempt, and move the account where the rules say so.

    The account is read again under its lock: if its version moved on, somebody else won
    and this outcome says nothing about the tokens of today.
    """
    async with services.database.begin() as connection:
        holding = await refreshes.load(connection, attempt.account.id, lock=True)
        if holding is None or not _is_same(holding.account, attempt.account):
            await refreshes.close(connection, attempt.id, Outcome.FENCED)
            return Outcome.FENCED
        facts = AttemptFacts(
            id=attempt.id,
            state=AttemptState.ARMED,
            link_id=attempt.account.link_id,
            version=attempt.account.token_version,
            lease_until=holding.now,
        )
        transition = _plan(services, answer, facts, holding)
        if isinstance(transition, Stage):
            staged = replace(facts, state=AttemptState.STAGED)
            transition = _plan(services, answer, staged, holding)
        match transition:
            case Doubt(settle_in=settle_in):
                await refreshes.save_uncertain(connection, attempt.id, settle_in=settle_in)
                return Outcome.UNANSWERED
            case Close(outcome=outcome, turn=turn):
                if await refreshes.close(connection, attempt.id, outcome) and turn is not None:
                    await _move(connection, holding.account, turn)
                return outcome
            case _:
                raise DefectError("an answer with tokens is adopted, never written off")


def _plan(
    services: Services, answer: Answer, attempt: AttemptFacts, holding: Holding
) -> Transition:
    return plan_outcome(
        answer,
        attempt,
        facts_of(holding),
        services.durations,
        rotation=services.host(holding.account.host).host.rotation,
        now=holding.now,
        jitter=services.chance.jitter(),
    )


def _is_same(now: Account, then: Account) -> bool:
    return (now.link_id, now.token_version) == (then.link_id, then.token_version)


async def _move(connection: Connection, account: Account, turn: Turn) -> None:
    await accounts.save_state(
        connection,
        account,
        state=turn.state,
        reason=turn.reason,
        rejections=turn.rejections,
        try_in=turn.try_in,
    )
    if turn.state is account.state:
        return
    if turn.ends_access:
        why = turn.reason or turn.state
        await runs.abandon(connection, account.id, failure=why.value)
    await audit.record(connection, state_entry(account, turn.state, turn.reason))
    await changes.append(connection, [state_change(account, turn.state)])
