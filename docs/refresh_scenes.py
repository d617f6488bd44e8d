"""
Every answer that a refresh can get, in words, for the page that is written about it.

This module must not know what an answer leads to; the rules say it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from permsync.codehost import Rotation, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    Candidate,
    NotSent,
    Outcome,
    Unanswered,
)
from permsync.rules.refresh.outcome import Adopt, Close, Transition, plan_outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
DEFAULTS = Durations()
# Each wait of a refresh is told by its length: a sum of powers of two names its parts.
NAMES = [
    one.name
    for one in fields(Durations)
    if one.name.startswith(("refresh_", "circuit_")) or one.name == "candidate"
]
TOLD_APART = Durations(**{name: timedelta(seconds=1 << bit) for bit, name in enumerate(NAMES)})

ACTIVE = AccountFacts(
    state=AccountState.ACTIVE,
    reason=None,
    link_id="link",
    version=1,
    has_refresh_token=True,
    serves_until=LATER,
)
ARMED = AttemptFacts(id=1, state=AttemptState.ARMED, link_id="link", version=1, lease_until=LATER)
STAGED = replace(ARMED, state=AttemptState.STAGED)
CANDIDATE = Candidate(id=1, expires_at=LATER)
TOKENS = TokenGrant(access_token="", refresh_token="-")  # noqa: S106 - no token
REFUSED = TokenRefusal(TokenRefusalKind.REJECTED)


@dataclass(frozen=True, slots=True)
class Scene:
    """One answer to one attempt for one account, in words."""

    words: str
    answer: Answer
    account: AccountFacts = ACTIVE
    attempt: AttemptFacts = ARMED
    rotation: Rotation = Rotation.STRICT

    def transition(self, durations: Durations = TOLD_APART, jitter: float = 0.0) -> Transition:
        """What the rules make of it."""
        return plan_outcome(
            self.answer,
            self.attempt,
            self.account,
            durations,
            rotation=self.rotation,
            now=NOW,
            jitter=jitter,
        )


def scenes() -> Iterator[Scene]:
    """Every answer there is; refusals one after the other, with every end."""
    yield Scene("usable tokens", TOKENS)
    yield Scene("usable tokens, grace window", TOKENS, rotation=Rotation.GRACE)
    yield Scene("nothing was sent", NotSent())
    yield Scene("no answer", Unanswered())
    for kind in TokenRefusalKind:
        if kind is TokenRefusalKind.UNUSABLE:
            yield Scene("a success without tokens", TokenRefusal(kind))
            yield Scene("the same, when it is judged", TokenRefusal(kind), attempt=STAGED)
        elif kind is not TokenRefusalKind.REJECTED:
            yield Scene(kind.value.replace("_", " "), TokenRefusal(kind))
    yield from refusals()


def refusals() -> Iterator[Scene]:
    """The refusals of one token, one after the other, to each of their ends."""
    account, count = ACTIVE, 1
    while account.state in LIVING:
        yield Scene(f"refusal {count} of the same token", REFUSED, account)
        doubted, account = account, turned(Scene("", REFUSED, account))
        count += 1
    last = f"refusal {count - 1}"
    spent = replace(doubted, uncertain_before=True)
    yield Scene(f"{last}, after an attempt that may have spent it", REFUSED, spent)
    more = replace(doubted, candidates=(CANDIDATE,))
    yield Scene(f"{last}, while a candidate is left", REFUSED, more)
    tried = replace(more, rejections=count - 1)
    candidate = replace(ARMED, candidate=CANDIDATE.id)
    yield Scene("refusal of the last candidate", REFUSED, tried, candidate)


def late_scenes() -> Iterator[Scene]:
    """Answers that come when the account has moved on."""
    newer, other = replace(ACTIVE, version=2), replace(ACTIVE, link_id="a newer link", version=2)
    dead = replace(newer, state=AccountState.NEEDS_REAUTH, reason=AccountReason.ROTATION_LOST)
    own = replace(ARMED, state=AttemptState.CLOSED, outcome=Outcome.ADOPTED)
    yield Scene("tokens; the account has newer ones", TOKENS, newer)
    yield Scene("tokens; the account was given up meanwhile", TOKENS, dead)
    yield Scene("tokens; the account was linked again or unlinked", TOKENS, other)
    yield Scene("tokens; they were committed and only we do not know", TOKENS, newer, own)
    family = Rotation.FAMILY
    taken = replace(ARMED, state=AttemptState.CLOSED, outcome=Outcome.UNANSWERED)
    words = "tokens; somebody took over, and reuse ends the whole family"
    yield Scene(words, TOKENS, ACTIVE, taken, rotation=family)
    yield Scene("a refusal; the account has newer tokens", REFUSED, newer)
    yield Scene("the same, where reuse ends the whole family", REFUSED, newer, rotation=family)
    yield Scene(
        "no answer, where reuse ends the whole family", Unanswered(), newer, rotation=family
    )
    yield Scene("a refusal; the account was linked again or unlinked", REFUSED, other)


def turned(scene: Scene) -> AccountFacts:
    """The account after this answer."""
    match scene.transition(DEFAULTS):
        case Close(turn=turn) if turn is not None:
            return replace(
                scene.account, state=turn.state, reason=turn.reason, rejections=turn.rejections
            )
        case Adopt(state=state, reason=reason):
            return replace(ACTIVE, state=state, reason=reason)
        case _:
            return scene.account
