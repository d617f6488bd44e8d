"""
What an answer to a refresh means for the attempt, the account and the tokens.

Every transition is whole: facts and an answer go in, and what comes out says all that is to
be written. The facts are read again, under the account's lock, before a failure is written;
so an account that moved on meanwhile is never judged by what its older token was told (I4,
I7). This module must not know how anything is sent or stored.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from permsync.codehost import Rotation, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    DISPROVABLE,
    LIVE,
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    NotSent,
    Outcome,
    Unanswered,
    doubled,
    final_reason,
    next_candidate,
    spaced,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """
    What becomes of the account; what is not named stays.

    ``try_in`` is when a token may be presented next; ``None`` where nothing is tried any more.
    """

    state: AccountState
    reason: AccountReason | None
    rejections: int
    faults: int
    try_in: timedelta | None

    @property
    def ends_access(self) -> bool:
        """Whether the state this leads to ends access."""
        return self.state not in LIVING


@dataclass(frozen=True, slots=True)
class Adopt:
    """
    Commit these tokens as the successor of ``version``, before anything else happens (I3, I9).

    The attempt closes as adopted, the counts start anew, and the candidate that was
    presented is gone. Where ``keeps_presented_in`` is set, the token that was presented
    stays a candidate for so long: the host has a grace window, and may let another answer to
    the same token win over this one, whoever asked for it.

    Where ``proved_in`` is set, the attempt closes as reused instead and the new token is
    refreshed after so long: the old one was presented again meanwhile, for which the host
    may end all of them.
    """

    tokens: TokenGrant
    version: int
    state: AccountState
    reason: AccountReason | None
    keeps_presented_in: timedelta | None = None
    proved_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """The account moved on: keep this late refresh token of the same link as a candidate."""

    refresh_token: str = field(repr=False)
    expires_in: timedelta


@dataclass(frozen=True, slots=True)
class Revoke:
    """The link is over: have the host forget these tokens, and close the attempt as fenced."""

    tokens: TokenGrant


@dataclass(frozen=True, slots=True)
class Stage:
    """A 2xx that shows no tokens: store the raw answer, sealed, before it is judged (I5)."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Keep the attempt, uncertain, until the settle time is over; then present again."""

    settle_in: timedelta
    faults: int


@dataclass(frozen=True, slots=True)
class Close:
    """
    Close the attempt; without a ``turn`` the account stays exactly as it is.

    ``drops`` is a candidate that was refused.
    """

    outcome: Outcome
    turn: Turn | None = None
    drops: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The attempt's end was written already: nothing is left to do."""


Transition = Adopt | Keep | Revoke | Stage | Doubt | Close | Settled


def plan_outcome(
    answer: Answer,
    attempt: AttemptFacts,
    account: AccountFacts,
    durations: Durations,
    *,
    rotation: Rotation,
    now: datetime,
    jitter: float,
) -> Transition:
    """
    Decide what an answer to a refresh means; ``jitter`` is in [0, 1).

    ``attempt`` and ``account`` are as they are stored now: since the token was sent the link
    or the version may have moved, and somebody may have taken the attempt over.
    """
    if isinstance(answer, TokenGrant):
        return _granted(answer, attempt, account, durations, rotation=rotation)
    if attempt.link_id != account.link_id:
        return Close(Outcome.FENCED)
    if attempt.version != account.version or attempt.state not in LIVE:
        return _superseded(answer, attempt, account, durations, rotation=rotation)
    if isinstance(answer, Unanswered):
        wait = durations.refresh_settle + _backoff(account, durations, jitter=jitter)
        return Doubt(wait, account.faults + 1)
    told = _told(answer, attempt, account, durations, now=now, jitter=jitter)
    if isinstance(told, Close) and final_reason(account, durations) is not None:
        return replace(told, turn=None)  # access ended meanwhile, and no refusal gives it back
    return told


def _superseded(
    answer: TokenRefusal | NotSent | Unanswered,
    attempt: AttemptFacts,
    account: AccountFacts,
    durations: Durations,
    *,
    rotation: Rotation,
) -> Close | Doubt:
    """
    The account moved on, so its state stays; but a family may have ended with this try.

    Its host refuses a late repetition and ends the successor too, which is the account's token
    now: a refresh at once finds out. Without an answer it may until the settle time is over.
    """
    late = attempt.version < account.version and account.state in LIVING
    faults = account.faults + 1
    if rotation is Rotation.FAMILY and late and not isinstance(answer, NotSent):
        if isinstance(answer, TokenRefusal) and answer.kind is TokenRefusalKind.REJECTED:
            return Close(Outcome.REUSED, replace(_unmoved(account, timedelta()), faults=faults))
        if attempt.state in LIVE:
            return Doubt(durations.refresh_settle, faults)
    return Close(Outcome.SUPERSEDED)


