"""
The battery that every host file passes without being named: what answers mean.

A new file in ``hosts/`` is in it by being there. What only one host does is in that host's
own test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Response,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.hosts import create, registry
from tests.hosts.exchanges import answer, page_of_html, settings_of, text

KINDS = tuple(registry())
SIGNED = {"x-ausername": "ada"}  # a host that wants a name in each answer finds one

each_kind = pytest.mark.parametrize("kind", KINDS)


def _host(kind: str) -> CodeHost:
    return create(settings_of(kind))


@dataclass(frozen=True)
class Reader:
    """One of a host's two readers of API answers, with the ask it starts from."""

    ask: Ask
    read: Callable[[Ask, Response], object]


def _readers(host: CodeHost) -> tuple[Reader, ...]:
    listing = (Reader(ask, host.parse_page) for ask in host.listing_asks())
    return (Reader(host.identity_ask(), host.parse_identity), *listing)


def _read_by_all(kind: str, response: Response) -> set[FailureKind]:
    """The classes that all readers of a kind give one answer."""
    answers = [reader.read(reader.ask, response) for reader in _readers(_host(kind))]
    assert all(isinstance(each, Failure) for each in answers), answers
    return {each.kind for each in answers if isinstance(each, Failure)}


# What an answer of a token endpoint means

TOKEN_ANSWERS = {
    "an outage": (page_of_html(503), TokenRefusalKind.UNAVAILABLE),
    "a redirect": (Response(302, {"location": "/login"}, b""), TokenRefusalKind.UNAVAILABLE),
    "a permanent redirect": (page_of_html(301), TokenRefusalKind.UNAVAILABLE),
    "nobody read the request": (text(b"", 408), TokenRefusalKind.UNAVAILABLE),
    "a refusal in HTML": (page_of_html(400), TokenRefusalKind.UNAVAILABLE),
    "an unknown refusal": (answer({"error": "odd"}, 400), TokenRefusalKind.UNAVAILABLE),
    "a limit": (text(b"Retry later", 429), TokenRefusalKind.RATE_LIMITED),
    "a dead token": (answer({"error": "invalid_grant"}, 400), TokenRefusalKind.REJECTED),
    "a wrong secret": (answer({"error": "invalid_client"}, 401), TokenRefusalKind.CLIENT_ERROR),
    "HTML with 200": (page_of_html(), TokenRefusalKind.UNUSABLE),
    "nothing with 200": (Response(200, {}, b""), TokenRefusalKind.UNUSABLE),
    "no token in it": (answer({"token_type": "bearer"}), TokenRefusalKind.UNUSABLE),
    "a list": (answer([]), TokenRefusalKind.UNUSABLE),
    "bad UTF-8": (Response(200, {}, b'{"access_token":"\xff"}'), TokenRefusalKind.UNUSABLE),
    "deep nesting": (Response(200, {}, b"[" * 100_000), TokenRefusalKind.UNUSABLE),
    "null": (answer({"access_token": None}), TokenRefusalKind.UNUSABLE),
    "a number": (answer({"access_token": 7}), TokenRefusalKind.UNUSABLE),
    "empty": (answer({"access_token": ""}), TokenRefusalKind.UNUSABLE),
    # It would end the request's header and begin another one.
    "a line break": (answer({"access_token": "a\r\nb: c"}), TokenRefusalKind.UNUSABLE),
}


@each_kind
@pytest.mark.parametrize("case", TOKEN_ANSWERS)
def test_a_token_endpoints_refusal_has_one_class(kind: str, case: str) -> None:
    response, expected = TOKEN_ANSWERS[case]
    for parsed in (_host(kind).parse_code(response), _host(kind).parse_refresh(response)):
        assert isinstance(parsed, TokenRefusal)
        assert parsed.kind is expected


@each_kind
def test_a_limit_at_the_token_endpoint_says_how_long(kind: str) -> None:
    parsed = _host(kind).parse_refresh(text(b"", 429, {"retry-after": "30"}))
    assert isinstance(parsed, TokenRefusal)
    assert parsed.retry_in == timedelta(seconds=30)


