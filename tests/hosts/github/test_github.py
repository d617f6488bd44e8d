"""GitHub's own words, headers, tokens and limits; bodies have the shapes of its REST API."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

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
from tests.hosts.exchanges import REDIRECT, SENT_AT, answer, settings_of

API = "https://code.example/context/api/v3"
# SENT_AT as GitHub counts.
SENT_SECONDS = 1_795_514_400


def _host(app: str = "oauth", **more: Any) -> CodeHost:
    return create(settings_of("github", options={"app": app}, **more))


def _failure(response: Response) -> Failure:
    failure = _host().parse_page(_host().listing_asks()[0], response)
    assert isinstance(failure, Failure)
    return failure


# Where things are


@pytest.mark.parametrize(
    ("base_url", "api_url"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://github.acme.example", "https://github.acme.example/api/v3"),
        ("https://acme.example/github", "https://acme.example/github/api/v3"),
        # Names that only look like the two above.
        ("https://notgithub.com", "https://notgithub.com/api/v3"),
        ("https://github.com.example", "https://github.com.example/api/v3"),
    ],
)
def test_the_api_has_a_host_at_github_and_a_path_elsewhere(base_url: str, api_url: str) -> None:
    assert _host(base_url=base_url).api_url == api_url


def test_consent_and_tokens_are_below_login() -> None:
    host = _host(base_url="https://github.com")
    url = host.authorize_url(state="s", code_challenge="c")
    assert url.startswith("https://github.com/login/oauth/authorize?")
    request = host.code_request(code="c", code_verifier="v")
    assert request.url == "https://github.com/login/oauth/access_token"


def test_the_api_version_is_pinned_and_can_be_changed() -> None:
    ask = create(settings_of("github")).identity_ask()
    assert ask.request.headers["x-github-api-version"] == "2022-11-28"
    assert ask.request.headers["accept"] == "application/vnd.github+json"
    newer = create(settings_of("github", options={"api_version": "2026-03-10"}))
    assert newer.identity_ask().request.headers["x-github-api-version"] == "2026-03-10"


# Apps


@pytest.mark.parametrize(
    ("app", "rotation", "scopes"),
    [
        ("oauth", Rotation.NONE, ("repo",)),
        ("oauth_expiring", Rotation.STRICT, ("repo",)),
        ("github_app", Rotation.STRICT, ()),
    ],
)
def test_each_way_to_be_registered_has_its_rotation_and_scopes(
    app: str, rotation: Rotation, scopes: tuple[str, ...]
) -> None:
    assert (_host(app).rotation, _host(app).scopes) == (rotation, scopes)


def test_an_oauth_app_is_the_default_and_another_word_is_refused() -> None:
    assert create(settings_of("github")).rotation is Rotation.NONE
    with pytest.raises(ConfigurationError):
        _host("probot")


def test_a_github_app_has_no_scopes_even_if_some_are_configured() -> None:
    host = _host("github_app", scopes=("repo",))
    url = host.authorize_url(state="s", code_challenge="c")
    assert "scope" not in parse_qs(urlsplit(url).query)
    assert host.missing_scopes(frozenset()) == frozenset()


# Tokens


def test_an_oauth_apps_grant_has_scopes_with_commas_and_never_expires() -> None:
    body = {"access_token": "gho_1", "token_type": "bearer", "scope": "repo,read:user"}
    grant = TokenGrant("gho_1", scopes=frozenset({"repo", "read:user"}))
    assert _host().parse_code(answer(body)) == grant


def test_an_app_tokens_empty_scope_says_nothing() -> None:
    body = {
        "access_token": "ghu_1",
        "expires_in": 28_800,
        "refresh_token": "ghr_1",
        "refresh_token_expires_in": 15_897_600,
        "scope": "",
        "token_type": "bearer",
    }
    granted = _host("github_app").parse_refresh(answer(body))
    assert isinstance(granted, TokenGrant)
    assert granted.scopes is None
    assert granted.expires_in == timedelta(hours=8)
    assert granted.refresh_expires_in == timedelta(days=184)


def test_an_oauth_tokens_empty_scope_says_that_nothing_was_granted() -> None:
    granted = _host().parse_code(answer({"access_token": "gho_1", "scope": ""}))
    assert isinstance(granted, TokenGrant)
    assert granted.scopes == frozenset()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("bad_refresh_token", TokenRefusalKind.REJECTED),
        ("bad_verification_code", TokenRefusalKind.REJECTED),
        ("unverified_user_email", TokenRefusalKind.REJECTED),
        ("incorrect_client_credentials", TokenRefusalKind.CLIENT_ERROR),
        ("redirect_uri_mismatch", TokenRefusalKind.CLIENT_ERROR),
        ("application_suspended", TokenRefusalKind.CLIENT_ERROR),
        # 200 and no token and a word nobody knows: not the host's definite word.
        ("something_new", TokenRefusalKind.UNUSABLE),
    ],
)
def test_a_refusal_comes_with_status_200(error: str, kind: TokenRefusalKind) -> None:
    body = {"error": error, "error_description": "The token passed is incorrect or expired."}
    parsed = _host("oauth_expiring").parse_refresh(answer(body))
    assert isinstance(parsed, TokenRefusal)
    assert parsed.kind is kind
    assert parsed.detail == f"{error}: The token passed is incorrect or expired."


def test_a_refresh_does_not_name_the_redirect_address() -> None:
    request = _host("github_app").refresh_request(refresh_token="ghr_1", redirect_uri=REDIRECT)
    assert dict(parse_qsl((request.body or b"").decode())) == {
        "grant_type": "refresh_token",
        "refresh_token": "ghr_1",
        "client_id": "client-of-one",
        "client_secret": "client-secret-8Kq2",
    }


def test_the_token_is_revoked_and_not_the_authorization() -> None:
    (request,) = _host().revoke_requests(access_token="gho_1", refresh_token=None)
    assert (request.method, request.url) == ("DELETE", f"{API}/applications/client-of-one/token")
    assert request.headers["authorization"].startswith("Basic ")
    assert json.loads(request.body or b"") == {"access_token": "gho_1"}


def test_a_refresh_token_alone_cannot_be_revoked() -> None:
    assert _host().revoke_requests(access_token=None, refresh_token="ghr_1") == ()


# Identity and scopes


def test_the_identity_is_the_integer_id() -> None:
    host = _host()
    ask = host.identity_ask()
    assert ask.request.url == f"{API}/user"
    body = {"id": 583231, "login": "octocat", "email": None, "type": "User"}
    assert host.parse_identity(ask, answer(body)) == Identity("583231", "octocat")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "583231"},
        {"id": True},
        {"id": 0},
        {"id": 2**63},
        {"id": 1.5},
        {"login": ""},
        {"login": "a\x00b"},
        {"login": None},
    ],
)
def test_an_identity_that_could_not_be_stored_is_unreadable(wrong: Mapping[str, Any]) -> None:
    host = _host()
    read = host.parse_identity(host.identity_ask(), answer({"id": 1, "login": "a", **wrong}))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("repo, read:user", set()),
        ("repo", set()),
        ("", {"repo"}),
        ("public_repo, repo:status", {"repo"}),
        ("user, admin:org", {"repo"}),
    ],
)
def test_a_token_needs_repo(header: str, missing: set[str]) -> None:
    granted = _host().granted_scopes(answer([], headers={"x-oauth-scopes": header}))
    assert _host().missing_scopes(granted) == missing


def test_trap_22_a_wider_scope_stands_for_its_parts() -> None:
    """HOSTS 1.3 #22: GitHub reports the widest name only."""
    host = _host(scopes=("read:org", "user:email", "public_repo"))
    assert host.missing_scopes(frozenset({"admin:org", "user", "repo"})) == frozenset()
    assert host.missing_scopes(frozenset({"write:org", "user"})) == {"public_repo"}


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_listing_with_too_little_scope_is_a_refusal_however_it_reads(status: int) -> None:
    reduced = answer([], status, headers={"x-oauth-scopes": "read:user"})
    assert _failure(reduced).kind is FailureKind.INSUFFICIENT_SCOPE


