"""
Whether tokens that we no longer keep may be revoked at their host, and what it answered.

What is decided here: nothing is sent that could end a link of today, an answer that says
"I do not know this token" is success, and whatever may change with time is tried again,
rarer each time, until it is given up. This module must not know SQL, HTTP or any host.
Time and chance are arguments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from permsync.codehost import Response
from permsync.codehost.answers import is_success, retry_in
from permsync.model import Durations

_MOST_DOUBLINGS = 20
_LEAST = 0.1  # of a wait, so that jitter never means at once
_NO_WISH = timedelta()


class Outcome(StrEnum):
    """What became of a revocation: a closed set, stored with it."""

    REVOKED = "revoked"
    ALREADY_GONE = "already_gone"
    REFUSED = "refused"
    NOT_OFFERED = "not_offered"
    WOULD_END_LINK = "would_end_link"
    EXPIRED = "expired"
    GIVEN_UP = "given_up"
    UNREADABLE = "unreadable"


# The host said that the tokens are worth nothing.
CONFIRMED = frozenset({Outcome.REVOKED, Outcome.ALREADY_GONE})


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What stands between old tokens and their end.

    ``revokes_alone`` is the host's fact; ``is_linked`` says whether the account holds
    tokens of another consent today, ``None`` where nobody knows whose the old ones are;
    ``is_current`` that one of the old tokens is one of today's. ``dies_at`` is when the
    last of them is too old anyway.
    """

    revokes_alone: bool
    is_linked: bool | None
    is_current: bool
    is_offered: bool
    dies_at: datetime | None


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing definite was said: try again after ``try_in``."""

    try_in: timedelta


@dataclass(frozen=True, slots=True)
class Effort:
    """What was tried already: ``tries`` with this one, since when; ``jitter`` is in [0, 1)."""

    tries: int
    created_at: datetime
    now: datetime
    jitter: float


def plan_sending(standing: Standing, *, now: datetime) -> Outcome | None:
    """Decide whether to send at all: ``None`` sends, an outcome ends the matter unsent."""
    if not standing.is_offered:
        return Outcome.NOT_OFFERED
    if standing.dies_at is not None and now >= standing.dies_at:
        return Outcome.EXPIRED
    if standing.is_current or not (standing.revokes_alone or standing.is_linked is False):
        return Outcome.WOULD_END_LINK
    return None


def plan_answers(
    answers: Sequence[Response | None], effort: Effort, durations: Durations
) -> Outcome | Again:
    """
    Decide what the answers to the requests of one revocation mean; ``None`` is no answer.

    RFC 7009 2.2: an unknown token is answered with 200. GitHub says 404 or 422 instead. A
    refused client (401, 403) is the operator's to mend, so it is tried again.
    """
    words = [_word_of(answer) for answer in answers]
    if None in words:
        wishes = [retry_in(answer) or _NO_WISH for answer in answers if answer is not None]
        return plan_again(effort, durations, wish=max(wishes, default=_NO_WISH))
    for outcome in (Outcome.REFUSED, Outcome.REVOKED):
        if outcome in words:
            return outcome
    return Outcome.ALREADY_GONE


def plan_again(
    effort: Effort, durations: Durations, *, wish: timedelta = _NO_WISH
) -> Outcome | Again:
    """The next try: full jitter over a doubling wait, never before the host's ``wish``."""
    if effort.now - effort.created_at >= durations.revoke_give_up:
        return Outcome.GIVEN_UP
    doubled = durations.revoke_backoff * 2 ** min(effort.tries - 1, _MOST_DOUBLINGS)
    most = min(doubled, durations.revoke_backoff_most)
    return Again(max(most * (_LEAST + (1 - _LEAST) * effort.jitter), wish))


_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY})
_LATER = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    | {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
)
_REFUSALS = range(400, 500)


def _word_of(answer: Response | None) -> Outcome | None:
    """What one answer says; ``None`` is nothing definite, as HTML of a proxy never is."""
    if answer is None or "html" in answer.media_type or answer.status in _LATER:
        return None
    if is_success(answer):
        return Outcome.REVOKED
    if answer.status in _GONE:
        return Outcome.ALREADY_GONE
    return Outcome.REFUSED if answer.status in _REFUSALS else None
