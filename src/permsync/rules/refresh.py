"""
The transitions of a refresh: whether one may start, and what its outcome means.

A refresh is a commit shared with a stranger: the host may spend our refresh token and
the answer may never reach our disk. So an attempt is a durable row before the token
leaves (I2), at most one is live per account (I1), and an outcome moves the account only
by compare-and-set on its token version (I4).

    due --claim--> ARMED --send--> answered
        provably not sent       close "unsent", try later with the same token
        usable tokens           commit them, version + 1, account active
        definite rejection      suspect, same token again, spaced; then needs_reauth
        client error            close, try later; no account is blamed
        429, 5xx, unusable      close "maybe_consumed", try later with the same token
        no answer               UNCERTAIN until the settle time is over, then again

This module must not know SQL, HTTP or any host. Time is an argument.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from permsync.codehost import TokenAnswer, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations


class AttemptState(StrEnum):
    """Where an attempt is; the first two are live."""

    ARMED = "armed"
    UNCERTAIN = "uncertain"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What became of an attempt: a closed set, stored with it."""

    ADOPTED = "adopted"
    UNSENT = "unsent"
    REJECTED = "rejected"
    CLIENT_ERROR = "client_error"
    DISABLED = "disabled"
    MAYBE_CONSUMED = "maybe_consumed"
    UNANSWERED = "unanswered"
    FENCED = "fenced"


UNCERTAIN_OUTCOMES = frozenset({Outcome.MAYBE_CONSUMED, Outcome.UNANSWERED})


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this machine: the token was not spent."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Something may have arrived; whether the host committed is unknown."""


Answer = TokenAnswer | NotSent | Unanswered


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """The live attempt of an account, as stored."""

    id: int
    state: AttemptState
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a claim and a verdict need to know of an account."""

    state: AccountState
    reason: AccountReason | None
    has_refresh_token: bool
    rejections: int
    refresh_try_at: datetime | None
    uncertain_before: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Start an attempt now. ``takes_over`` is a live attempt whose owner is gone."""

    takes_over: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: another attempt runs or the next try is not due before ``until``."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Hopeless:
    """No refresh can help; only the person can. ``reason`` says why."""

    reason: AccountReason


def plan_claim(
    account: AccountFacts, attempt: AttemptFacts | None, *, now: datetime
) -> Claim | Wait | Hopeless:
    """
    Decide whether a refresh may start.

    A lease ends after the owner's own deadline and the settle time (I6), so an attempt
    past its lease has no sender any more and its token may be presented again.
    """
    if account.state not in LIVING:
        return Hopeless(account.reason or AccountReason.REVOKED_OR_EXPIRED)
    if not account.has_refresh_token:
        return Hopeless(AccountReason.NO_REFRESH_TOKEN)
    if attempt is not None and now < attempt.lease_until:
        return Wait(attempt.lease_until)
    if account.refresh_try_at is not None and now < account.refresh_try_at:
        return Wait(account.refresh_try_at)
    return Claim(takes_over=attempt.id if attempt is not None else None)


@dataclass(frozen=True, slots=True)
class Adopt:
    """Commit these tokens before anything else happens (I3, I9)."""

    tokens: TokenGrant


@dataclass(frozen=True, slots=True)
class Close:
    """
    Close the attempt and note when to try again; the account may turn ``state``.

    ``ends_access`` is true only for a verdict about the person's authorization.
    """

    outcome: Outcome
    try_in: timedelta
    state: AccountState
    reason: AccountReason | None
    rejections: int

    @property
    def ends_access(self) -> bool:
        """Whether the state this leads to ends access."""
        return self.state not in LIVING


@dataclass(frozen=True, slots=True)
class Doubt:
    """Keep the attempt, uncertain, until the settle time is over; then present again."""

    settle_in: timedelta


Transition = Adopt | Close | Doubt


def plan_outcome(answer: Answer, account: AccountFacts, durations: Durations) -> Transition:
    """Decide what an answer to a refresh means for the attempt and the account."""
    match answer:
        case TokenGrant():
            return Adopt(answer)
        case Unanswered():
            return Doubt(durations.refresh_settle)
        case NotSent():
            return _keep(Outcome.UNSENT, account, durations.refresh_backoff)
        case TokenRefusal(kind=TokenRefusalKind.REJECTED):
            return _rejected(account, durations)
        case TokenRefusal(kind=TokenRefusalKind.ACCOUNT_DISABLED):
            return Close(
                outcome=Outcome.DISABLED,
                try_in=durations.refresh_backoff,
                state=AccountState.DISABLED_AT_HOST,
                reason=AccountReason.DISABLED_AT_HOST,
                rejections=account.rejections,
            )
        case TokenRefusal(kind=TokenRefusalKind.CLIENT_ERROR):
            return _keep(Outcome.CLIENT_ERROR, account, durations.refresh_backoff)
        case _:  # every other refusal: the host had the token and said nothing definite
            return _keep(
                Outcome.MAYBE_CONSUMED, account, answer.retry_in or durations.refresh_backoff
            )


def _keep(outcome: Outcome, account: AccountFacts, try_in: timedelta) -> Close:
    return Close(
        outcome=outcome,
        try_in=try_in,
        state=account.state,
        reason=account.reason,
        rejections=account.rejections,
    )


def _rejected(account: AccountFacts, durations: Durations) -> Close:
    """
    One refusal is no proof of death: the same token again, spaced, then the verdict.

    GitLab.com has sent ``invalid_grant`` from a lagging replica (gitlab#599181). Where
    access ended while the answer was on its way, a refusal does not give it back.
    """
    if account.state not in LIVING:
        return _keep(Outcome.REJECTED, account, durations.refresh_backoff)
    spaced = (
        durations.refresh_retry_first,
        durations.refresh_retry_second,
        durations.refresh_retry_third,
    )
    if account.rejections < len(spaced):
        return Close(
            outcome=Outcome.REJECTED,
            try_in=spaced[account.rejections],
            state=AccountState.SUSPECT,
            reason=AccountReason.REFRESH_REFUSED_ONCE,
            rejections=account.rejections + 1,
        )
    lost = account.uncertain_before
    return Close(
        outcome=Outcome.REJECTED,
        try_in=durations.refresh_backoff,
        state=AccountState.NEEDS_REAUTH,
        reason=AccountReason.ROTATION_LOST if lost else AccountReason.REVOKED_OR_EXPIRED,
        rejections=account.rejections + 1,
    )
