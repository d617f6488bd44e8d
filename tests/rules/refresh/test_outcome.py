"""
What an answer to a refresh means for the account, its attempt and the tokens.

The account is healthy and the attempt is its own unless a test says otherwise. What whole
histories may never bring about is ``test_outcome_histories``.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.codehost import Rotation, TokenRefusal, TokenRefusalKind
from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.refresh import (
    UNCERTAIN_OUTCOMES,
    AccountFacts,
    Answer,
    AttemptFacts,
    AttemptState,
    Candidate,
    NotSent,
    Outcome,
    Unanswered,
)
from permsync.rules.refresh.outcome import (
    Close,
    Doubt,
    Stage,
    Turn,
)
from tests.rules.examples import NOW
from tests.rules.refresh.scenes import (
    ARMED,
    CLIENT_ERROR,
    DISABLED,
    DURATIONS,
    ENDED_EARLY,
    HEALTHY,
    RATE_LIMITED,
    REJECTED,
    SPACED,
    SUSPECT,
    UNAVAILABLE,
    UNUSABLE,
    closed,
    told,
    turned,
)

STAGED = replace(ARMED, state=AttemptState.STAGED)
LATER = replace(HEALTHY, version=8)
ELSEWHERE = replace(HEALTHY, link_id="a newer link", version=8)
ENDED = sorted(set(AccountState) - LIVING)
HALF = DURATIONS.refresh_backoff / 2  # the jitter of these tests is a half
CANDIDATE = Candidate(9, NOW + timedelta(days=1))
TRYING = replace(ARMED, candidate=9)

# Answers that say nothing about the person's authorization, and how they close.
INNOCENT: dict[str, tuple[Answer, Outcome]] = {
    "nothing was sent": (NotSent(), Outcome.UNSENT),
    "the client was refused": (CLIENT_ERROR, Outcome.CLIENT_ERROR),
    "a limit": (RATE_LIMITED, Outcome.MAYBE_CONSUMED),
    "an outage": (UNAVAILABLE, Outcome.MAYBE_CONSUMED),
}
REFUSALS: list[Answer] = [REJECTED, DISABLED, CLIENT_ERROR, UNAVAILABLE, NotSent(), Unanswered()]


def test_no_answer_is_doubted_until_the_host_has_settled() -> None:
    assert told(Unanswered()) == Doubt(DURATIONS.refresh_settle + HALF, faults=1)
    assert told(Unanswered(), jitter=0.0) == Doubt(DURATIONS.refresh_settle, faults=1)


@pytest.mark.parametrize("name", INNOCENT)
def test_a_fault_closes_the_attempt_and_blames_no_account(name: str) -> None:
    answer, outcome = INNOCENT[name]
    turn = turned(answer, SUSPECT)
    assert closed(answer, SUSPECT).outcome is outcome
    assert (turn.state, turn.reason, turn.rejections) == (SUSPECT.state, SUSPECT.reason, 1)
    assert turn.faults == 1


def test_a_fault_of_the_host_may_have_consumed_the_token() -> None:
    assert closed(UNAVAILABLE).outcome in UNCERTAIN_OUTCOMES
    assert closed(NotSent()).outcome not in UNCERTAIN_OUTCOMES


def test_after_an_outage_the_host_is_given_its_time_to_settle() -> None:
    """A gateway that gave up says nothing about what stands behind it."""
    assert turned(UNAVAILABLE).try_in == DURATIONS.refresh_settle + HALF
    assert turned(NotSent()).try_in == HALF


@pytest.mark.parametrize("kind", [TokenRefusalKind.RATE_LIMITED, TokenRefusalKind.UNAVAILABLE])
def test_the_hosts_wish_to_wait_is_granted_up_to_a_ceiling(kind: TokenRefusalKind) -> None:
    asked = TokenRefusal(kind, retry_in=timedelta(minutes=50))
    assert turned(asked).try_in == timedelta(minutes=50) + HALF
    absurd = TokenRefusal(kind, retry_in=timedelta(days=1))
    assert turned(absurd).try_in == DURATIONS.refresh_told_most + HALF


@pytest.mark.parametrize(("faults", "factor"), [(0, 1), (1, 2), (4, 16), (5, 30), (10**9, 30)])
def test_the_back_off_doubles_up_to_its_ceiling(faults: int, factor: int) -> None:
    assert turned(NotSent(), replace(HEALTHY, faults=faults)).try_in == HALF * factor


def test_the_jitter_is_full() -> None:
    assert told(NotSent(), jitter=0.0) == Close(
        Outcome.UNSENT, Turn(AccountState.ACTIVE, None, 0, faults=1, try_in=timedelta(0))
    )


def test_i5_a_success_that_shows_no_tokens_is_stored_before_it_is_judged() -> None:
    assert told(UNUSABLE) == Stage()
    assert closed(UNUSABLE, attempt=STAGED).outcome is Outcome.MAYBE_CONSUMED
    assert turned(UNUSABLE, attempt=STAGED) == turned(UNAVAILABLE)


@pytest.mark.parametrize("refused_before", range(3))
def test_a_refusal_is_doubted_three_times_at_growing_distances(refused_before: int) -> None:
    assert closed(REJECTED, replace(HEALTHY, rejections=refused_before, faults=5)) == Close(
        Outcome.REJECTED,
        Turn(
            AccountState.SUSPECT,
            AccountReason.REFRESH_REFUSED_ONCE,
            rejections=refused_before + 1,
            faults=0,
            try_in=SPACED[refused_before],
        ),
    )
    assert not turned(REJECTED, replace(HEALTHY, rejections=refused_before)).ends_access


@pytest.mark.parametrize("refused_before", [3, 4, 100])
def test_a_refusal_after_three_spaced_ones_is_believed(refused_before: int) -> None:
    turn = turned(REJECTED, replace(SUSPECT, rejections=refused_before))
    assert (turn.state, turn.reason) == (
        AccountState.NEEDS_REAUTH,
        AccountReason.REVOKED_OR_EXPIRED,
    )
    assert turn.ends_access
    assert turn.try_in is None


def test_the_verdict_says_that_we_may_have_lost_the_rotation_ourselves() -> None:
    account = replace(SUSPECT, rejections=3, uncertain_before=True)
    assert turned(REJECTED, account).reason is AccountReason.ROTATION_LOST


def test_before_the_verdict_every_candidate_is_tried() -> None:
    account = replace(SUSPECT, rejections=3, candidates=(CANDIDATE,))
    doubted = turned(REJECTED, account)
    assert (doubted.state, doubted.rejections) == (AccountState.SUSPECT, 4)
    assert doubted.try_in == DURATIONS.refresh_backoff


def test_a_candidate_that_is_refused_is_dropped_and_says_nothing_of_the_own_token() -> None:
    account = replace(SUSPECT, candidates=(CANDIDATE,))
    close = closed(REJECTED, account, TRYING)
    assert close.drops == 9
    assert close.turn == Turn(
        SUSPECT.state, SUSPECT.reason, rejections=1, faults=0, try_in=SPACED[0]
    )


def test_when_the_last_candidate_is_refused_the_verdict_is_given() -> None:
    account = replace(SUSPECT, rejections=4, candidates=(CANDIDATE,))
    close = closed(REJECTED, account, TRYING)
    assert close.drops == 9
    assert close.turn is not None
    assert close.turn.ends_access


def test_a_candidate_of_an_account_without_another_token_is_its_last_word() -> None:
    account = replace(HEALTHY, has_refresh_token=False, candidates=(CANDIDATE,))
    assert turned(REJECTED, account, TRYING).ends_access


def test_an_account_that_the_api_ended_is_tried_on_without_regaining_access() -> None:
    turn = turned(REJECTED, ENDED_EARLY)
    assert (turn.state, turn.reason) == (ENDED_EARLY.state, ENDED_EARLY.reason)
    assert (turn.rejections, turn.try_in) == (2, SPACED[1])


def test_its_last_refusal_says_why_it_is_over() -> None:
    account = replace(ENDED_EARLY, rejections=3, uncertain_before=True)
    assert turned(REJECTED, account).reason is AccountReason.ROTATION_LOST


def test_a_disabled_account_ends_access_at_the_first_word() -> None:
    close = closed(DISABLED)
    assert close.outcome is Outcome.DISABLED
    assert close.turn == Turn(
        AccountState.DISABLED_AT_HOST, AccountReason.DISABLED_AT_HOST, 0, 0, try_in=None
    )


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("answer", [REJECTED, DISABLED, CLIENT_ERROR, UNAVAILABLE, NotSent()])
def test_only_tokens_give_ended_access_back(answer: Answer, state: AccountState) -> None:
    """A 401 or an unlink may end access while the refresh is under way."""
    assert closed(answer, replace(HEALTHY, state=state)).turn is None


@pytest.mark.parametrize("answer", REFUSALS)
def test_i7_no_refusal_of_an_older_link_touches_the_account(answer: Answer) -> None:
    assert told(answer, ELSEWHERE) == Close(Outcome.FENCED)


@pytest.mark.parametrize("answer", REFUSALS)
def test_i4_no_refusal_of_an_older_version_touches_the_account(answer: Answer) -> None:
    """Somebody else won; whoever asked uses what they got."""
    assert told(answer, LATER) == Close(Outcome.SUPERSEDED)


@pytest.mark.parametrize("answer", REFUSALS)
def test_no_refusal_counts_twice(answer: Answer) -> None:
    """Closed by us with a lost acknowledgement, or by whoever took the attempt over."""
    over = replace(ARMED, state=AttemptState.CLOSED, outcome=Outcome.UNANSWERED)
    assert told(answer, HEALTHY, over) == Close(Outcome.SUPERSEDED)


def test_every_outcome_is_reached_or_belongs_to_a_commit() -> None:
    """
    Three are words of the store.

    ``ADOPTED``, ``KEPT`` and (for tokens) ``FENCED`` close with a commit of tokens, and a
    take-over closes the attempt of a vanished owner as ``UNANSWERED``.
    """
    answers: list[Answer] = [NotSent(), *map(TokenRefusal, TokenRefusalKind)]
    reached = {closed(answer, attempt=STAGED).outcome for answer in answers}
    reached |= {closed(REJECTED, account).outcome for account in (LATER, ELSEWHERE)}
    reused = told(REJECTED, LATER, rotation=Rotation.FAMILY)
    reached |= {reused.outcome} if isinstance(reused, Close) else set()
    assert set(Outcome) - reached == {Outcome.ADOPTED, Outcome.KEPT, Outcome.UNANSWERED}


def test_a_family_whose_older_token_is_refused_has_its_newer_one_refreshed_at_once() -> None:
    """The refusal may be that of a reuse, which ends the successor too."""
    turn = Turn(AccountState.ACTIVE, None, rejections=0, faults=1, try_in=timedelta())
    assert told(REJECTED, LATER, rotation=Rotation.FAMILY) == Close(Outcome.REUSED, turn)


def test_the_death_that_follows_a_reuse_is_a_lost_rotation() -> None:
    refused = replace(SUSPECT, rejections=3, reused_before=True)
    assert turned(REJECTED, refused).reason is AccountReason.ROTATION_LOST


@pytest.mark.parametrize("answer", [Unanswered(), UNAVAILABLE])
def test_a_late_repetition_without_an_answer_may_still_end_a_family(answer: Answer) -> None:
    doubt = told(answer, LATER, rotation=Rotation.FAMILY)
    assert doubt == Doubt(DURATIONS.refresh_settle, faults=1)


@pytest.mark.parametrize(
    ("answer", "account", "attempt"),
    [
        (NotSent(), LATER, ARMED),
        (Unanswered(), LATER, replace(ARMED, state=AttemptState.CLOSED)),
        (REJECTED, replace(LATER, state=AccountState.NEEDS_SCOPE), ARMED),
        (REJECTED, HEALTHY, replace(ARMED, state=AttemptState.CLOSED)),
    ],
)
def test_otherwise_a_family_is_superseded_like_any_other(
    answer: Answer, account: AccountFacts, attempt: AttemptFacts
) -> None:
    told_family = told(answer, account, attempt, rotation=Rotation.FAMILY)
    assert told_family == Close(Outcome.SUPERSEDED)
