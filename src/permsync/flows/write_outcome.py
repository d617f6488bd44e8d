"""
Writes one transition of a refresh, all of it in the caller's transaction.

What is decided here: which statements a verdict of ``rules.refresh.outcome`` is made of, and
that the account's state, its audit entry, its change row and the client's circuit move
together or not at all. This module must not decide which transition it is.
"""

from dataclasses import dataclass, field
from datetime import datetime

from permsync.codehost import Rotation, TokenGrant
from permsync.errors import DefectError
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.end_access import failure_entry, state_change, state_entry
from permsync.flows.plan_refresh import due_in
from permsync.flows.queue_revocation import queue_revocation
from permsync.flows.seal_tokens import seal, seal_candidate
from permsync.model import LIVING, Account, AccountReason, AccountState, TokenSet
from permsync.rules.refresh import Outcome
from permsync.rules.refresh.circuit import Open, Shut, plan_circuit
from permsync.rules.refresh.outcome import (
    Adopt,
    Close,
    Doubt,
    Keep,
    Revoke,
    Settled,
    Turn,
)
from permsync.store import (
    accounts,
    audit,
    candidates,
    changes,
    circuits,
    refresh_attempts,
    refresh_commits,
    runs,
)
from permsync.store.accounts import SealedTokens
from permsync.store.engine import Connection
from permsync.store.refresh_attempts import StoredAttempt
from permsync.store.refreshes import Holding

# Every transition but one: an answer is staged before anything else is written.
Writable = Adopt | Keep | Revoke | Doubt | Close | Settled


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A claimed attempt: what was read when it was claimed, and until when it may send.

    ``presented`` is the refresh token that left, or is about to; ``None`` where the answer is
    judged so late that nobody knows it.
    """

    id: int
    account: Account
    configured: ConfiguredHost
    presented: str | None = field(repr=False)
    redirect_uri: str
    asked_at: datetime
    send_before: float
    candidate: int | None = None
    probes: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether new tokens are all there is to write."""
        plain = self.candidate is None and not self.probes
        return plain and self.configured.host.rotation is not Rotation.GRACE


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the attempt, and of the client's circuit where that moved."""

    outcome: Outcome
    circuit: Open | Shut | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The account and the attempt, read again while the account's row is locked."""

    holding: Holding
    stored: StoredAttempt


async def write_outcome(
    services: Services,
    connection: Connection,
    attempt: Attempt,
    reading: Reading,
    transition: Writable,
) -> Written | None:
    """
    Write a transition that was planned on this reading.

    Returns what it led to, ``None`` where that was written before.
    """
    holding, stored = reading.holding, reading.stored
    account = holding.account
    if isinstance(transition, Settled):
        return None
    match transition:
        case Adopt():
            await _adopt(services, connection, attempt, reading, transition)
            outcome = Outcome.ADOPTED if transition.proved_in is None else Outcome.REUSED
        case Keep(refresh_token=token, expires_in=lives_in):
            sealed = seal_candidate(services.vault, token, attempt=stored.facts)
            await candidates.keep(
                connection, stored.facts, sealed, account_id=account.id, lives_in=lives_in
            )
            outcome = Outcome.KEPT
        case Revoke(tokens=tokens):
            await _hand_over(services, connection, attempt, tokens)
            outcome = Outcome.FENCED
        case Doubt(settle_in=settle_in, faults=faults):
            await refresh_attempts.save_uncertain(connection, attempt.id, settle_in=settle_in)
            await refresh_commits.save_faults(connection, account, faults=faults, due_in=None)
            await audit.record(connection, failure_entry(account, Outcome.UNANSWERED))
            return await _noted(services, connection, attempt, holding, Outcome.UNANSWERED)
        case _:
            await _close(connection, account, transition)
            outcome = transition.outcome
    await refresh_attempts.close(connection, attempt.id, outcome)
    return await _noted(services, connection, attempt, holding, outcome)


