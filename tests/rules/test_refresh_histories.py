"""
Whole histories of a refresh: what no order of answers may bring about.

An account is driven through ``plan_outcome`` the way the store does it: a close writes
state, reason and count; doubt and a lost answer are remembered for the verdict.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    UNCERTAIN_OUTCOMES,
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    Claim,
    Close,
    Doubt,
    NotSent,
    Unanswered,
    Wait,
    plan_claim,
    plan_outcome,
)
from tests.rules.examples import INSTANT, NOW, few

DURATIONS = Durations()
HEALTHY = AccountFacts(
    state=AccountState.ACTIVE,
    reason=None,
    has_refresh_token=True,
    rejections=0,
    refresh_try_at=None,
    uncertain_before=False,
)
REJECTED = TokenRefusal(TokenRefusalKind.REJECTED)
FAULTS: list[Answer] = [
    NotSent(),
    Unanswered(),
    TokenRefusal(TokenRefusalKind.RATE_LIMITED),
    TokenRefusal(TokenRefusalKind.UNAVAILABLE),
    TokenRefusal(TokenRefusalKind.UNUSABLE),
    TokenRefusal(TokenRefusalKind.CLIENT_ERROR),
]
MAYBE_SPENT = [FAULTS[1], *FAULTS[2:5]]

SECOND = timedelta(seconds=1)

faults = some.lists(some.sampled_from(FAULTS), max_size=8)
histories = some.lists(some.just(REJECTED) | some.sampled_from(FAULTS), max_size=12)
offsets = some.integers(min_value=-90, max_value=90).map(lambda count: NOW + count * SECOND)


def _after(answers: list[Answer], account: AccountFacts = HEALTHY) -> AccountFacts:
    for answer in answers:
        match plan_outcome(answer, account, DURATIONS):
            case Close() as close:
                account = replace(
                    account,
                    state=close.state,
                    reason=close.reason,
                    rejections=close.rejections,
                    uncertain_before=account.uncertain_before
                    or close.outcome in UNCERTAIN_OUTCOMES,
                )
            case Doubt():
                account = replace(account, uncertain_before=True)
            case adopt:
                raise AssertionError(adopt)
    return account


@few
@given(answers=faults)
def test_faults_alone_never_end_access(answers: list[Answer]) -> None:
    assert _after(answers).state in LIVING


@few
@given(answers=histories)
def test_access_ends_by_the_fourth_refusal_and_never_by_an_earlier_one(
    answers: list[Answer],
) -> None:
    assert (_after(answers).state in LIVING) is (answers.count(REJECTED) < 4)


@few
@given(answers=histories)
def test_the_verdict_is_a_lost_rotation_exactly_if_the_token_may_have_been_spent(
    answers: list[Answer],
) -> None:
    refused_at = [index for index, answer in enumerate(answers) if answer == REJECTED]
    ended = _after(answers)
    if len(refused_at) < 4:
        assert ended.reason in {None, AccountReason.REFRESH_REFUSED_ONCE}
    else:
        before = answers[: refused_at[3]]
        lost = any(answer in MAYBE_SPENT for answer in before)
        assert (ended.reason is AccountReason.ROTATION_LOST) is lost


@few
@given(answers=histories, more=histories)
def test_ended_access_stays_ended_whatever_is_refused_later(
    answers: list[Answer], more: list[Answer]
) -> None:
    ended = _after([REJECTED] * 4 + answers)
    assert ended.state is AccountState.NEEDS_REAUTH
    assert _after(more, ended).reason == ended.reason


@few
@given(lease_until=offsets, try_at=some.none() | offsets, attempted=some.booleans())
def test_a_claim_that_must_wait_succeeds_at_the_end_of_its_waits(
    lease_until: datetime, try_at: datetime | None, attempted: bool
) -> None:
    """No account waits for ever: each wait is in the future, and two are the most."""
    account = replace(HEALTHY, refresh_try_at=try_at)
    attempt = AttemptFacts(id=3, state=AttemptState.ARMED, lease_until=lease_until)
    live = attempt if attempted else None
    now = NOW
    for _ in range(2):
        plan = plan_claim(account, live, now=now)
        if isinstance(plan, Wait):
            assert plan.until > now
            assert plan_claim(account, live, now=plan.until - INSTANT) == plan
            now = plan.until
    assert plan_claim(account, live, now=now) == Claim(takes_over=3 if attempted else None)
