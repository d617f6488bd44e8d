"""What HTTP says in an answer, and that a body is whole or unreadable."""

from datetime import timedelta

import msgspec
import pytest

from permsync.codehost import Failure, FailureKind, Response
from permsync.codehost.answers import (
    Id,
    Text,
    parse_body,
    parse_count,
    parse_failure,
    quota_in,
    retry_in,
    said,
)

SENT_AT = "Tue, 24 Nov 2026 10:00:00 GMT"
SENT_SECONDS = 1_795_514_400
JSON = {"content-type": "application/json"}


class _Thing(msgspec.Struct):
    id: Id
    name: Text


THING = msgspec.json.Decoder(_Thing)


def _with(headers: dict[str, str], status: int = 429) -> Response:
    return Response(status, headers, b"")


# Bodies


def test_a_body_of_the_right_shape_is_read() -> None:
    read = parse_body(Response(200, JSON, b'{"id": 1, "name": "a", "more": []}'), THING)
    assert read == _Thing(1, "a")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"id": 1}',
        b'{"id": "1", "name": "a"}',
        b'{"id": 0, "name": "a"}',
        b'{"id": 9223372036854775808, "name": "a"}',  # PostgreSQL has 64 bits
        b'{"id": 1, "name": ""}',
        b'{"id": 1, "name": "a\\u0000"}',  # PostgreSQL stores no NUL
        b'{"id": 1, "name": "\\ud800"}',  # half a character cannot be encoded
        b'{"id": 1, "name": "\xff"}',
        b'{"id": 1, "name": "a", "more": ' + b"[" * 100_000,
        b'{"id": 1, "name": "' + b"a" * 2_000 + b'"}',
    ],
)
def test_any_other_body_is_unreadable(body: bytes) -> None:
    read = parse_body(Response(200, JSON, body), THING)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


def test_a_readable_body_of_a_refusal_is_still_a_refusal() -> None:
    read = parse_body(Response(500, JSON, b'{"id": 1, "name": "a"}'), THING)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNAVAILABLE


def test_what_is_quoted_of_a_body_is_bounded_and_text() -> None:
    quoted = said(Response(500, {}, b"\xff" * 100_000))
    assert quoted == "\N{REPLACEMENT CHARACTER}" * 2_000


# Classes


@pytest.mark.parametrize(
    ("status", "media_type", "kind"),
    [
        (401, "application/json", FailureKind.CREDENTIAL_REJECTED),
        (401, "", FailureKind.CREDENTIAL_REJECTED),
        (403, "application/json", FailureKind.FORBIDDEN),
        (403, "application/vnd.github+json", FailureKind.FORBIDDEN),
        (404, "application/json", FailureKind.HIDDEN),
        (410, "application/json", FailureKind.ENDPOINT_GONE),
        (429, "text/html", FailureKind.RATE_LIMITED),
        (400, "application/json", FailureKind.UNREADABLE),
        (422, "application/json", FailureKind.UNREADABLE),
        # Something in front of the API spoke, and not the API.
        (401, "text/html", FailureKind.UNAVAILABLE),
        (403, "text/plain", FailureKind.UNAVAILABLE),
        (403, "", FailureKind.UNAVAILABLE),
        (404, "text/html", FailureKind.UNAVAILABLE),
        (408, "application/json", FailureKind.UNAVAILABLE),
        (301, "", FailureKind.UNAVAILABLE),
        (500, "application/json", FailureKind.UNAVAILABLE),
        (503, "text/html", FailureKind.UNAVAILABLE),
        (100, "", FailureKind.UNAVAILABLE),
    ],
)
def test_a_status_has_a_class(status: int, media_type: str, kind: FailureKind) -> None:
    assert parse_failure(Response(status, {"content-type": media_type}, b"")).kind is kind


# Waits


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "30"}, timedelta(seconds=30)),
        ({"retry-after": " 30 "}, timedelta(seconds=30)),
        ({"retry-after": "0"}, timedelta()),
        # A date is measured against the answer's own.
        (
            {"retry-after": "Tue, 24 Nov 2026 10:02:00 GMT", "date": SENT_AT},
            timedelta(minutes=2),
        ),
        ({"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT", "date": SENT_AT}, timedelta()),
        # More than a day would park the account.
        ({"retry-after": "99999999"}, timedelta(days=1)),
        ({"retry-after": "Tue, 24 Nov 2099 10:00:00 GMT", "date": SENT_AT}, timedelta(days=1)),
        # Nothing that can be understood.
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "\N{ARABIC-INDIC DIGIT ONE}"}, None),
        ({"retry-after": "9" * 5_000}, None),
        ({"retry-after": "soon", "date": SENT_AT}, None),
        ({"retry-after": "Tue, 24 Nov 2026 10:02:00 GMT"}, None),
        ({"retry-after": "Tue, 24 Nov 2026 10:02:00 GMT", "date": "today"}, None),
    ],
)
def test_a_wish_to_wait_is_read(headers: dict[str, str], wait: timedelta | None) -> None:
    assert retry_in(_with(headers)) == wait
    assert parse_failure(_with(headers)).retry_in == wait


@pytest.mark.parametrize(
    ("remaining", "reset", "date", "wait"),
    [
        ("0", str(SENT_SECONDS + 90), SENT_AT, timedelta(seconds=91)),
        ("0", str(SENT_SECONDS + 10**9), SENT_AT, timedelta(days=1)),
        # In doubt a minute: reset over, unknown, or without a date to measure by.
        ("0", str(SENT_SECONDS - 1), SENT_AT, timedelta(minutes=1)),
        ("0", "", SENT_AT, timedelta(minutes=1)),
        ("0", str(SENT_SECONDS + 90), "", timedelta(minutes=1)),
        # The reset is on every answer; alone it is no wish to wait.
        ("1", str(SENT_SECONDS + 90), SENT_AT, None),
        ("", str(SENT_SECONDS + 90), SENT_AT, None),
    ],
)
def test_a_spent_quota_says_when_it_is_new(
    remaining: str, reset: str, date: str, wait: timedelta | None
) -> None:
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset, "date": date}
    assert quota_in(_with(headers, 403)) == wait


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12), ("0", 0), (None, None), ("", None), ("-1", None), ("1e3", None), ("9" * 16, None)],
)
def test_a_count_is_a_plain_whole_number(value: str | None, number: int | None) -> None:
    assert parse_count(value) == number