@pytest.mark.parametrize(
    ("status", "kind"), [(401, FailureKind.CREDENTIAL_REJECTED), (500, FailureKind.UNAVAILABLE)]
)
def test_an_answer_to_nobody_says_nothing_of_scopes(status: int, kind: FailureKind) -> None:
    assert _failure(answer({}, status, headers={"x-oauth-scopes": ""})).kind is kind


# Limits and refusals


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        # "Rate limits for the REST API": retry-after first, then the reset, then a minute.
        ({"retry-after": "30", "x-ratelimit-remaining": "0"}, "", 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(SENT_SECONDS + 90)}, "", 91),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(SENT_SECONDS - 90)}, "", 60),
        ({"x-ratelimit-remaining": "0"}, "", 60),
        ({}, "You have exceeded a secondary rate limit. Please wait a few minutes.", 60),
    ],
)
def test_a_limit_waits_by_the_right_header(
    status: int, headers: Mapping[str, str], message: str, seconds: int
) -> None:
    limited = answer({"message": message}, status, {"date": SENT_AT, **headers})
    assert _failure(limited).kind is FailureKind.RATE_LIMITED
    assert _failure(limited).retry_in == timedelta(seconds=seconds)


def test_429_without_any_word_waits_a_minute() -> None:
    assert _failure(answer({}, 429)).retry_in == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Resource not accessible by integration", FailureKind.FORBIDDEN),
        ("Sorry. Your account was suspended.", FailureKind.ACCOUNT_DISABLED),
    ],
)
def test_a_refusal_names_no_wait(message: str, kind: FailureKind) -> None:
    headers = {
        "date": SENT_AT,
        "x-ratelimit-remaining": "4000",
        "x-ratelimit-reset": str(SENT_SECONDS + 3_600),
    }
    failure = _failure(answer({"message": message}, 403, headers))
    assert (failure.kind, failure.retry_in) == (kind, None)


def test_an_identity_can_be_limited_too() -> None:
    host = _host()
    read = host.parse_identity(host.identity_ask(), answer({}, 403, {"retry-after": "5"}))
    assert isinstance(read, Failure)
    assert (read.kind, read.retry_in) == (FailureKind.RATE_LIMITED, timedelta(seconds=5))
