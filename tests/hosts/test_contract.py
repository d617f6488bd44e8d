"""
The battery that every host file passes without being named: what the contract promises.

A new file in ``hosts/`` is in it by being there. What only one host does is in that host's
own test.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    Page,
    Response,
    Rotation,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
    same_origin,
)
from permsync.errors import ConfigurationError
from permsync.hosts import create, registry
from tests.hosts.exchanges import REDIRECT, SECRET, answer, page_of_html, settings_of, text
from tests.hosts.plausible import responses_for

KINDS = tuple(registry())
BASE = "https://code.example/context"
REFRESH_TOKEN = "refresh-token-5Tz"
ACCESS_TOKEN = "access-token-9Xw"
TOKENS = (ACCESS_TOKEN, REFRESH_TOKEN)
CHALLENGE = "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U"
SIGNED = {"x-ausername": "ada"}  # a host that wants a name in each answer finds one

each_kind = pytest.mark.parametrize("kind", KINDS)


def _host(kind: str) -> CodeHost:
    return create(settings_of(kind))


def _authorize(host: CodeHost) -> dict[str, str]:
    url = host.authorize_url(state="state-1", code_challenge=CHALLENGE)
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


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


# What a kind says of itself


@each_kind
def test_a_kind_is_named_like_its_file_and_has_a_title(kind: str) -> None:
    module = sys.modules[registry()[kind].__module__]
    assert module.__name__.rpartition(".")[2] == kind
    assert registry()[kind].title


@each_kind
def test_a_host_has_everything_that_the_contract_names(kind: str) -> None:
    names = {name for name in vars(CodeHost) if not name.startswith("_")}
    assert {name for name in names if not hasattr(_host(kind), name)} == set()
    assert isinstance(_host(kind).rotation, Rotation)
    assert _host(kind).parallel >= 1


@each_kind
def test_an_option_that_means_nothing_is_refused_with_the_hosts_name(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"hosts\.one\.options.*nonsense"):
        create(settings_of(kind, options={"nonsense": 1}))


@each_kind
def test_no_host_can_be_asked_without_bound(kind: str) -> None:
    for parallel in (0, 1_000, "many"):
        with pytest.raises(ConfigurationError):
            create(settings_of(kind, options={"parallel": parallel}))
    assert create(settings_of(kind, options={"parallel": "3"})).parallel == 3


@each_kind
def test_two_hosts_of_one_kind_share_nothing(kind: str) -> None:
    one = create(settings_of(kind, name="one", base_url="https://one.example/git"))
    two = create(settings_of(kind, name="two", base_url="https://two.example"))
    assert _authorize(one)["client_id"] == "client-of-one"
    assert _authorize(two)["client_id"] == "client-of-two"
    assert one.identity_ask().request.url.startswith("https://one.example/git/")
    assert two.identity_ask().request.url.startswith("https://two.example/")


# Consent, code and refresh


@each_kind
def test_the_consent_page_is_under_the_base_url_with_its_context_path(kind: str) -> None:
    url = _host(kind).authorize_url(state="state-1", code_challenge=CHALLENGE)
    assert url.startswith(f"{BASE}/")


@each_kind
def test_the_consent_page_is_told_state_client_and_redirect_address_and_no_secret(
    kind: str,
) -> None:
    sent = _authorize(_host(kind))
    assert sent["response_type"] == "code"
    assert sent["state"] == "state-1"
    assert sent["client_id"] == "client-of-one"
    assert sent["redirect_uri"] == REDIRECT
    assert SECRET not in str(sent)


@each_kind
def test_configured_scopes_are_asked_for_in_their_order(kind: str) -> None:
    host = create(settings_of(kind, scopes=("zeta", "alpha")))
    assert host.scopes == ("zeta", "alpha")
    assert _authorize(host)["scope"] == "zeta alpha"


@each_kind
def test_a_challenge_is_sent_where_its_verifier_is_and_nowhere_else(kind: str) -> None:
    host = _host(kind)
    code = host.code_request(code="code-1", code_verifier="verifier-1")
    fields = parse_qs((code.body or b"").decode())
    if "code_challenge" in _authorize(host):
        assert _authorize(host)["code_challenge"] == CHALLENGE
        assert _authorize(host)["code_challenge_method"] == "S256"
        assert fields["code_verifier"] == ["verifier-1"]
    else:
        assert "code_verifier" not in fields


@each_kind
def test_token_requests_are_forms_to_the_base_url(kind: str) -> None:
    host = _host(kind)
    code = host.code_request(code="code-1", code_verifier="verifier-1")
    refresh = host.refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT)
    for request in (code, refresh):
        assert request.method == "POST"
        assert request.url.startswith(f"{BASE}/")
        assert urlsplit(request.url).query == ""
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.headers["accept"] == "application/json"


@each_kind
def test_a_code_is_exchanged_with_the_redirect_address_of_its_consent(kind: str) -> None:
    request = _host(kind).code_request(code="code-1", code_verifier="verifier-1")
    fields = parse_qs((request.body or b"").decode())
    assert fields["grant_type"] == ["authorization_code"]
    assert fields["code"] == ["code-1"]
    assert fields["redirect_uri"] == [REDIRECT]


@each_kind
def test_a_refresh_names_the_links_own_redirect_address_or_none(kind: str) -> None:
    own = "https://permsync.example/hosts/older/callback"
    request = _host(kind).refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=own)
    fields = parse_qs((request.body or b"").decode())
    assert fields["grant_type"] == ["refresh_token"]
    assert fields["refresh_token"] == [REFRESH_TOKEN]
    assert fields.get("redirect_uri", [own]) == [own]


@each_kind
def test_client_credentials_travel_in_one_place_only(kind: str) -> None:
    """RFC 6749 2.3: a client must not use more than one method in one request."""
    request = _host(kind).refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT)
    in_body = SECRET in (request.body or b"").decode()
    assert in_body != ("authorization" in request.headers)


@each_kind
def test_revocation_names_the_token_in_a_body_and_stays_on_the_host(kind: str) -> None:
    host = _host(kind)
    revoked = host.revoke_requests(access_token=ACCESS_TOKEN, refresh_token=REFRESH_TOKEN)
    for request in revoked:
        assert same_origin(request.url, BASE)
        assert ACCESS_TOKEN not in request.url
        assert REFRESH_TOKEN not in request.url
        assert any(token in (request.body or b"").decode() for token in TOKENS)


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


# Asks


@each_kind
def test_asks_are_bare_gets_below_the_api_url(kind: str) -> None:
    host = _host(kind)
    assert same_origin(host.api_url, BASE)
    for ask in (host.identity_ask(), *host.listing_asks()):
        assert ask.request.method == "GET"
        assert ask.request.url.startswith(f"{host.api_url}/")
        assert ask.request.body is None
        assert "authorization" not in ask.request.headers
        assert all(name == name.lower() for name in ask.request.headers)


@each_kind
def test_the_operators_api_url_wins(kind: str) -> None:
    host = create(settings_of(kind, api_url="https://api.example/v9"))
    assert host.api_url == "https://api.example/v9"
    assert host.identity_ask().request.url.startswith("https://api.example/v9/")
    assert host.listing_asks()[0].request.url.startswith("https://api.example/v9/")


# Scopes


@each_kind
def test_scopes_that_the_host_does_not_tell_are_not_missing(kind: str) -> None:
    assert _host(kind).missing_scopes(None) == frozenset()
    assert _host(kind).granted_scopes(answer([])) is None


@each_kind
def test_the_scopes_asked_for_are_the_scopes_needed(kind: str) -> None:
    host = _host(kind)
    assert host.missing_scopes(frozenset(host.scopes)) == frozenset()
    assert host.missing_scopes(frozenset()) == frozenset(host.scopes)


# Secrets and hostile answers


@each_kind
def test_nothing_that_holds_a_secret_shows_it(kind: str) -> None:
    host, settings = _host(kind), settings_of(kind)
    granted = host.parse_refresh(
        answer({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "id_token": SECRET})
    )
    shown = repr(
        (
            settings,
            host,
            granted,
            host.code_request(code=ACCESS_TOKEN, code_verifier=REFRESH_TOKEN),
            host.refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT),
            host.revoke_requests(access_token=ACCESS_TOKEN, refresh_token=REFRESH_TOKEN),
        )
    )
    assert not [secret for secret in (SECRET, ACCESS_TOKEN, REFRESH_TOKEN) if secret in shown]
    assert "Basic" not in shown


@each_kind
@pytest.mark.parametrize(
    "body",
    [
        # Usable but for a blank, form-encoded in spite of `accept`, and cut off.
        b'{"access_token":"a b","refresh_token":"refresh-token-5Tz"}',
        b"access_token=access-token-9Xw&refresh_token=refresh-token-5Tz",
        b'{"access_token":"access-token-9Xw","refresh_token":"refresh-to',
    ],
)
def test_the_detail_of_a_success_that_is_none_quotes_no_token(kind: str, body: bytes) -> None:
    parsed = _host(kind).parse_refresh(Response(200, {}, body))
    assert isinstance(parsed, TokenRefusal)
    assert "token" not in parsed.detail


@each_kind
@examples(max_examples=60, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_a_token_parser_raise(kind: str, chosen: st.DataObject) -> None:
    host = _host(kind)
    response = chosen.draw(responses_for(host))
    for parsed in (host.parse_code(response), host.parse_refresh(response)):
        assert isinstance(parsed, TokenGrant | TokenRefusal)
        if isinstance(parsed, TokenGrant):
            assert parsed.access_token.isascii()
            assert parsed.access_token.isprintable()


@each_kind
@examples(max_examples=60, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_an_identity_parser_raise(kind: str, chosen: st.DataObject) -> None:
    host = _host(kind)
    answers, ask = responses_for(host), host.identity_ask()
    for _ in range(4):
        read = host.parse_identity(ask, chosen.draw(answers))
        if not isinstance(read, Ask):
            break
        ask = read
        assert same_origin(ask.request.url, host.api_url)
    assert isinstance(read, Identity | Failure | Ask)


@each_kind
@examples(max_examples=80, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_a_listing_raise_or_leave_the_host(
    kind: str, chosen: st.DataObject
) -> None:
    host = _host(kind)
    answers, asks = responses_for(host), list(host.listing_asks())
    for _ in range(4):
        read = host.parse_page(chosen.draw(st.sampled_from(asks)), chosen.draw(answers))
        assert isinstance(read, Page | Failure)
        if isinstance(read, Page):
            asks += read.follow[:20]
            assert all(same_origin(ask.request.url, host.api_url) for ask in read.follow)
            assert all("authorization" not in ask.request.headers for ask in read.follow)
            assert {one.external_id for one in read.repositories} <= read.seen
