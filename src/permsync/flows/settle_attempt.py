"""
The commit of an answer to a refresh: what the rules make of it, written at once.

What is decided here: nothing stands between an answer and its commit (I9); a commit that
fails is made again until it succeeds or the process dies, and tokens that cannot be
adopted are stored as they came, so no 2xx is dropped (I5). Failures are decided on the
account as it is then, under its lock (I4). This module must not decide what an answer means.
"""

from permsync.codehost import Response, TokenGrant, TokenRefusal
from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services, pause
from permsync.flows.end_access import note_end
from permsync.flows.plan_refresh import facts_of
from permsync.flows.seal_tokens import seal_answer
from permsync.flows.write_outcome import (
    Attempt,
    Reading,
    Written,
    seal_successor,
    write_outcome,
)
from permsync.model import LIVING, Account, AccountReason, AccountState
from permsync.rules.refresh import Answer, Outcome
from permsync.rules.refresh.circuit import Open, Shut
from permsync.rules.refresh.outcome import (
    Adopt,
    Close,
    Stage,
    Transition,
    Turn,
    plan_outcome,
)
from permsync.store import refresh_attempts, refresh_commits, refreshes
from permsync.store.engine import Connection
from permsync.store.refresh_attempts import StoredAttempt
from permsync.telemetry import Event, host_detail, logger

log = logger(__name__)


async def settle_attempt(
    services: Services, attempt: Attempt, answer: Answer, response: Response | None
) -> None:
    """
    Write down what an answer means; it returns when that is committed.

    It is idempotent: where only the acknowledgement of a commit was lost, the next try finds
    it done. ``response`` is the raw answer, where there is one.
    """
    while True:
        try:
            if await _commit(services, attempt, answer, response):
                return
        except DatabaseUnavailableError:
            await pause(services.durations.refresh_poll)
        except Exception:
            # Whatever is wrong with us, the host has spent the old token by now.
            log.exception(Event.DEFECT, account=attempt.account.id, attempt=attempt.id)
            if not isinstance(answer, TokenGrant) or response is None:
                raise
            if await _is_staged(services, attempt, response):
                raise  # nothing is lost, and whoever waits is told the truth
            await pause(services.durations.refresh_backoff)


async def _commit(
    services: Services, attempt: Attempt, answer: Answer, response: Response | None
) -> bool:
    """One try; false where the answer was stored and is to be judged now."""
    if isinstance(answer, TokenGrant) and await _adopt_at_once(services, attempt, answer):
        return True
    async with services.database.begin() as connection:
        account_id = attempt.account.id
        clients = services.client_digests
        holding = await refreshes.load(connection, account_id, clients=clients, lock=True)
        assert holding is not None  # noqa: S101 - no account is ever deleted
        stored = await refresh_attempts.load(connection, attempt.id)
        transition = plan_outcome(
            answer,
            stored.facts,
            facts_of(holding),
            services.durations,
            rotation=attempt.configured.host.rotation,
            now=holding.now,
            jitter=services.chance.jitter(),
        )
        if isinstance(transition, Stage):
            assert response is not None  # noqa: S101 - an unusable answer is an answer
            await _stage(services, connection, stored, response)
            return False
        reading = Reading(holding, stored)
        written = await write_outcome(services, connection, attempt, reading, transition)
    if written is not None:
        _note(services, attempt, answer, transition, written, before=holding.account)
    return True


async def _stage(
    services: Services, connection: Connection, stored: StoredAttempt, response: Response
) -> None:
    """Keep the answer as it came, sealed."""
    sealed = seal_answer(services.vault, response, attempt=stored.facts)
    await refresh_attempts.save_staged(connection, stored.facts.id, sealed)
    log.warning(Event.REFRESH_STAGED, attempt=stored.facts.id)


async def _adopt_at_once(services: Services, attempt: Attempt, granted: TokenGrant) -> bool:
    """
    The usual end, in one statement: a healthy account, no candidate, no probe, no grace.

    Everything else is decided on facts that are read again.
    """
    if not attempt.is_plain:
        return False
    account = attempt.account
    sealed = seal_successor(services, attempt, granted, account)
    async with services.database.single() as connection:
        won = await refresh_commits.adopt_at_once(connection, account, attempt.id, sealed)
    if won:
        adopted = Adopt(granted, account.token_version, AccountState.ACTIVE, reason=None)
        written = Written(Outcome.ADOPTED, circuit=None)
        _note(services, attempt, granted, adopted, written, before=account)
    return won


async def _is_staged(services: Services, attempt: Attempt, response: Response) -> bool:
    """Store tokens that could not be adopted as they came; the sweep judges them later."""
    try:
        async with services.database.begin() as connection:
            stored = await refresh_attempts.load(connection, attempt.id)
            await _stage(services, connection, stored, response)
    except Exception:
        log.exception(Event.DEFECT, account=attempt.account.id, attempt=attempt.id)
        return False
    return True


_EVENTS = {
    Outcome.ADOPTED: Event.REFRESH_ADOPTED,
    Outcome.KEPT: Event.REFRESH_SUPERSEDED,
    Outcome.SUPERSEDED: Event.REFRESH_SUPERSEDED,
    Outcome.FENCED: Event.REFRESH_SUPERSEDED,
    Outcome.UNSENT: Event.REFRESH_UNSENT,
    Outcome.UNANSWERED: Event.REFRESH_UNCERTAIN,
}


def _note(
    services: Services,
    attempt: Attempt,
    answer: Answer,
    transition: Transition,
    written: Written,
    *,
    before: Account,
) -> None:
    """Count and log what was committed; ``before`` is the account that it met."""
    host, metrics, outcome = before.host, services.metrics, written.outcome
    metrics.refresh_attempts.labels(host, outcome.value).inc()
    if isinstance(transition, Adopt) and before.rejections:
        metrics.rejections_survived.labels(host).inc(before.rejections)
    lost = AccountReason.ROTATION_LOST
    if isinstance(transition, Close) and transition.turn and transition.turn.reason is lost:
        metrics.rotation_lost.labels(host).inc()
    event = _EVENTS.get(outcome, Event.REFRESH_REFUSED)
    note = log.info if event is Event.REFRESH_ADOPTED else log.warning
    note(
        event,
        account=attempt.account.id,
        host=host,
        outcome=outcome.value,
        detail=host_detail(answer.detail) if isinstance(answer, TokenRefusal) else None,
    )
    _note_state(transition, before)
    match written.circuit:
        case Open(failures=failures, retry_in=retry_in):
            log.warning(Event.CIRCUIT_OPENED, host=host, failures=failures, retry_in=str(retry_in))
        case Shut():
            log.info(Event.CIRCUIT_CLOSED, host=host)
        case _:
            pass


def _note_state(transition: Transition, before: Account) -> None:
    match transition:
        case Adopt(state=state) if state in LIVING and before.state not in LIVING:
            log.info(Event.ACCOUNT_HEALED, account=before.id, host=before.host)
        case Close(turn=Turn(ends_access=True) as turn) if before.state in LIVING:
            note_end(before, reason=turn.reason)
        case _:
            pass
