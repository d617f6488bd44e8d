"""OAuth on the wire: requests as the RFCs write them, answers and callbacks read with care."""

from base64 import b64decode
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from permsync import oauth2
from permsync.codehost import Response, TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.oauth2 import (
    Client,
    Word,
    parse_callback,
    parse_token,
)

TOKEN = "https://as.example/token"
CLIENT = Client("client 1", "s&cret")
JSON = {"content-type": "application/json"}


def _form(body: bytes | None) -> dict[str, str]:
    return dict(parse_qsl((body or b"").decode(), strict_parsing=True))


def _granted(body: bytes) -> TokenGrant:
    granted = parse_token(Response(200, JSON, body))
    assert isinstance(granted, TokenGrant), granted
    return granted


def _refused(body: bytes, status: int = 400, *words: Word) -> TokenRefusal:
    refused = parse_token(Response(status, JSON, body), words=words)
    assert isinstance(refused, TokenRefusal), refused
    return refused


# Requests


def test_a_challenge_is_the_digest_of_its_verifier() -> None:
    """The pair of GitLab's documentation (HOSTS 9.1)."""
    verifier = "ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf"
    assert oauth2.code_challenge(verifier) == "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U"


def test_a_challenge_is_the_one_of_the_rfc() -> None:
    """RFC 7636 appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert oauth2.code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_consent_is_asked_for_with_everything_that_is_set() -> None:
    url = oauth2.authorize_url(
        "https://as.example/authorize",
        client_id="client 1",
        redirect_uri="https://we.example/callback?x=1&y=2",
        state="st&ate",
        scopes=("a", "b"),
        code_challenge="challenge",
        nonce="nonce",
    )
    assert _form(urlsplit(url).query.encode()) == {
        "response_type": "code",
        "client_id": "client 1",
        "redirect_uri": "https://we.example/callback?x=1&y=2",
        "scope": "a b",
        "state": "st&ate",
        "nonce": "nonce",
        "code_challenge": "challenge",
        "code_challenge_method": "S256",
    }


def test_what_is_not_set_is_not_sent() -> None:
    url = oauth2.authorize_url(
        "https://as.example/authorize?tenant=x",
        client_id="c",
        redirect_uri="https://we.example",
        state="s",
    )
    assert url.startswith("https://as.example/authorize?tenant=x&response_type=code&")
    sent = _form(urlsplit(url).query.encode())
    assert sent.keys() == {"tenant", "response_type", "client_id", "redirect_uri", "state"}


def test_a_code_is_exchanged_with_its_verifier() -> None:
    request = oauth2.code_request(
        TOKEN, CLIENT, code="c+1", redirect_uri="https://we.example", code_verifier="v"
    )
    assert (request.method, request.url) == ("POST", TOKEN)
    assert _form(request.body) == {
        "grant_type": "authorization_code",
        "code": "c+1",
        "redirect_uri": "https://we.example",
        "code_verifier": "v",
        "client_id": "client 1",
        "client_secret": "s&cret",
    }


def test_a_code_of_a_consent_without_a_challenge_has_no_verifier() -> None:
    request = oauth2.code_request(
        TOKEN, CLIENT, code="c", redirect_uri="https://we.example", code_verifier=None
    )
    assert "code_verifier" not in _form(request.body)


@pytest.mark.parametrize("redirect_uri", [None, "https://we.example/older"])
def test_a_refresh_names_a_redirect_address_where_one_is_given(redirect_uri: str | None) -> None:
    request = oauth2.refresh_request(TOKEN, CLIENT, refresh_token="r-1", redirect_uri=redirect_uri)
    assert _form(request.body).get("redirect_uri") == redirect_uri


def test_basic_credentials_are_form_encoded_first_and_leave_the_body() -> None:
    """RFC 6749 2.3.1."""
    basic = Client("client 1", "s&cret:", basic=True)
    request = oauth2.refresh_request(TOKEN, basic, refresh_token="r-1")
    scheme, _, pair = request.headers["authorization"].partition(" ")
    assert (scheme, b64decode(pair)) == ("Basic", b"client+1:s%26cret%3A")
    assert _form(request.body).keys() == {"grant_type", "refresh_token"}


def test_no_secret_shows() -> None:
    request = oauth2.refresh_request(TOKEN, CLIENT, refresh_token="r-1")
    callback = parse_callback("state=st-1&code=c-1")
    shown = repr((CLIENT, request, callback))
    assert not [secret for secret in ("s&cret", "r-1", "st-1", "c-1") if secret in shown]


# Answers of a token endpoint


def test_a_grant_is_read_whole() -> None:
    """RFC 6749 5.1, with an id token beside it."""
    body = (
        b'{"access_token":"a","refresh_token":"r","expires_in":3600,"token_type":"Bearer",'
        b'"refresh_token_expires_in":7200,"scope":"x y","id_token":"h.p.s"}'
    )
    assert _granted(body) == TokenGrant(
        "a",
        "r",
        expires_in=timedelta(hours=1),
        refresh_expires_in=timedelta(hours=2),
        scopes=frozenset({"x", "y"}),
        id_token="h.p.s",
    )


def test_what_is_not_said_is_not_known() -> None:
    assert _granted(b'{"access_token":"a"}') == TokenGrant("a")


@pytest.mark.parametrize(
    ("written", "life"),
    [
        (b"3600", timedelta(hours=1)),
        (b'"3600"', timedelta(hours=1)),
        (b"0.5", timedelta(seconds=0.5)),
        # Not a lifetime, or one that no instant can hold.
        (b"0", None),
        (b"-1", None),
        (b"true", None),
        (b'"NaN"', None),
        (b'"inf"', None),
        (b'"soon"', None),
        (b"[]", None),
        (b"1e300", None),
        (b"9" * 400, None),
    ],
)
def test_an_odd_lifetime_counts_as_none(written: bytes, life: timedelta | None) -> None:
    """A granted token is never dropped for it (REFRESH I5)."""
    assert _granted(b'{"access_token":"a","expires_in":' + written + b"}").expires_in == life


@pytest.mark.parametrize("written", [b"null", b"7", b'""', b'"a b"', b'"\\u00e9"', b'"a\\n"'])
def test_an_odd_refresh_token_counts_as_none(written: bytes) -> None:
    assert _granted(b'{"access_token":"a","refresh_token":' + written + b"}").refresh_token is None


def test_an_odd_id_token_counts_as_none() -> None:
    assert _granted(b'{"access_token":"a","id_token":{}}').id_token is None


def test_an_error_beside_a_token_does_not_drop_it() -> None:
    assert _granted(b'{"access_token":"a","error":"odd"}').access_token == "a"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        # RFC 6749 5.2: only one of them is about the token.
        ("invalid_grant", TokenRefusalKind.REJECTED),
        ("invalid_client", TokenRefusalKind.CLIENT_ERROR),
        ("unauthorized_client", TokenRefusalKind.CLIENT_ERROR),
        ("invalid_request", TokenRefusalKind.CLIENT_ERROR),
        ("unsupported_grant_type", TokenRefusalKind.CLIENT_ERROR),
        ("invalid_scope", TokenRefusalKind.CLIENT_ERROR),
        ("server_error", TokenRefusalKind.UNAVAILABLE),
        ("temporarily_unavailable", TokenRefusalKind.UNAVAILABLE),
        ("nobody_knows", TokenRefusalKind.UNAVAILABLE),
    ],
)
def test_an_error_has_a_class(error: str, kind: TokenRefusalKind) -> None:
    assert _refused(b'{"error":"%s"}' % error.encode()).kind is kind


def test_a_hosts_own_words_come_before_those_of_the_rfc() -> None:
    words = (
        Word("invalid_request", TokenRefusalKind.REJECTED, says="dead token"),
        Word("", TokenRefusalKind.ACCOUNT_DISABLED, says="person left"),
    )
    dead = b'{"error":"invalid_request","error_description":"A Dead Token"}'
    assert _refused(dead, 400, *words).kind is TokenRefusalKind.REJECTED
    left = b'{"message":"The person left"}'
    assert _refused(left, 401, *words).kind is TokenRefusalKind.ACCOUNT_DISABLED
    wrong = b'{"error":"invalid_request"}'
    assert _refused(wrong, 400, *words).kind is TokenRefusalKind.CLIENT_ERROR


def test_a_page_that_has_the_words_is_not_the_hosts_word() -> None:
    word = Word("", TokenRefusalKind.ACCOUNT_DISABLED, says="person left")
    assert _refused(b"the person left", 401, word).kind is TokenRefusalKind.UNAVAILABLE


def test_a_refusal_is_quoted_in_the_hosts_words() -> None:
    both = b'{"error":"invalid_grant","error_description":"Expired","error_uri":"x"}'
    assert _refused(both).detail == "invalid_grant: Expired"
    assert _refused(b'{"error":"invalid_grant","error_description":7}').detail == "invalid_grant"
    assert _refused(b"plain words", 500).detail == "plain words"


def test_a_success_without_a_token_is_described_and_not_quoted() -> None:
    assert _refused(b'{"refresh_token":"r"}', 200).detail == "application/json of 21 bytes"
