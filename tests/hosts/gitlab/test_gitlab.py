"""GitLab's own words, headers and tokens; bodies have the shapes of its REST API."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl

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
from permsync.codehost.manners import Manners
from permsync.errors import ConfigurationError
from permsync.hosts import create
from tests.hosts.exchanges import REDIRECT, answer, settings_of

API = "https://code.example/context/api/v4"


def _host(**options: str) -> CodeHost:
    return create(settings_of("gitlab", options=options))


def _failure(response: Response) -> Failure:
    failure = _host().parse_page(_host().listing_asks()[0], response)
    assert isinstance(failure, Failure)
    return failure


# Tokens


def test_consent_tokens_and_api_are_below_the_context_path() -> None:
    host = _host()
    url = host.authorize_url(state="s", code_challenge="c")
    assert url.startswith("https://code.example/context/oauth/authorize?")
    request = host.code_request(code="c", code_verifier="v")
    assert request.url == "https://code.example/context/oauth/token"
    assert host.api_url == API


def test_a_refresh_names_the_redirect_address() -> None:
    """Without it GitLab answers invalid_grant to a healthy token (HOSTS 1.3 #4)."""
    request = _host().refresh_request(refresh_token="r-1", redirect_uri=REDIRECT)
    assert dict(parse_qsl((request.body or b"").decode()))["redirect_uri"] == REDIRECT


def test_a_grant_is_read_with_its_scopes() -> None:
    body = {
        "access_token": "a-1",
        "token_type": "Bearer",
        "expires_in": 7200,
        "refresh_token": "r-1",
        "scope": "read_api read_user",
        "created_at": 1_795_514_400,
    }
    scopes = frozenset({"read_api", "read_user"})
    grant = TokenGrant("a-1", "r-1", expires_in=timedelta(hours=2), scopes=scopes)
    assert _host().parse_refresh(answer(body)) == grant


def test_a_forgotten_lifetime_is_two_hours() -> None:
    """GitLab 15.0 left expires_in out (gitlab#360729)."""
    granted = _host().parse_refresh(answer({"access_token": "a-1", "refresh_token": "r-1"}))
    assert isinstance(granted, TokenGrant)
    assert granted.expires_in == timedelta(hours=2)


@pytest.mark.parametrize("status", [400, 401])
def test_a_dead_token_is_an_invalid_grant_with_either_status(status: int) -> None:
    refused = _host().parse_refresh(answer({"error": "invalid_grant"}, status))
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is TokenRefusalKind.REJECTED


def test_a_read_only_instance_condemns_nobody() -> None:
    words = {"message": "You cannot perform write operations on a read-only instance"}
    refused = _host().parse_refresh(answer(words, 403))
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is TokenRefusalKind.UNAVAILABLE


def test_both_tokens_are_revoked_the_refresh_token_first() -> None:
    requests = _host().revoke_requests(access_token="a-1", refresh_token="r-1")
    sent = [dict(parse_qsl((request.body or b"").decode()))["token"] for request in requests]
    assert sent == ["r-1", "a-1"]
    assert {request.url for request in requests} == {"https://code.example/context/oauth/revoke"}
    assert len(_host().revoke_requests(access_token="a-1", refresh_token=None)) == 1
    assert len(_host().revoke_requests(access_token=None, refresh_token="r-1")) == 1


def test_the_rotation_is_strict_unless_configured() -> None:
    assert _host().rotation is Rotation.STRICT
    assert _host(rotation="grace").rotation is Rotation.GRACE
    with pytest.raises(ConfigurationError):
        _host(rotation="sometimes")


def test_a_wider_scope_stands_for_its_parts() -> None:
    assert _host().missing_scopes(frozenset({"api"})) == frozenset()
    assert _host().missing_scopes(frozenset({"read_user"})) == {"read_api"}


# Identity


@pytest.mark.parametrize(("flag", "restricted"), [({}, False), ({"external": True}, True)])
def test_the_identity_is_the_integer_id_and_whether_the_person_is_external(
    *, flag: Mapping[str, bool], restricted: bool
) -> None:
    host = _host()
    body = {"id": 42, "username": "ada", "state": "active", **flag}
    identity = host.parse_identity(host.identity_ask(), answer(body))
    assert identity == Identity("42", "ada", restricted=restricted)


def test_a_blocked_persons_identity_is_a_disabled_account() -> None:
    host = _host()
    words = {"message": "403 Forbidden - Your account has been blocked."}
    read = host.parse_identity(host.identity_ask(), answer(words, 403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.ACCOUNT_DISABLED


# Refusals


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            401,
            {"error": "invalid_token", "error_description": "Token is expired."},
            FailureKind.CREDENTIAL_REJECTED,
        ),
        (403, {"error": "insufficient_scope", "scope": "api"}, FailureKind.INSUFFICIENT_SCOPE),
        # lib/gitlab/auth/user_access_denied_reason.rb
        (
            403,
            {"message": "403 Forbidden - Your account has been deactivated by your administrator."},
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            {"message": "403 Forbidden - Your account is pending approval from your administrator"},
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            {"message": "403 Forbidden - You (@ada) must accept the Terms of Service"},
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            {"message": "403 Forbidden - Your primary email address is not confirmed."},
            FailureKind.ACCOUNT_DISABLED,
        ),
        (
            403,
            {"message": "403 Forbidden - Your password expired."},
            FailureKind.ACCOUNT_DISABLED,
        ),
        (403, {"message": "403 Forbidden"}, FailureKind.FORBIDDEN),
        (
            403,
            {"message": "You cannot perform write operations on a read-only instance"},
            FailureKind.UNAVAILABLE,
        ),
        (404, {"message": "404 Not Found"}, FailureKind.HIDDEN),
        # Past offset 50,000; the next listing counts too many rows and takes the keyset.
        (405, {"message": "Offset pagination has a maximum"}, FailureKind.UNREADABLE),
    ],
)
def test_fake_13_a_refusal_is_told_by_its_words(
    status: int, body: Mapping[str, str], kind: FailureKind
) -> None:
    assert _failure(answer(body, status)).kind is kind


def test_an_answer_that_nothing_was_modified_counts_like_any_other() -> None:
    """HOSTS 3.2."""
    assert _host().manners == Manners()
