"""
What the answer to one ask may change, and what is no word at all.

One noon, and a question that began a minute before it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import Failure, FailureKind, PairAnswer
from permsync.model import Durations, Level
from permsync.rules.asks import (
    AskAgain,
    LetGo,
    Retry,
    Ruling,
    SaysNo,
    SaysYes,
    Standing,
    judge,
    longest_ask,
)
from tests.rules.examples import INSTANT, NOW, ago, few

DURATIONS = Durations()
ASKED = NOW - timedelta(minutes=1)
PLAIN = Standing(listed_to=ago(1), fenced_at=None, is_missed=False, left_out=False)
MISSED = replace(PLAIN, is_missed=True)
YES, NO = PairAnswer(Level.WRITE), PairAnswer(None)
OUTAGE = Failure(FailureKind.UNAVAILABLE)


def _judge(
    answer: PairAnswer | Failure, standing: Standing = PLAIN, *, failures: int = 0
) -> Ruling:
    return judge(
        answer,
        standing,
        asked_at=ASKED,
        arrived_at=NOW,
        failures=failures,
        durations=DURATIONS,
    )


def test_a_yes_holds_the_pair_and_a_no_lets_it_go() -> None:
    assert _judge(YES) == SaysYes(Level.WRITE)
    assert _judge(NO) == SaysNo()


@pytest.mark.parametrize("answer", [YES, NO, OUTAGE])
def test_a_question_begun_before_the_last_listing_ended_is_asked_again(
    answer: PairAnswer | Failure,
) -> None:
    assert _judge(answer, replace(PLAIN, listed_to=ASKED)) == AskAgain(earliest_at=ASKED)
    assert not isinstance(_judge(answer, replace(PLAIN, listed_to=ASKED - INSTANT)), AskAgain)


def test_a_question_begun_before_a_fence_is_asked_again_behind_it() -> None:
    """R9: the fence of a hook stands in the future."""
    late = NOW + timedelta(seconds=15)
    assert _judge(YES, replace(PLAIN, fenced_at=late)) == AskAgain(earliest_at=late)
    assert _judge(YES, replace(PLAIN, fenced_at=ASKED)) == AskAgain(earliest_at=ASKED)
    assert _judge(YES, replace(PLAIN, fenced_at=ASKED - INSTANT)) == SaysYes(Level.WRITE)


def test_a_source_that_never_listed_may_be_asked() -> None:
    assert _judge(YES, replace(PLAIN, listed_to=None)) == SaysYes(Level.WRITE)


def test_an_answer_that_took_too_long_is_not_believed() -> None:
    """A fence is swept when no answer from before it can arrive any more."""
    slow = ASKED + longest_ask(DURATIONS)
    about = {"asked_at": ASKED, "failures": 0, "durations": DURATIONS}
    assert judge(YES, PLAIN, arrived_at=slow, **about) == SaysYes(Level.WRITE)  # type: ignore[arg-type]
    slower = slow + INSTANT
    assert judge(YES, PLAIN, arrived_at=slower, **about) == AskAgain(slower)  # type: ignore[arg-type]


def test_of_an_owner_that_is_left_out_only_a_yes_counts() -> None:
    """R4 and R7: what hides the owner from listings hides it from asks."""
    hidden = replace(PLAIN, left_out=True)
    assert _judge(YES, hidden) == SaysYes(Level.WRITE)
    assert _judge(NO, hidden) == LetGo()
    assert _judge(NO, replace(hidden, is_missed=True)) == Retry(DURATIONS.sync_backoff)


@pytest.mark.parametrize("standing", [MISSED, replace(PLAIN, fenced_at=ago(1))])
def test_without_a_verdict_a_pair_in_doubt_is_asked_again_with_growing_waits(
    standing: Standing,
) -> None:
    for failures, doublings in ((0, 1), (1, 2), (4, 16)):
        wait = DURATIONS.sync_backoff * doublings
        assert _judge(OUTAGE, standing, failures=failures) == Retry(wait)
    assert _judge(OUTAGE, standing, failures=10_000) == Retry(DURATIONS.sync_every)


def test_without_a_verdict_a_pair_that_nobody_doubts_waits_for_its_listing() -> None:
    assert _judge(OUTAGE) == LetGo()


def test_a_wish_of_the_host_to_wait_is_not_undercut() -> None:
    wish = Failure(FailureKind.RATE_LIMITED, retry_in=timedelta(hours=1))
    assert _judge(wish, MISSED) == Retry(timedelta(hours=1))


@few
@given(
    listed=some.none() | some.integers(-3, 3),
    fenced=some.none() | some.integers(-3, 3),
    missed=some.booleans(),
    answer=some.sampled_from([YES, NO, OUTAGE]),
)
def test_only_a_question_later_than_everything_that_spoke_has_a_say(
    listed: int | None, fenced: int | None, missed: bool, answer: PairAnswer | Failure
) -> None:
    def instant(offset: int | None) -> datetime | None:
        return None if offset is None else ASKED + offset * INSTANT

    standing = Standing(instant(listed), instant(fenced), missed, left_out=False)
    latest = max((one for one in (listed, fenced) if one is not None), default=-4)
    assert isinstance(_judge(answer, standing), AskAgain) == (latest >= 0)
