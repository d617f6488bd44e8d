"""
Whether a refresh may start, and what its outcome means for the attempt and the account.

The account here is healthy unless a test says otherwise; durations are the defaults.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.codehost import TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    UNCERTAIN_OUTCOMES,
    AccountFacts,
    Adopt,
    Answer,
    AttemptFacts,
    AttemptState,
    Claim,
    Close,
    Doubt,
    Hopeless,
    NotSent,
    Outcome,
    Unanswered,
    Wait,
    plan_claim,
    plan_outcome,
)
from tests.rules.examples import INSTANT, NOW

DURATIONS = Durations()
SPACED = (
    DURATIONS.refresh_retry_first,
    DURATIONS.refresh_retry_second,
    DURATIONS.refresh_retry_third,
)
HEALTHY = AccountFacts(
    state=AccountState.ACTIVE,
    reason=None,
    has_refresh_token=True,
    rejections=0,
    refresh_try_at=None,
    uncertain_before=False,
)
ATTEMPT = AttemptFacts(id=3, state=AttemptState.ARMED, lease_until=NOW)
REJECTED = TokenRefusal(TokenRefusalKind.REJECTED)
DISABLED = TokenRefusal(TokenRefusalKind.ACCOUNT_DISABLED)
ENDED = sorted(set(AccountState) - LIVING)

# Answers that say nothing about the person's authorization, and how they close.
INNOCENT: dict[Outcome, Answer] = {
    Outcome.UNSENT: NotSent(),
    Outcome.CLIENT_ERROR: TokenRefusal(TokenRefusalKind.CLIENT_ERROR),
}
CONSUMING = [
    TokenRefusalKind.RATE_LIMITED,
    TokenRefusalKind.UNAVAILABLE,
    TokenRefusalKind.UNUSABLE,
]


def _close(answer: Answer, account: AccountFacts = HEALTHY) -> Close:
    transition = plan_outcome(answer, account, DURATIONS)
    assert isinstance(transition, Close)
    return transition


def test_a_healthy_account_without_an_attempt_may_be_refreshed() -> None:
    assert plan_claim(HEALTHY, None, now=NOW) == Claim()


def test_a_suspect_account_may_be_refreshed() -> None:
    suspect = replace(HEALTHY, state=AccountState.SUSPECT)
    assert plan_claim(suspect, None, now=NOW) == Claim()


@pytest.mark.parametrize("state", ENDED)
def test_an_account_whose_access_ended_is_hopeless_with_its_own_reason(
    state: AccountState,
) -> None:
    ended = replace(HEALTHY, state=state, reason=AccountReason.SCOPE_MISSING)
    assert plan_claim(ended, None, now=NOW) == Hopeless(AccountReason.SCOPE_MISSING)


def test_an_ended_account_without_a_reason_has_to_be_linked_again() -> None:
    ended = replace(HEALTHY, state=AccountState.NEEDS_REAUTH)
    assert plan_claim(ended, None, now=NOW) == Hopeless(AccountReason.REVOKED_OR_EXPIRED)


def test_nothing_can_be_presented_without_a_refresh_token() -> None:
    bare = replace(HEALTHY, has_refresh_token=False)
    assert plan_claim(bare, ATTEMPT, now=NOW) == Hopeless(AccountReason.NO_REFRESH_TOKEN)


@pytest.mark.parametrize("state", [AttemptState.ARMED, AttemptState.UNCERTAIN])
def test_a_live_attempt_is_waited_for_until_its_lease_ends(state: AttemptState) -> None:
    """I1: its owner may still send, or the host may still settle."""
    leased = AttemptFacts(id=3, state=state, lease_until=NOW + INSTANT)
    assert plan_claim(HEALTHY, leased, now=NOW) == Wait(NOW + INSTANT)


@pytest.mark.parametrize("state", [AttemptState.ARMED, AttemptState.UNCERTAIN])
def test_an_attempt_past_its_lease_is_taken_over(state: AttemptState) -> None:
    assert plan_claim(HEALTHY, replace(ATTEMPT, state=state), now=NOW) == Claim(takes_over=3)


def test_the_next_try_is_not_made_before_it_is_due() -> None:
    spaced = replace(HEALTHY, refresh_try_at=NOW + INSTANT)
    assert plan_claim(spaced, None, now=NOW) == Wait(NOW + INSTANT)
    assert plan_claim(spaced, None, now=NOW + INSTANT) == Claim()


def test_a_take_over_waits_for_the_next_try_as_well() -> None:
    spaced = replace(HEALTHY, refresh_try_at=NOW + INSTANT)
    assert plan_claim(spaced, ATTEMPT, now=NOW) == Wait(NOW + INSTANT)


@pytest.mark.parametrize("state", AccountState)
def test_usable_tokens_are_adopted_whatever_the_account_looks_like(state: AccountState) -> None:
    """I5: a late answer revives an account that was given up."""
    granted = TokenGrant(access_token="new")
    assert plan_outcome(granted, replace(HEALTHY, state=state), DURATIONS) == Adopt(granted)


def test_no_answer_leaves_the_attempt_uncertain_until_the_host_settled() -> None:
    assert plan_outcome(Unanswered(), HEALTHY, DURATIONS) == Doubt(DURATIONS.refresh_settle)


@pytest.mark.parametrize("outcome", INNOCENT)
def test_a_fault_of_ours_closes_the_attempt_and_blames_no_account(outcome: Outcome) -> None:
    assert _close(INNOCENT[outcome]) == Close(
        outcome=outcome,
        try_in=DURATIONS.refresh_backoff,
        state=AccountState.ACTIVE,
        reason=None,
        rejections=0,
    )


@pytest.mark.parametrize("kind", CONSUMING)
def test_a_fault_of_the_host_may_have_consumed_the_token(kind: TokenRefusalKind) -> None:
    close = _close(TokenRefusal(kind))
    assert close.outcome is Outcome.MAYBE_CONSUMED
    assert close.outcome in UNCERTAIN_OUTCOMES
    assert close.try_in == DURATIONS.refresh_backoff


@pytest.mark.parametrize("kind", CONSUMING)
def test_the_hosts_own_wish_to_wait_is_granted(kind: TokenRefusalKind) -> None:
    assert _close(TokenRefusal(kind, retry_in=timedelta(hours=1))).try_in == timedelta(hours=1)


def test_the_outcomes_after_which_nobody_knows_are_these_two() -> None:
    assert {Outcome.MAYBE_CONSUMED, Outcome.UNANSWERED} == UNCERTAIN_OUTCOMES


@pytest.mark.parametrize("state", sorted(LIVING))
@pytest.mark.parametrize("answer", [*INNOCENT.values(), *map(TokenRefusal, CONSUMING)])
def test_no_fault_moves_the_account(answer: Answer, state: AccountState) -> None:
    account = replace(HEALTHY, state=state, reason=AccountReason.REFRESH_REFUSED_ONCE, rejections=2)
    close = _close(answer, account)
    assert (close.state, close.reason, close.rejections) == (state, account.reason, 2)
    assert not close.ends_access


@pytest.mark.parametrize("refused_before", range(3))
def test_a_refusal_is_doubted_three_times_at_growing_distances(refused_before: int) -> None:
    assert _close(REJECTED, replace(HEALTHY, rejections=refused_before)) == Close(
        outcome=Outcome.REJECTED,
        try_in=SPACED[refused_before],
        state=AccountState.SUSPECT,
        reason=AccountReason.REFRESH_REFUSED_ONCE,
        rejections=refused_before + 1,
    )


def test_the_distances_grow() -> None:
    assert list(SPACED) == sorted(set(SPACED))


@pytest.mark.parametrize("refused_before", [3, 4, 100])
def test_a_refusal_after_three_spaced_ones_is_believed(refused_before: int) -> None:
    close = _close(REJECTED, replace(HEALTHY, rejections=refused_before))
    assert close.state is AccountState.NEEDS_REAUTH
    assert close.reason is AccountReason.REVOKED_OR_EXPIRED
    assert close.ends_access


def test_the_verdict_says_that_we_may_have_lost_the_rotation_ourselves() -> None:
    account = replace(HEALTHY, rejections=3, uncertain_before=True)
    assert _close(REJECTED, account).reason is AccountReason.ROTATION_LOST


def test_a_disabled_account_ends_access_at_the_first_word() -> None:
    close = _close(DISABLED)
    assert (close.outcome, close.state) == (Outcome.DISABLED, AccountState.DISABLED_AT_HOST)
    assert close.reason is AccountReason.DISABLED_AT_HOST
    assert close.ends_access


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("answer", [REJECTED, DISABLED, *INNOCENT.values()])
def test_only_tokens_give_ended_access_back(answer: Answer, state: AccountState) -> None:
    """A 401 or an unlink may end access while the refresh is under way."""
    assert _close(answer, replace(HEALTHY, state=state)).ends_access


def test_every_outcome_is_reached_or_belongs_to_the_store() -> None:
    """
    Three are the store's words.

    ``ADOPTED`` is an :class:`Adopt` that won and ``FENCED`` one that lost; a take-over
    closes the attempt of a vanished owner as ``UNANSWERED``.
    """
    answers = [*INNOCENT.values(), *map(TokenRefusal, TokenRefusalKind)]
    reached = {_close(answer).outcome for answer in answers}
    assert set(Outcome) - reached == {Outcome.ADOPTED, Outcome.FENCED, Outcome.UNANSWERED}