def seal_successor(
    services: Services, attempt: Attempt, granted: TokenGrant, account: Account
) -> SealedTokens:
    """Seal new tokens as the version after the account's present one."""
    return seal(
        services.vault,
        granted,
        account_id=account.id,
        link_id=account.link_id,
        version=account.token_version + 1,
        asked_at=attempt.asked_at,
        due_in=due_in(services, account.host, granted),
        before=account,
        old_refresh_token=attempt.presented,
    )


async def _adopt(
    services: Services,
    connection: Connection,
    attempt: Attempt,
    reading: Reading,
    adopt: Adopt,
) -> None:
    account, stored = reading.holding.account, reading.stored
    sealed = seal_successor(services, attempt, adopt.tokens, account)
    won = await refresh_commits.adopt(
        connection, account, sealed, state=adopt.state, reason=adopt.reason
    )
    if not won or account.token_version != adopt.version:
        raise DefectError("the account moved while its row was locked")
    if attempt.candidate is not None:
        await candidates.drop(connection, attempt.candidate)
    kept_in, old = adopt.keeps_presented_in, attempt.presented
    if kept_in is not None and old is not None and old != adopt.tokens.refresh_token:
        spent = seal_candidate(services.vault, old, attempt=stored.facts)
        await candidates.keep(
            connection, stored.facts, spent, account_id=account.id, lives_in=kept_in
        )
    if adopt.proved_in is not None:
        await refresh_commits.save_faults(connection, account, faults=1, due_in=adopt.proved_in)
    await _tell(connection, account, state=adopt.state, reason=adopt.reason)


async def _hand_over(
    services: Services, connection: Connection, attempt: Attempt, tokens: TokenGrant
) -> None:
    """What an older link was granted is revoked, and nothing of a newer one."""
    dies_in = tokens.refresh_expires_in
    await queue_revocation(
        services,
        connection,
        TokenSet(tokens.access_token, tokens.refresh_token),
        host=attempt.account.host,
        account_id=attempt.account.id,
        link_id=attempt.account.link_id,
        dies_at=attempt.asked_at + dies_in if dies_in is not None else None,
    )


async def _close(connection: Connection, account: Account, close: Close) -> None:
    """What the end of an attempt without tokens leaves behind."""
    if close.turn is not None:
        await _turn(connection, account, close.turn)
        if close.turn.state is account.state:
            await audit.record(connection, failure_entry(account, close.outcome))
    if close.drops is not None:
        await candidates.drop(connection, close.drops)


async def _turn(connection: Connection, account: Account, turn: Turn) -> None:
    """What a refusal or a fault makes of the account."""
    await accounts.save_state(
        connection,
        account,
        state=turn.state,
        reason=turn.reason,
        rejections=turn.rejections,
        try_in=turn.try_in,
    )
    await refresh_commits.save_faults(connection, account, faults=turn.faults, due_in=turn.try_in)
    await _tell(connection, account, state=turn.state, reason=turn.reason)


async def _tell(
    connection: Connection,
    account: Account,
    *,
    state: AccountState,
    reason: AccountReason | None,
) -> None:
    """The audit entry and the change row of a change of state, and the run that it ends."""
    if (state, reason) == (account.state, account.reason):
        return
    await audit.record(connection, state_entry(account, state, reason))
    if state is account.state:
        return
    if state not in LIVING and account.state in LIVING:
        await runs.abandon(connection, account.id, failure=(reason or state).value)
    await changes.append(connection, [state_change(account, state)])


async def _noted(
    services: Services,
    connection: Connection,
    attempt: Attempt,
    holding: Holding,
    outcome: Outcome,
) -> Written:
    """The outcome, and what it says about our OAuth client, for everybody."""
    plan = plan_circuit(
        outcome,
        holding.circuit,
        services.durations,
        account_id=attempt.account.id,
        probed=attempt.probes,
        jitter=services.chance.jitter(),
    )
    digest, host = attempt.configured.client_digest, attempt.configured.name
    match plan:
        case Open():
            account_id = attempt.account.id
            await circuits.save_open(connection, digest, plan, host=host, account_id=account_id)
        case Shut():
            await circuits.save_shut(connection, digest)
        case _:
            pass
    return Written(outcome, plan)
