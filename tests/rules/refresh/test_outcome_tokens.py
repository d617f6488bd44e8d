"""
Tokens that a host granted are never dropped (I5) and never overwrite newer ones (I4).

Refusals and faults are ``test_outcome``.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.codehost import Rotation, TokenGrant
from permsync.model import AccountReason, AccountState
from permsync.rules.refresh import (
    DISPROVABLE,
    AccountFacts,
    AttemptFacts,
    AttemptState,
    Outcome,
)
from permsync.rules.refresh.outcome import (
    Adopt,
    Close,
    Keep,
    Revoke,
    Settled,
)
from tests.rules.refresh.scenes import (
    ARMED,
    DURATIONS,
    HEALTHY,
    SUSPECT,
    TOKENS,
    told,
)

LATER = replace(HEALTHY, version=8)
ELSEWHERE = replace(HEALTHY, link_id="a newer link", version=8)
DEAD = replace(
    HEALTHY, state=AccountState.NEEDS_REAUTH, reason=AccountReason.ROTATION_LOST, rejections=4
)
BARE = TokenGrant(access_token="access")
GRACE = DURATIONS.refresh_grace


def test_usable_tokens_are_adopted_as_the_successor_of_what_was_presented() -> None:
    assert told(TOKENS) == Adopt(TOKENS, version=7, state=AccountState.ACTIVE, reason=None)


def test_a_suspect_that_is_granted_tokens_is_healthy_again() -> None:
    assert told(TOKENS, SUSPECT) == told(TOKENS)


@pytest.mark.parametrize("reason", sorted(DISPROVABLE))
@pytest.mark.parametrize("version", [7, 8])
def test_i5_late_tokens_of_the_same_link_revive_an_account_that_was_given_up(
    reason: AccountReason, version: int
) -> None:
    dead = replace(DEAD, reason=reason, version=version)
    assert told(TOKENS, dead) == Adopt(TOKENS, version, AccountState.ACTIVE, reason=None)


@pytest.mark.parametrize("state", [AccountState.NEEDS_SCOPE, AccountState.DISABLED_AT_HOST])
def test_tokens_heal_neither_a_missing_scope_nor_a_disabled_account(state: AccountState) -> None:
    ended = replace(HEALTHY, state=state, reason=AccountReason.SCOPE_MISSING)
    assert told(TOKENS, ended) == Adopt(TOKENS, 7, state, AccountReason.SCOPE_MISSING)
    assert isinstance(told(TOKENS, replace(ended, version=8)), Keep)


def test_i4_late_tokens_of_an_older_version_overwrite_nothing_and_are_kept() -> None:
    assert told(TOKENS, LATER) == Keep("refresh", DURATIONS.candidate)


def test_a_late_token_is_kept_no_longer_than_it_lives() -> None:
    short = replace(TOKENS, refresh_expires_in=timedelta(hours=1))
    assert told(short, LATER) == Keep("refresh", timedelta(hours=1))
    long = replace(TOKENS, refresh_expires_in=timedelta(days=900))
    assert told(long, LATER) == Keep("refresh", DURATIONS.candidate)


def test_a_late_answer_without_a_refresh_token_brings_nothing_to_keep() -> None:
    assert told(BARE, LATER) == Close(Outcome.SUPERSEDED)


def test_i7_tokens_of_an_older_link_are_revoked() -> None:
    assert told(TOKENS, ELSEWHERE) == Revoke(TOKENS)


def test_tokens_of_an_account_that_was_unlinked_are_revoked() -> None:
    assert told(TOKENS, replace(HEALTHY, state=AccountState.UNLINKED)) == Revoke(TOKENS)


def test_an_attempt_that_was_taken_over_still_brings_its_tokens() -> None:
    taken = replace(ARMED, state=AttemptState.CLOSED, outcome=Outcome.UNANSWERED)
    assert isinstance(told(TOKENS, HEALTHY, taken), Adopt)


@pytest.mark.parametrize("outcome", [Outcome.ADOPTED, Outcome.KEPT])
def test_a_commit_whose_acknowledgement_was_lost_is_not_made_again(outcome: Outcome) -> None:
    done = replace(ARMED, state=AttemptState.CLOSED, outcome=outcome)
    assert told(TOKENS, LATER, done) == Settled()


TAKEN_OVER = replace(ARMED, state=AttemptState.CLOSED, outcome=Outcome.UNANSWERED)


@pytest.mark.parametrize("rotation", Rotation)
def test_where_there_is_a_grace_window_the_old_token_stays_a_candidate(
    rotation: Rotation,
) -> None:
    kept = GRACE if rotation is Rotation.GRACE else None
    assert adopted(HEALTHY, ARMED, rotation).keeps_presented_in == kept


@pytest.mark.parametrize("rotation", Rotation)
def test_a_family_that_a_repetition_may_end_has_to_be_proved_after_the_settle_time(
    rotation: Rotation,
) -> None:
    is_family = rotation is Rotation.FAMILY
    proved_in = adopted(HEALTHY, TAKEN_OVER, rotation).proved_in
    assert proved_in == (DURATIONS.refresh_settle if is_family else None)
    assert adopted(HEALTHY, ARMED, rotation).proved_in is None


def adopted(account: AccountFacts, attempt: AttemptFacts, rotation: Rotation) -> Adopt:
    transition = told(TOKENS, account, attempt, rotation=rotation)
    assert isinstance(transition, Adopt)
    return transition


def test_an_answer_without_a_refresh_token_leaves_no_old_one_to_keep() -> None:
    assert told(BARE, rotation=Rotation.GRACE) == told(BARE)
