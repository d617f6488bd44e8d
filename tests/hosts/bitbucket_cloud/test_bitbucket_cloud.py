"""Bitbucket Cloud's own words, tokens and ids; bodies have the shapes of its REST API."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from permsync.codehost import (
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    Request,
    Response,
    Rotation,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.codehost.manners import Manners
from permsync.errors import ConfigurationError
from permsync.hosts import create
from tests.hosts.exchanges import REDIRECT, SECRET, answer, page_of_html, settings_of

API = "https://code.example/context/2.0"
WORKSPACE = "{0f5c1a1e-7a55-4a3b-8c3e-000000000001}"


def _host(**options: str | int | bool) -> CodeHost:
    return create(settings_of("bitbucket_cloud", options=options))


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((request.body or b"").decode()))


# Tokens


@pytest.mark.parametrize(
    ("base_url", "api_url"),
    [
        ("https://bitbucket.org", "https://api.bitbucket.org/2.0"),
        ("https://code.example/context", API),
        ("https://notbitbucket.org", "https://notbitbucket.org/2.0"),
    ],
)
def test_the_api_has_a_host_of_its_own_at_bitbucket(base_url: str, api_url: str) -> None:
    host = create(settings_of("bitbucket_cloud", base_url=base_url))
    assert host.api_url == api_url
    url = host.authorize_url(state="s", code_challenge="c")
    assert url.startswith(f"{base_url}/site/oauth2/authorize?")


def test_the_client_authenticates_by_basic_and_not_in_the_body() -> None:
    request = _host().refresh_request(refresh_token="r-1", redirect_uri=REDIRECT)
    assert request.url == "https://code.example/context/site/oauth2/access_token"
    pair = base64.b64encode(f"client-of-one:{SECRET}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {pair}"
    assert _form(request) == {"grant_type": "refresh_token", "refresh_token": "r-1"}


def test_pkce_is_sent_only_where_it_is_switched_on() -> None:
    """It is not documented there (HOSTS 4.1)."""
    without, with_it = _host(), _host(pkce="true")
    for host, sent in ((without, False), (with_it, True)):
        query = urlsplit(host.authorize_url(state="s", code_challenge="c")).query
        assert ("code_challenge=c" in query) is sent
        assert ("code_verifier" in _form(host.code_request(code="c", code_verifier="v"))) is sent


@pytest.mark.parametrize("name", ["scope", "scopes"])
def test_scopes_are_read_under_their_old_and_new_name(name: str) -> None:
    body = {"access_token": "a-1", "refresh_token": "r-1", "expires_in": 7200}
    granted = _host().parse_code(answer({**body, name: "account repository:write"}))
    assert isinstance(granted, TokenGrant)
    assert granted.scopes == frozenset({"account", "repository:write"})
    assert granted.expires_in == timedelta(hours=2)
    assert _host().missing_scopes(granted.scopes) == frozenset()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            {"error": "invalid_request", "error_description": "Invalid refresh_token"},
            TokenRefusalKind.REJECTED,
        ),
        # The same code for a request that is really wrong.
        (
            400,
            {"error": "invalid_request", "error_description": "Missing grant_type"},
            TokenRefusalKind.CLIENT_ERROR,
        ),
        (
            400,
            {"error": "invalid_grant", "error_description": "The code has expired"},
            TokenRefusalKind.REJECTED,
        ),
        (
            401,
            {"error": "access_denied", "error_description": "User is inactive"},
            TokenRefusalKind.ACCOUNT_DISABLED,
        ),
        (
            401,
            {"type": "error", "error": {"message": "User is inactive"}},
            TokenRefusalKind.ACCOUNT_DISABLED,
        ),
        (
            400,
            {"error": "unauthorized_client", "error_description": "Invalid OAuth client"},
            TokenRefusalKind.CLIENT_ERROR,
        ),
    ],
)
def test_a_refusal_is_told_by_its_words(
    status: int, body: Mapping[str, Any], kind: TokenRefusalKind
) -> None:
    refused = _host().parse_refresh(answer(body, status))
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is kind


def test_a_page_that_has_the_words_is_not_the_hosts_word() -> None:
    page = page_of_html(401)
    hostile = Response(401, page.headers, b"<p>User is inactive</p>")
    refused = _host().parse_refresh(hostile)
    assert isinstance(refused, TokenRefusal)
    assert refused.kind is TokenRefusalKind.UNAVAILABLE


def test_nothing_can_be_revoked() -> None:
    assert _host().revoke_requests(access_token="a-1", refresh_token="r-1") == ()


def test_the_rotation_is_strict_unless_configured() -> None:
    assert _host().rotation is Rotation.STRICT
    assert _host(rotation="grace").rotation is Rotation.GRACE
    with pytest.raises(ConfigurationError):
        _host(rotation="sometimes")


# Identity


@pytest.mark.parametrize(
    ("names", "login"),
    [
        ({"nickname": "ada", "display_name": "Ada Lovelace"}, "ada"),
        ({"display_name": "Ada Lovelace"}, "Ada Lovelace"),
        ({}, WORKSPACE),
    ],
)
def test_trap_23_the_identity_is_the_uuid(names: Mapping[str, str], login: str) -> None:
    host = _host()
    body = {"uuid": WORKSPACE, "account_id": "557058:1", **names}
    identity = host.parse_identity(host.identity_ask(), answer(body))
    assert identity == Identity(WORKSPACE, login)


@pytest.mark.parametrize("written", ["{ABC-1}", "abc-1", "{abc-1}", "ABC-1"])
def test_an_id_has_one_form(written: str) -> None:
    host = _host()
    body = {"uuid": written, "nickname": "ada"}
    identity = host.parse_identity(host.identity_ask(), answer(body))
    assert identity == Identity("{abc-1}", "ada")


@pytest.mark.parametrize("written", ["{}", "", "a/../b", "a b", None, 7])
def test_an_id_that_is_none_is_unreadable(written: object) -> None:
    host = _host()
    read = host.parse_identity(host.identity_ask(), answer({"uuid": written}))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


def test_all_people_are_counted_together() -> None:
    """HOSTS 1.3 #25: about a thousand an hour, and no answer says how many are left."""
    assert _host().manners == Manners(shared=True, hourly=1_000)


def test_the_operator_says_what_a_plan_allows_or_that_nothing_is_counted() -> None:
    assert _host(hourly=5_000).manners == Manners(shared=True, hourly=5_000)
    assert _host(hourly=0).manners == Manners(shared=True)
