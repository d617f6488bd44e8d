"""
The healthy account and its attempt, from which every test of a refresh starts.

``told`` and ``claimed`` ask the rules with the defaults; a test names what it is about.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from permsync.codehost import Rotation, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    NotSent,
    Unanswered,
)
from permsync.rules.refresh.circuit import CircuitFacts
from permsync.rules.refresh.claim import Plan, plan_claim
from permsync.rules.refresh.outcome import Close, Transition, Turn, plan_outcome
from tests.rules.examples import NOW

DURATIONS = Durations()
SPACED = (
    DURATIONS.refresh_retry_first,
    DURATIONS.refresh_retry_second,
    DURATIONS.refresh_retry_third,
)
SECOND = timedelta(seconds=1)
HEALTHY = AccountFacts(
    state=AccountState.ACTIVE,
    reason=None,
    link_id="link",
    version=7,
    has_refresh_token=True,
    serves_until=NOW + timedelta(hours=1),
)
SUSPECT = replace(
    HEALTHY,
    state=AccountState.SUSPECT,
    reason=AccountReason.REFRESH_REFUSED_ONCE,
    rejections=1,
)
# The API refused the access token of a suspect: access ended before the last repetition.
ENDED_EARLY = replace(
    SUSPECT, state=AccountState.NEEDS_REAUTH, reason=AccountReason.CREDENTIAL_REJECTED
)
ARMED = AttemptFacts(
    id=3, state=AttemptState.ARMED, link_id="link", version=7, lease_until=NOW + SECOND
)

TOKENS = TokenGrant(access_token="access", refresh_token="refresh")
REJECTED = TokenRefusal(TokenRefusalKind.REJECTED)
DISABLED = TokenRefusal(TokenRefusalKind.ACCOUNT_DISABLED)
CLIENT_ERROR = TokenRefusal(TokenRefusalKind.CLIENT_ERROR)
RATE_LIMITED = TokenRefusal(TokenRefusalKind.RATE_LIMITED)
UNAVAILABLE = TokenRefusal(TokenRefusalKind.UNAVAILABLE)
UNUSABLE = TokenRefusal(TokenRefusalKind.UNUSABLE)
FAULTS: tuple[Answer, ...] = (NotSent(), Unanswered(), RATE_LIMITED, UNAVAILABLE, UNUSABLE)


def claimed(
    account: AccountFacts = HEALTHY,
    attempt: AttemptFacts | None = None,
    circuit: CircuitFacts | None = None,
    *,
    rotation: Rotation = Rotation.STRICT,
    now: datetime = NOW,
) -> Plan:
    """What a claim leads to."""
    return plan_claim(account, attempt, circuit, DURATIONS, rotation=rotation, now=now)


def told(
    answer: Answer,
    account: AccountFacts = HEALTHY,
    attempt: AttemptFacts = ARMED,
    *,
    rotation: Rotation = Rotation.STRICT,
    now: datetime = NOW,
    jitter: float = 0.5,
) -> Transition:
    """What an answer leads to."""
    return plan_outcome(
        answer, attempt, account, DURATIONS, rotation=rotation, now=now, jitter=jitter
    )


def closed(answer: Answer, account: AccountFacts = HEALTHY, attempt: AttemptFacts = ARMED) -> Close:
    """The same, where it closes the attempt."""
    transition = told(answer, account, attempt)
    assert isinstance(transition, Close)
    return transition


def turned(answer: Answer, account: AccountFacts = HEALTHY, attempt: AttemptFacts = ARMED) -> Turn:
    """What becomes of the account, where something does."""
    turn = closed(answer, account, attempt).turn
    assert turn is not None
    return turn
