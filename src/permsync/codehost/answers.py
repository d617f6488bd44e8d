"""
What HTTP itself says in an answer, before any code host's own meaning.

Decided here: the class of a status, how long an answer asks to wait (RFC 9110), and that
a body has the shape asked for or is unreadable: it is never trusted halfway. This module
must not know any host, any transport or the clock; the only instant it knows is the one
that the answer names itself.
"""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec

from permsync.codehost import Failure, FailureKind, Response

T = TypeVar("T")

# PostgreSQL stores 64-bit integers and no NUL in a text: an answer with anything else is
# refused where it is read and not where it would be written.
Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024, pattern=r"\A[^\x00]+\Z")]

# No host asks for more, and a wrong header must not park an account for a year.
LONGEST_WAIT = timedelta(days=1)

_SAID_BYTES = 2_000
_IMF_FIXDATE = "%a, %d %b %Y %H:%M:%S GMT"
_COUNT = re.compile(r"[0-9]{1,15}")
_SUCCESSES = range(200, 300)
_REFUSALS = range(400, 500)
_BY_STATUS: dict[int, FailureKind] = {
    HTTPStatus.UNAUTHORIZED: FailureKind.CREDENTIAL_REJECTED,
    HTTPStatus.FORBIDDEN: FailureKind.FORBIDDEN,
    HTTPStatus.NOT_FOUND: FailureKind.HIDDEN,
    HTTPStatus.REQUEST_TIMEOUT: FailureKind.UNAVAILABLE,
    HTTPStatus.GONE: FailureKind.ENDPOINT_GONE,
}


def parse_body(response: Response, decoder: msgspec.json.Decoder[T]) -> T | Failure:
    """Read a 2xx body into the decoder's type; anything else is a :class:`Failure`."""
    if not is_success(response):
        return parse_failure(response)
    try:
        return decoder.decode(response.body)
    except (ValueError, RecursionError):
        return Failure(FailureKind.UNREADABLE, said(response))


def parse_failure(response: Response) -> Failure:
    """
    Classify an answer by its status alone.

    HTML, and a 403 that is not JSON, come from something in front of the API (a proxy, an
    address block, a maintenance page), so they say nothing about an account.
    """
    status, media_type = response.status, response.media_type
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = FailureKind.RATE_LIMITED
    elif "html" in media_type or (status == HTTPStatus.FORBIDDEN and "json" not in media_type):
        kind = FailureKind.UNAVAILABLE
    elif status in _REFUSALS:
        kind = _BY_STATUS.get(status, FailureKind.UNREADABLE)
    else:
        kind = FailureKind.UNAVAILABLE
    return Failure(kind, said(response), retry_in(response))


def is_success(response: Response) -> bool:
    """The status is a 2xx, which says nothing about the body."""
    return response.status in _SUCCESSES


def said(response: Response) -> str:
    """The beginning of the body as text, for the operator's log and for tables of words."""
    return response.body[:_SAID_BYTES].decode("utf-8", "replace")


def retry_in(response: Response) -> timedelta | None:
    """
    How long ``Retry-After`` asks to wait, at most a day (RFC 9110 10.2.3).

    An HTTP date is measured against the answer's own ``Date``, because the host's clock
    wrote both; without one it means nothing to us.
    """
    value = response.headers.get("retry-after", "").strip()
    if (seconds := parse_count(value)) is not None:
        return _bounded(seconds)
    until, sent_at = _parse_date(value), sent_at_of(response)
    if until is None or sent_at is None:
        return None
    return _bounded((until - sent_at).total_seconds())


def quota_in(response: Response) -> timedelta | None:
    """
    How long until a spent quota is new, as ``X-RateLimit-*`` says; a minute if in doubt.

    ``X-RateLimit-Reset`` (epoch seconds) is on every answer of the hosts that send it, so
    it is a wish to wait only where nothing remains.
    """
    if response.headers.get("x-ratelimit-remaining") != "0":
        return None
    reset, sent_at = parse_count(response.headers.get("x-ratelimit-reset")), sent_at_of(response)
    if reset is None or sent_at is None or reset < sent_at.timestamp():
        return timedelta(minutes=1)
    return _bounded(reset - sent_at.timestamp() + 1)


def parse_day(response: Response) -> str | None:
    """The day on which an answer was sent, as ``2026-05-04``; ``None`` where it does not say."""
    sent = sent_at_of(response)
    return sent.date().isoformat() if sent is not None else None


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=max(0.0, min(seconds, LONGEST_WAIT.total_seconds())))


def sent_at_of(response: Response) -> datetime | None:
    """When the host's clock says that it answered, where it says so."""
    return _parse_date(response.headers.get("date", "").strip())


def parse_count(value: str | None) -> int | None:
    """A header's whole number, or ``None`` where it is absent, odd or absurd."""
    return int(value) if value and _COUNT.fullmatch(value) else None


def _parse_date(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, _IMF_FIXDATE).replace(tzinfo=UTC)
    except ValueError:
        return None
