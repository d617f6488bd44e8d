"""
Whole histories of a refresh: what no order of answers may bring about.

An account is driven through claims and outcomes the way the store does it, on one clock: a
turn writes the account, a wait is waited for, doubt is remembered for the verdict.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import Rotation
from permsync.model import LIVING, AccountReason, AccountState
from permsync.rules.refresh import (
    UNCERTAIN_OUTCOMES,
    AccountFacts,
    Answer,
    AttemptState,
    Candidate,
)
from permsync.rules.refresh.claim import Claim, Hopeless, Wait
from permsync.rules.refresh.outcome import Adopt, Close, Doubt, Stage
from tests.rules.examples import NOW, few
from tests.rules.refresh.scenes import (
    ARMED,
    CLIENT_ERROR,
    FAULTS,
    HEALTHY,
    REJECTED,
    TOKENS,
    claimed,
    told,
)

MAYBE_SPENT = FAULTS[1:]

faults = some.lists(some.sampled_from([*FAULTS, CLIENT_ERROR]), max_size=8)
histories = some.lists(
    some.just(REJECTED) | some.sampled_from([*FAULTS, CLIENT_ERROR]), max_size=12
)
lives = some.lists(some.integers(min_value=1, max_value=200), max_size=2)


def _wait(account: AccountFacts, now: datetime) -> tuple[Claim | Hopeless, datetime]:
    """Wait as long as the rules say, and claim."""
    while isinstance(plan := claimed(account, now=now), Wait):
        assert plan.until > now
        now = plan.until
    assert isinstance(plan, Claim | Hopeless)
    return plan, now


def _present(
    account: AccountFacts, claim: Claim, answer: Answer, now: datetime
) -> tuple[AccountFacts, datetime]:
    """One attempt and its answer; a stored answer is judged at once."""
    attempt = replace(ARMED, candidate=claim.candidate, version=account.version)
    transition = told(answer, account, attempt, now=now)
    if isinstance(transition, Stage):
        attempt = replace(attempt, state=AttemptState.STAGED)
        transition = told(answer, account, attempt, now=now)
    match transition:
        case Adopt(version=version, state=state, reason=reason):
            return replace(HEALTHY, version=version + 1, state=state, reason=reason), now
        case Doubt(settle_in=settle_in, faults=count):
            return replace(account, uncertain_before=True, faults=count), now + settle_in
        case Close(outcome=outcome, turn=turn, drops=drops) if turn is not None:
            return replace(
                account,
                state=turn.state,
                reason=turn.reason,
                rejections=turn.rejections,
                faults=turn.faults,
                refresh_try_at=now + turn.try_in if turn.try_in is not None else None,
                candidates=tuple(one for one in account.candidates if one.id != drops),
                uncertain_before=account.uncertain_before or outcome in UNCERTAIN_OUTCOMES,
            ), now
        case other:
            raise AssertionError(other)


def _after(answers: list[Answer], account: AccountFacts = HEALTHY) -> AccountFacts:
    now = NOW
    for answer in answers:
        plan, now = _wait(account, now)
        if isinstance(plan, Hopeless):
            break
        account, now = _present(account, plan, answer, now)
    return account


def _with_candidates(account: AccountFacts, minutes: list[int]) -> AccountFacts:
    ends = (NOW + timedelta(minutes=count) for count in minutes)
    return replace(
        account, candidates=tuple(Candidate(index, end) for index, end in enumerate(ends))
    )


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
        lost = any(answer in MAYBE_SPENT for answer in answers[: refused_at[3]])
        assert (ended.reason is AccountReason.ROTATION_LOST) is lost


@few
@given(answers=histories, more=histories)
def test_ended_access_stays_ended_whatever_is_refused_later(
    answers: list[Answer], more: list[Answer]
) -> None:
    ended = _after([*[REJECTED] * 4, *answers])
    assert ended.state is AccountState.NEEDS_REAUTH
    assert _after(more, ended) == ended


@few
@given(answers=some.lists(some.sampled_from([*FAULTS, CLIENT_ERROR]), max_size=6))
def test_tokens_heal_whatever_came_before_the_verdict(answers: list[Answer]) -> None:
    healed = _after([REJECTED, *answers, REJECTED, REJECTED, TOKENS])
    assert (healed.state, healed.version, healed.rejections) == (AccountState.ACTIVE, 8, 0)
    assert healed.refresh_try_at is None


@few
@given(minutes=lives)
def test_every_candidate_that_lives_long_enough_is_tried_once_before_the_verdict(
    minutes: list[int],
) -> None:
    account, now = _with_candidates(HEALTHY, minutes), NOW
    tried: list[int | None] = []
    while isinstance((plan := _wait(account, now))[0], Claim):
        claim, now = plan
        assert isinstance(claim, Claim)
        tried.append(claim.candidate)
        account, now = _present(account, claim, REJECTED, now)
    assert account.state is AccountState.NEEDS_REAUTH
    assert tried.count(None) in (4, 5)  # once more where the last candidate died waiting
    candidates = [one for one in tried if one is not None]
    assert len(candidates) == len(set(candidates))
    assert set(range(len(minutes))) - set(candidates) <= {
        index for index, count in enumerate(minutes) if count <= 25
    }


@few
@given(answers=histories)
def test_an_account_whose_access_the_api_ended_early_is_restored_by_its_tokens(
    answers: list[Answer],
) -> None:
    suspect = _after([REJECTED])
    ended = replace(
        suspect, state=AccountState.NEEDS_REAUTH, reason=AccountReason.CREDENTIAL_REJECTED
    )
    after = _after([*answers, TOKENS], ended)
    restored = answers.count(REJECTED) < 3
    assert (after.state is AccountState.ACTIVE) is restored


def test_a_family_is_refreshed_when_nothing_speaks_against_it() -> None:
    assert claimed(rotation=Rotation.FAMILY) == Claim()
