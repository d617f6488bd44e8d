"""
Whether a refresh may start now, and with which token.

The account is healthy unless a test says otherwise.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.codehost import Rotation
from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.refresh import LIVE, AccountFacts, AttemptFacts, AttemptState, Candidate
from permsync.rules.refresh.circuit import CircuitFacts
from permsync.rules.refresh.claim import Claim, Hopeless, Judge, Wait, Waiting, Withheld
from tests.rules.examples import INSTANT, NOW
from tests.rules.refresh.scenes import ARMED, ENDED_EARLY, HEALTHY, SECOND, SUSPECT, claimed

OVER = replace(ARMED, lease_until=NOW)
LATER = NOW + SECOND
ENDED = sorted(set(AccountState) - LIVING)


@pytest.mark.parametrize("account", [HEALTHY, SUSPECT, ENDED_EARLY])
def test_an_account_without_a_verdict_may_be_refreshed(account: AccountFacts) -> None:
    assert claimed(account) == Claim()


@pytest.mark.parametrize("state", ENDED)
def test_an_account_whose_access_ended_is_hopeless_with_its_own_reason(
    state: AccountState,
) -> None:
    ended = replace(HEALTHY, state=state, reason=AccountReason.SCOPE_MISSING)
    assert claimed(ended) == Hopeless(AccountReason.SCOPE_MISSING)


def test_an_ended_account_without_a_reason_has_to_be_linked_again() -> None:
    ended = replace(HEALTHY, state=AccountState.NEEDS_REAUTH)
    assert claimed(ended) == Hopeless(AccountReason.REVOKED_OR_EXPIRED)


def test_nothing_can_be_presented_without_a_refresh_token() -> None:
    bare = replace(HEALTHY, has_refresh_token=False)
    assert claimed(bare, ARMED) == Hopeless(AccountReason.NO_REFRESH_TOKEN)


def test_a_candidate_can_stand_in_for_it() -> None:
    bare = replace(HEALTHY, has_refresh_token=False, candidates=(Candidate(9, LATER),))
    assert claimed(bare) == Claim(candidate=9)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_i1_a_live_attempt_is_waited_for_until_its_lease_ends(state: AttemptState) -> None:
    """Its owner may still send, or the host may still settle."""
    assert claimed(HEALTHY, replace(ARMED, state=state)) == Wait(LATER, Waiting.RUNNING)


@pytest.mark.parametrize("state", [AttemptState.ARMED, AttemptState.UNCERTAIN])
def test_an_attempt_past_its_lease_is_taken_over(state: AttemptState) -> None:
    assert claimed(HEALTHY, replace(OVER, state=state)) == Claim(takes_over=3)


@pytest.mark.parametrize("state", AccountState)
def test_i5_an_answer_that_was_stored_is_judged_whatever_became_of_the_account(
    state: AccountState,
) -> None:
    staged = replace(OVER, state=AttemptState.STAGED)
    assert claimed(replace(HEALTHY, state=state), staged) == Judge(3)


def test_the_next_try_is_not_made_before_it_is_due() -> None:
    waiting = replace(HEALTHY, refresh_try_at=NOW + INSTANT)
    assert claimed(waiting) == Wait(NOW + INSTANT, Waiting.BACKING_OFF)
    assert claimed(waiting, now=NOW + INSTANT) == Claim()


def test_a_refused_token_is_not_repeated_before_it_is_due() -> None:
    waiting = replace(SUSPECT, refresh_try_at=LATER)
    assert claimed(waiting) == Wait(LATER, Waiting.REFUSED_ONCE)


def test_a_take_over_waits_for_the_next_try_as_well() -> None:
    waiting = replace(HEALTHY, refresh_try_at=LATER)
    assert claimed(waiting, OVER) == Wait(LATER, Waiting.BACKING_OFF)


def test_nobody_presents_a_token_while_the_circuit_is_open() -> None:
    circuit = CircuitFacts(failures=1, retry_at=LATER)
    assert claimed(HEALTHY, OVER, circuit) == Wait(LATER, Waiting.CLIENT_REFUSED)


def test_a_half_open_circuit_lets_a_probe_through() -> None:
    circuit = CircuitFacts(failures=1, retry_at=NOW)
    assert claimed(HEALTHY, None, circuit) == Claim(probes=True)


def test_a_refused_token_gives_way_to_a_candidate() -> None:
    believed = replace(SUSPECT, rejections=4, candidates=(Candidate(9, LATER),))
    assert claimed(believed) == Claim(candidate=9)


FAMILY = Rotation.FAMILY
DOUBTED = replace(HEALTHY, uncertain_before=True)


def test_a_take_over_repeats_the_candidate_that_was_presented_even_if_it_ran_out() -> None:
    tried = replace(OVER, candidate=9)
    ran_out = replace(SUSPECT, candidates=(Candidate(9, NOW),))
    assert claimed(ran_out, tried) == Claim(takes_over=3, candidate=9)
    assert claimed(SUSPECT, tried) == Claim(takes_over=3)


def test_a_family_is_not_risked_while_its_access_token_serves() -> None:
    until = HEALTHY.serves_until
    assert until is not None
    last = Wait(until, Waiting.LAST_RESORT)
    assert claimed(HEALTHY, OVER, rotation=FAMILY) == last
    assert claimed(DOUBTED, rotation=FAMILY) == last
    assert claimed(DOUBTED, rotation=FAMILY, now=until) == Claim()


def test_a_family_is_risked_once_its_access_token_was_refused() -> None:
    assert claimed(replace(DOUBTED, serves_until=None), rotation=FAMILY) == Claim()


def test_a_family_without_a_doubt_is_refreshed_like_any_other() -> None:
    assert claimed(HEALTHY, rotation=FAMILY) == Claim()


@pytest.mark.parametrize("rotation", sorted(set(Rotation) - {FAMILY}))
def test_elsewhere_the_same_token_is_presented_again_at_once(rotation: Rotation) -> None:
    assert claimed(DOUBTED, OVER, rotation=rotation) == Claim(takes_over=3)


def test_a_wait_ends_when_it_said_that_it_would() -> None:
    account = replace(DOUBTED, refresh_try_at=NOW + timedelta(minutes=2))
    circuit = CircuitFacts(1, NOW + timedelta(minutes=90))
    now, waits = NOW, []
    while isinstance(plan := claimed(account, ARMED, circuit, rotation=FAMILY, now=now), Wait):
        assert plan.until > now
        waits.append(plan.why)
        now = plan.until
    assert plan == Claim(takes_over=3, probes=True)
    assert waits == [
        Waiting.RUNNING,
        Waiting.BACKING_OFF,
        Waiting.LAST_RESORT,
        Waiting.CLIENT_REFUSED,
    ]


@pytest.mark.parametrize("account", [HEALTHY, SUSPECT, ENDED_EARLY])
@pytest.mark.parametrize(
    "attempt", [None, ARMED, OVER, replace(OVER, state=AttemptState.UNCERTAIN)]
)
def test_nothing_is_presented_for_a_person_who_is_disabled(
    account: AccountFacts, attempt: AttemptFacts | None
) -> None:
    assert claimed(replace(account, user_disabled=True), attempt) == Withheld()


def test_an_answer_that_came_before_a_person_was_disabled_is_judged_all_the_same() -> None:
    """I5: it needs no call, and the tokens are there when the person is enabled again."""
    staged = replace(OVER, state=AttemptState.STAGED)
    assert claimed(replace(HEALTHY, user_disabled=True), staged) == Judge(staged.id)
