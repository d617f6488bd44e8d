"""Gitea's own words, scopes and tokens, as its source writes them; Forgejo's are the same."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from permsync.codehost import (
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    Response,
    Rotation,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.errors import ConfigurationError
from permsync.hosts import create
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/api/v1"


def _host(**options: str | int) -> CodeHost:
    return create(settings_of("gitea", options=options))


def _failure(response: Response) -> Failure:
    failure = _host().parse_page(_host().listing_asks()[0], response)
    assert isinstance(failure, Failure)
    return failure


# Tokens


def test_consent_tokens_and_api_are_below_the_context_path() -> None:
    host = _host()
    url = host.authorize_url(state="s", code_challenge="c")
    assert url.startswith("https://code.example/context/login/oauth/authorize?")
    request = host.code_request(code="c", code_verifier="v")
    assert request.url == "https://code.example/context/login/oauth/access_token"
    assert host.api_url == API


def test_a_token_is_restricted_unless_the_operator_wants_it_otherwise() -> None:
    """With scopes of OpenID Connect alone it could do everything (HOSTS 6.1)."""
    url = _host().authorize_url(state="s", code_challenge="c")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["scope"] == "read:user read:repository read:organization"
    own = create(settings_of("gitea", scopes=("read:user", "read:repository")))
    assert own.scopes == ("read:user", "read:repository")


@pytest.mark.parametrize(
    "granted",
    [
        {"all"},
        {"write:user", "write:repository", "write:organization"},
        {"write:user", "read:repository", "read:organization", "read:issue"},
    ],
)
def test_a_wider_scope_stands_for_its_parts(granted: set[str]) -> None:
    assert _host().missing_scopes(frozenset(granted)) == frozenset()


def test_a_grant_is_read_without_scopes_because_none_are_told() -> None:
    body = {
        "access_token": "a.b.c",
        "token_type": "bearer",
        "expires_in": 3600,
        "refresh_token": "r.b.c",
    }
    grant = TokenGrant("a.b.c", "r.b.c", expires_in=timedelta(hours=1))
    assert _host().parse_code(answer(body)) == grant


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("unauthorized_client", "unable to parse refresh token", TokenRefusalKind.REJECTED),
        ("unauthorized_client", "token was already used", TokenRefusalKind.REJECTED),
        ("unauthorized_client", "client is not authorized", TokenRefusalKind.REJECTED),
        ("unauthorized_client", "failed PKCE code challenge", TokenRefusalKind.REJECTED),
        ("invalid_grant", "grant does not exist", TokenRefusalKind.REJECTED),
        (
            "invalid_grant",
            "refresh token belongs to a different client",
            TokenRefusalKind.REJECTED,
        ),
        ("invalid_grant", "authorization code expired", TokenRefusalKind.REJECTED),
        # A wrong secret is said in one way at a refresh and in another at a code.
        ("invalid_client", "invalid client secret", TokenRefusalKind.CLIENT_ERROR),
        ("unauthorized_client", "invalid client secret", TokenRefusalKind.CLIENT_ERROR),
        ("unauthorized_client", "unexpected redirect URI", TokenRefusalKind.CLIENT_ERROR),
        ("invalid_request", "cannot parse basic auth header", TokenRefusalKind.CLIENT_ERROR),
        # The server's own trouble.
        (
            "invalid_grant",
            "cannot increase the grant counter",
            TokenRefusalKind.UNAVAILABLE,
        ),
        ("invalid_request", "cannot sign token", TokenRefusalKind.UNAVAILABLE),
        ("invalid_request", "server error", TokenRefusalKind.UNAVAILABLE),
    ],
)
def test_fake_5_a_refusal_is_told_by_its_words(
    error: str, description: str, kind: TokenRefusalKind
) -> None:
    refused = answer({"error": error, "error_description": description}, 400)
    for parsed in (_host().parse_code(refused), _host().parse_refresh(refused)):
        assert isinstance(parsed, TokenRefusal)
        assert parsed.kind is kind


def test_a_refresh_token_stays_good_unless_the_server_invalidates_it() -> None:
    assert _host().rotation is Rotation.TOLERANT
    assert _host(rotation="strict").rotation is Rotation.STRICT
    with pytest.raises(ConfigurationError):
        _host(rotation="sometimes")


def test_an_unused_refresh_token_lives_as_long_as_the_server_says() -> None:
    assert _host().refresh_life == timedelta(hours=730)
    assert _host(refresh_life_hours="24").refresh_life == timedelta(days=1)
    with pytest.raises(ConfigurationError, match="refresh_life_hours"):
        _host(refresh_life_hours=0)


def test_nothing_can_be_revoked_from_here() -> None:
    host = _host()
    assert host.revoke_requests(access_token="a-1", refresh_token="r-1") == ()
    assert not host.revokes_alone


# Identity


@pytest.mark.parametrize(
    ("flags", "identity"),
    [
        ({}, Identity("42", "ada")),
        ({"restricted": True}, Identity("42", "ada", restricted=True)),
        ({"is_admin": True}, Identity("42", "ada", sees_all=True)),
    ],
)
def test_the_identity_is_the_integer_id_and_what_the_person_is_shown(
    flags: Mapping[str, bool], identity: Identity
) -> None:
    host = _host()
    body = {"id": 42, "login": "ada", "active": True, "restricted": False, "is_admin": False}
    ask = host.identity_ask()
    assert ask.request.url == f"{API}/user"
    assert host.parse_identity(ask, answer({**body, **flags})) == identity


def test_a_prohibited_persons_identity_is_a_disabled_account() -> None:
    host = _host()
    words = {"message": "This account is prohibited from signing in, please contact your site"}
    read = host.parse_identity(host.identity_ask(), answer(words, 403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.ACCOUNT_DISABLED


# Refusals


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "token is required", FailureKind.CREDENTIAL_REJECTED),
        (401, "user does not exist [uid: 0, name: ]", FailureKind.CREDENTIAL_REJECTED),
        # With REQUIRE_SIGNIN_VIEW, to a token that is nobody's.
        (403, "Only signed in user is allowed to call APIs.", FailureKind.CREDENTIAL_REJECTED),
        (
            403,
            "token does not have at least one of required scope(s): [read:repository]",
            FailureKind.INSUFFICIENT_SCOPE,
        ),
        (
            403,
            "token does not have at least one of required scope(s), required=[read:repository]",
            FailureKind.INSUFFICIENT_SCOPE,
        ),
        (403, "token scope is limited to public repos", FailureKind.INSUFFICIENT_SCOPE),
        (403, "This account is not activated.", FailureKind.ACCOUNT_DISABLED),
        (
            403,
            "This account is prohibited from signing in, please contact your site administrator.",
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            "You must change your password. Change it at: https://code.example/user/change",
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            "This Forgejo instance requires users to enable two-factor authentication before",
            FailureKind.ACCOUNT_DISABLED,
        ),
        (403, "Must be an organization member", FailureKind.FORBIDDEN),
        (404, "The target couldn't be found.", FailureKind.HIDDEN),
        (500, "", FailureKind.UNAVAILABLE),
    ],
)
def test_a_refusal_of_the_api_is_told_by_its_words(
    status: int, message: str, kind: FailureKind
) -> None:
    body = {"message": message, "url": "https://code.example/context/api/swagger"}
    assert _failure(answer(body, status)).kind is kind


def test_asks_want_plain_answers() -> None:
    """Proxies in front of some instances break compressed ones (HOSTS 6.4)."""
    assert _host().identity_ask().request.headers["accept-encoding"] == "identity"