def _granted(
    tokens: TokenGrant,
    attempt: AttemptFacts,
    account: AccountFacts,
    durations: Durations,
    *,
    rotation: Rotation,
) -> Transition:
    """Never drop a token: adopt it, keep it, or have it revoked (I5)."""
    if attempt.outcome in {Outcome.ADOPTED, Outcome.KEPT, Outcome.REUSED}:
        return Settled()  # the commit arrived and only its acknowledgement was lost
    if attempt.link_id != account.link_id or account.state is AccountState.UNLINKED:
        return Revoke(tokens)
    disproved = account.state is AccountState.NEEDS_REAUTH and account.reason in DISPROVABLE
    if attempt.version == account.version or disproved:
        healed = disproved or account.state in LIVING
        rotated = tokens.refresh_token is not None and rotation is Rotation.GRACE
        reused = rotation is Rotation.FAMILY and attempt.state not in LIVE
        return Adopt(
            tokens,
            version=account.version,
            state=AccountState.ACTIVE if healed else account.state,
            reason=None if healed else account.reason,
            keeps_presented_in=durations.refresh_grace if rotated else None,
            proved_in=durations.refresh_settle if reused else None,
        )
    if tokens.refresh_token is None:
        return Close(Outcome.SUPERSEDED)
    lives_in = tokens.refresh_expires_in or durations.candidate
    return Keep(tokens.refresh_token, min(lives_in, durations.candidate))


def _told(
    answer: TokenRefusal | NotSent,
    attempt: AttemptFacts,
    account: AccountFacts,
    durations: Durations,
    *,
    now: datetime,
    jitter: float,
) -> Close | Stage:
    if isinstance(answer, NotSent):
        return _fault(Outcome.UNSENT, account, durations, jitter=jitter)
    match answer.kind:
        case TokenRefusalKind.REJECTED:
            return _rejected(attempt, account, durations, now=now)
        case TokenRefusalKind.ACCOUNT_DISABLED:
            state, reason = AccountState.DISABLED_AT_HOST, AccountReason.DISABLED_AT_HOST
            return Close(Outcome.DISABLED, Turn(state, reason, account.rejections, 0, None))
        case TokenRefusalKind.CLIENT_ERROR:
            return _fault(Outcome.CLIENT_ERROR, account, durations, jitter=jitter)
        case TokenRefusalKind.RATE_LIMITED:
            told = min(answer.retry_in or timedelta(), durations.refresh_told_most)
        case TokenRefusalKind.UNUSABLE if attempt.state is not AttemptState.STAGED:
            return Stage()
        case _:
            # Something in front of the host may have given up on it too early.
            told = min(answer.retry_in or timedelta(), durations.refresh_told_most)
            told = max(told, durations.refresh_settle)
    return _fault(Outcome.MAYBE_CONSUMED, account, durations, jitter=jitter, told=told)


def _fault(
    outcome: Outcome,
    account: AccountFacts,
    durations: Durations,
    *,
    jitter: float,
    told: timedelta = timedelta(),
) -> Close:
    """Nothing definite was said: the same token later, and the account is not blamed."""
    wait = told + _backoff(account, durations, jitter=jitter)
    return Close(outcome, replace(_unmoved(account, wait), faults=account.faults + 1))


def _backoff(account: AccountFacts, durations: Durations, *, jitter: float) -> timedelta:
    """Full jitter over a wait that doubles with every fault in a row."""
    first, most = durations.refresh_backoff, durations.refresh_backoff_most
    return doubled(first, times=account.faults, most=most) * jitter


def _unmoved(account: AccountFacts, try_in: timedelta) -> Turn:
    return Turn(account.state, account.reason, account.rejections, account.faults, try_in)


def _rejected(
    attempt: AttemptFacts, account: AccountFacts, durations: Durations, *, now: datetime
) -> Close:
    """
    One refusal is no proof of death: the same token again, spaced; then every candidate once.

    GitLab.com has sent ``invalid_grant`` from a lagging replica (gitlab#599181).
    """
    own = attempt.candidate is None
    told = replace(
        account,
        rejections=account.rejections + 1 if own else account.rejections,
        candidates=tuple(one for one in account.candidates if one.id != attempt.candidate),
    )
    waits = spaced(durations)
    if next_candidate(told, durations, now=now) is not None:
        turn = _doubted(told, durations.refresh_backoff)
    elif 0 < told.rejections <= len(waits):
        turn = _doubted(told, waits[told.rejections - 1])
    else:
        turn = _verdict(told)
    return Close(Outcome.REJECTED, turn, drops=attempt.candidate)


def _doubted(account: AccountFacts, try_in: timedelta) -> Turn:
    """Suspect keeps access; an account that the API refused already does not regain it."""
    if account.state not in LIVING:
        return _unmoved(account, try_in)
    suspect = (AccountState.SUSPECT, AccountReason.REFRESH_REFUSED_ONCE)
    return Turn(*suspect, account.rejections, 0, try_in)


def _verdict(account: AccountFacts) -> Turn:
    """The token is dead: by our own loss where one of its attempts may have spent it."""
    lost = account.uncertain_before or account.reused_before
    reason = AccountReason.ROTATION_LOST if lost else AccountReason.REVOKED_OR_EXPIRED
    return Turn(AccountState.NEEDS_REAUTH, reason, account.rejections, 0, None)