@each_kind
def test_a_grant_is_read_whole(kind: str) -> None:
    body = {"access_token": "a-1", "refresh_token": "r-1", "expires_in": 3600}
    parsed = _host(kind).parse_refresh(answer(body))
    assert isinstance(parsed, TokenGrant)
    assert (parsed.access_token, parsed.refresh_token) == ("a-1", "r-1")
    assert parsed.expires_in == timedelta(hours=1)


@each_kind
def test_an_answer_without_a_refresh_token_is_a_grant_without_one(kind: str) -> None:
    parsed = _host(kind).parse_refresh(answer({"access_token": "a-1", "refresh_token": None}))
    assert isinstance(parsed, TokenGrant)
    assert parsed.refresh_token is None


@each_kind
def test_no_lifetime_of_a_grant_is_beyond_belief(kind: str) -> None:
    oddities: tuple[object, ...] = (None, 0, -5, True, "soon", 1e300, [], "9" * 400)
    for odd in oddities:
        parsed = _host(kind).parse_refresh(answer({"access_token": "a-1", "expires_in": odd}))
        assert isinstance(parsed, TokenGrant)
        assert parsed.expires_in is None or parsed.expires_in > timedelta()


# What an answer of the API means

API_ANSWERS = {
    "a dead token": (answer({"message": "no"}, 401), FailureKind.CREDENTIAL_REJECTED),
    "a limit": (text(b"Retry later", 429), FailureKind.RATE_LIMITED),
    "an outage": (page_of_html(503), FailureKind.UNAVAILABLE),
    "an outage in JSON": (answer({"message": "down"}, 500), FailureKind.UNAVAILABLE),
    "a redirect": (Response(302, {"location": "/login"}, b""), FailureKind.UNAVAILABLE),
    "a proxy's sign-in page": (page_of_html(401), FailureKind.UNAVAILABLE),
    "a blocked address": (text(b"Forbidden", 403), FailureKind.UNAVAILABLE),
    "a plain refusal": (answer({"message": "no"}, 403), FailureKind.FORBIDDEN),
    "an endpoint that left": (answer({"message": "gone"}, 410), FailureKind.ENDPOINT_GONE),
    "an odd refusal": (answer({"message": "odd"}, 418), FailureKind.UNREADABLE),
}
UNREADABLE = {
    "HTML": page_of_html(),
    "nothing": Response(200, {}, b""),
    "no content": Response(204, {}, b""),
    "bad UTF-8": Response(200, {}, b'{"id":1,"login":"\xff","values":"\xff"}'),
    "deep nesting": Response(200, {}, b"[" * 100_000),
    "deep nesting inside": Response(200, {}, b'{"id":' + b"[" * 100_000),
    "a number": answer(7),
    "null": answer(None),
    "null in a list": answer([None]),
    "null fields": answer({"id": None, "uuid": None, "values": None, "installations": None}),
}


@each_kind
@pytest.mark.parametrize("case", API_ANSWERS)
def test_a_refusal_of_the_api_has_one_class(kind: str, case: str) -> None:
    response, expected = API_ANSWERS[case]
    assert _read_by_all(kind, response) == {expected}


@each_kind
@pytest.mark.parametrize("case", UNREADABLE)
def test_nonsense_with_200_is_unreadable_and_nothing_else(kind: str, case: str) -> None:
    plain = UNREADABLE[case]
    signed = Response(plain.status, {**plain.headers, **SIGNED}, plain.body)
    assert _read_by_all(kind, signed) == {FailureKind.UNREADABLE}


@each_kind
def test_a_plain_refusal_asks_nobody_to_wait(kind: str) -> None:
    """HOSTS 1.3 #20: the reset is on every answer and may be an hour away."""
    headers = {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": "1999999999"}
    refused = answer({"message": "Resource not accessible"}, 403, headers)
    for reader in _readers(_host(kind)):
        read = reader.read(reader.ask, refused)
        assert isinstance(read, Failure)
        assert read.retry_in is None


@each_kind
def test_a_limit_of_the_api_says_how_long(kind: str) -> None:
    limited = text(b"", 429, {"retry-after": "7"})
    for reader in _readers(_host(kind)):
        read = reader.read(reader.ask, limited)
        assert isinstance(read, Failure)
        assert read.retry_in == timedelta(seconds=7)
