"""
Which facts leave an account undecided, and when another token of its link is tried.

The waits are the defaults: repetitions after 1, 5 and 15 minutes.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.refresh import (
    LIVE,
    UNCERTAIN_OUTCOMES,
    AccountFacts,
    AttemptState,
    Candidate,
    Outcome,
    doubled,
    final_reason,
    next_candidate,
    spaced,
)
from tests.rules.examples import NOW
from tests.rules.refresh.scenes import DURATIONS, ENDED_EARLY, HEALTHY, SECOND, SPACED, SUSPECT

SOON = Candidate(1, NOW + timedelta(minutes=10))
LATER = Candidate(2, NOW + timedelta(days=1))


def test_every_state_of_an_attempt_is_live_until_it_is_closed() -> None:
    assert set(AttemptState) - LIVE == {AttemptState.CLOSED}


def test_the_outcomes_after_which_nobody_knows_are_these_two() -> None:
    assert {Outcome.MAYBE_CONSUMED, Outcome.UNANSWERED} == UNCERTAIN_OUTCOMES


def test_the_distances_of_the_repetitions_grow() -> None:
    assert list(spaced(DURATIONS)) == sorted(set(SPACED))


@pytest.mark.parametrize(("times", "seconds"), [(0, 1), (1, 2), (3, 8), (4, 10), (10_000, 10)])
def test_a_wait_doubles_up_to_its_ceiling(times: int, seconds: int) -> None:
    assert doubled(SECOND, times=times, most=10 * SECOND) == seconds * SECOND


@pytest.mark.parametrize("state", sorted(LIVING))
def test_a_living_account_awaits_its_verdict(state: AccountState) -> None:
    assert final_reason(replace(HEALTHY, state=state), DURATIONS) is None


@pytest.mark.parametrize("rejections", [1, 2, 3])
def test_an_account_that_the_api_ended_is_still_tried(rejections: int) -> None:
    assert final_reason(replace(ENDED_EARLY, rejections=rejections), DURATIONS) is None


def test_it_is_tried_until_its_last_candidate_was_refused() -> None:
    refused = replace(ENDED_EARLY, rejections=4)
    assert final_reason(refused, DURATIONS) is not None
    assert final_reason(replace(refused, candidates=(LATER,)), DURATIONS) is None


@pytest.mark.parametrize(
    "account",
    [
        replace(ENDED_EARLY, rejections=0),
        replace(ENDED_EARLY, reason=AccountReason.ROTATION_LOST),
        replace(ENDED_EARLY, state=AccountState.NEEDS_SCOPE),
    ],
)
def test_a_verdict_is_final(account: AccountFacts) -> None:
    assert final_reason(account, DURATIONS) is account.reason


def test_a_healthy_account_presents_its_own_token() -> None:
    assert next_candidate(replace(HEALTHY, candidates=(SOON, LATER)), DURATIONS, now=NOW) is None


def test_without_a_token_of_its_own_it_presents_the_newest_candidate() -> None:
    bare = replace(HEALTHY, has_refresh_token=False, candidates=(LATER, SOON))
    assert next_candidate(bare, DURATIONS, now=NOW) == max(SOON, LATER, key=lambda one: one.id)


def test_candidates_are_tried_between_repetitions_that_one_would_not_live_through() -> None:
    suspect = replace(SUSPECT, candidates=(SOON,))
    assert next_candidate(suspect, DURATIONS, now=NOW) == SOON


def test_the_try_of_an_old_candidate_may_end_a_newer_one_which_therefore_comes_first() -> None:
    newer = replace(LATER, id=SOON.id + 1)
    suspect = replace(SUSPECT, candidates=(newer, SOON))
    assert next_candidate(suspect, DURATIONS, now=NOW) == newer


@pytest.mark.parametrize("refused_before", [1, 2, 3])
def test_a_candidate_that_lives_long_waits_for_the_last_repetition(refused_before: int) -> None:
    suspect = replace(SUSPECT, rejections=refused_before, candidates=(LATER,))
    assert next_candidate(suspect, DURATIONS, now=NOW) is None
    believed = replace(suspect, rejections=4)
    assert next_candidate(believed, DURATIONS, now=NOW) == LATER


def test_once_access_is_gone_every_candidate_comes_at_once() -> None:
    ended = replace(ENDED_EARLY, candidates=(LATER,))
    assert next_candidate(ended, DURATIONS, now=NOW) == LATER


def test_a_candidate_that_is_over_is_not_tried() -> None:
    over = replace(SUSPECT, rejections=4, candidates=(Candidate(1, NOW),))
    assert next_candidate(over, DURATIONS, now=NOW) is None
    assert next_candidate(over, DURATIONS, now=NOW - SECOND) is not None
