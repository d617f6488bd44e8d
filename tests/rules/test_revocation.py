"""
Revocation: what may be sent, what an answer means, and when it is tried again.

This module must not know a host.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.codehost import Response
from permsync.model import Durations
from permsync.rules.revocation import (
    Again,
    Effort,
    Outcome,
    Standing,
    plan_again,
    plan_answers,
    plan_sending,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DURATIONS = Durations()
MINUTE = timedelta(minutes=1)
JSON = {"content-type": "application/json"}


def standing(
    *,
    revokes_alone: bool = True,
    is_linked: bool | None = False,
    is_current: bool = False,
    is_offered: bool = True,
    dies_at: datetime | None = None,
) -> Standing:
    return Standing(
        revokes_alone=revokes_alone,
        is_linked=is_linked,
        is_current=is_current,
        is_offered=is_offered,
        dies_at=dies_at,
    )


def effort(*, tries: int = 1, since: timedelta = MINUTE, jitter: float = 0.5) -> Effort:
    return Effort(tries=tries, created_at=NOW - since, now=NOW, jitter=jitter)


def answer(status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(status, {**JSON, **(headers or {})}, b"{}")


@pytest.mark.parametrize(
    ("facts", "unsent"),
    [
        (standing(), None),
        (standing(is_offered=False), Outcome.NOT_OFFERED),
        (standing(dies_at=NOW), Outcome.EXPIRED),
        (standing(dies_at=NOW + MINUTE), None),
        (standing(is_current=True, is_linked=True), Outcome.WOULD_END_LINK),
        (standing(is_linked=True), None),
        (standing(is_linked=None), None),
        (standing(revokes_alone=False), None),
        (standing(revokes_alone=False, is_linked=True), Outcome.WOULD_END_LINK),
        (standing(revokes_alone=False, is_linked=None), Outcome.WOULD_END_LINK),
    ],
)
def test_nothing_is_sent_that_could_end_a_link_of_today(
    facts: Standing, unsent: Outcome | None
) -> None:
    assert plan_sending(facts, now=NOW) is unsent


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((200, 200), Outcome.REVOKED),
        ((204,), Outcome.REVOKED),
        ((404,), Outcome.ALREADY_GONE),
        ((410,), Outcome.ALREADY_GONE),
        ((422,), Outcome.ALREADY_GONE),
        ((200, 404), Outcome.REVOKED),
        ((200, 400), Outcome.REFUSED),
    ],
)
def test_a_definite_answer_ends_the_matter(statuses: tuple[int, ...], outcome: Outcome) -> None:
    answers = [answer(status) for status in statuses]
    assert plan_answers(answers, effort(), DURATIONS) is outcome


@pytest.mark.parametrize("status", [301, 401, 403, 408, 429, 500, 503])
def test_whatever_may_change_with_time_is_tried_again(status: int) -> None:
    assert isinstance(plan_answers([answer(status)], effort(), DURATIONS), Again)
    assert isinstance(plan_answers([answer(200), answer(status)], effort(), DURATIONS), Again)


def test_no_answer_and_the_page_of_a_proxy_say_nothing() -> None:
    page = Response(200, {"content-type": "text/html"}, b"<html>")
    assert isinstance(plan_answers([None], effort(), DURATIONS), Again)
    assert isinstance(plan_answers([page], effort(), DURATIONS), Again)


def test_a_hosts_wish_to_wait_is_never_undercut() -> None:
    busy = answer(429, {"retry-after": "7200"})
    assert plan_answers([busy], effort(), DURATIONS) == Again(timedelta(hours=2))


@given(tries=some.integers(1, 10_000), jitter=some.floats(0, 1, exclude_max=True))
def test_waits_grow_up_to_a_ceiling_and_are_never_nothing(tries: int, jitter: float) -> None:
    planned = plan_again(effort(tries=tries, jitter=jitter), DURATIONS)
    assert isinstance(planned, Again)
    assert DURATIONS.revoke_backoff / 10 <= planned.try_in <= DURATIONS.revoke_backoff_most


def test_the_wait_doubles() -> None:
    waits = [plan_again(effort(tries=tries), DURATIONS) for tries in (1, 2, 3)]
    first = DURATIONS.revoke_backoff * 0.55
    assert waits == [Again(first), Again(first * 2), Again(first * 4)]


def test_what_was_tried_for_long_enough_is_given_up() -> None:
    tired = effort(tries=500, since=DURATIONS.revoke_give_up)
    assert plan_answers([None], tired, DURATIONS) is Outcome.GIVEN_UP
