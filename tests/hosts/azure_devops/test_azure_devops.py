"""Azure DevOps' addresses, tokens and people; bodies have the shapes of Entra and its REST API."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from permsync.codehost import (
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    ListsReaders,
    Response,
    Rotation,
    TokenGrant,
)
from permsync.codehost.limits import Quota, parse_quota
from permsync.errors import ConfigurationError
from permsync.hosts import create
from tests.hosts.exchanges import REDIRECT, SECRET, SENT_AT, answer, page_of_html, settings_of

CLOUD = "https://dev.azure.com"
BASE = "https://code.example/context"
RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
ADA = "d6245f20-2af8-44f4-9451-8107cb2767db"


def _host(base_url: str = BASE, *, api_url: str | None = None, **options: str | int) -> CodeHost:
    return create(settings_of("azure_devops", base_url=base_url, api_url=api_url, options=options))


def _consent(host: CodeHost) -> str:
    return host.authorize_url(state="s", code_challenge="c").partition("?")[0]


def _identity(response: Response) -> object:
    host = _host()
    return host.parse_identity(host.identity_ask(), response)


# Addresses


def test_at_microsoft_people_sign_in_at_entra_and_are_asked_for_at_a_service_of_its_own() -> None:
    host = _host(CLOUD)
    login = "https://login.microsoftonline.com/organizations/oauth2/v2.0"
    assert _consent(host) == f"{login}/authorize"
    assert host.code_request(code="c", code_verifier="v").url == f"{login}/token"
    assert host.identity_ask().request.url == (
        "https://app.vssps.visualstudio.com/_apis/profile/profiles/me?api-version=7.1"
    )
    assert host.api_urls == (CLOUD, "https://app.vssps.visualstudio.com")


def test_elsewhere_everything_is_below_one_address() -> None:
    host = _host()
    assert _consent(host) == f"{BASE}/organizations/oauth2/v2.0/authorize"
    assert set(host.api_urls) == {BASE}


def test_each_address_can_be_named_by_itself() -> None:
    login, people = "https://login.example", "https://people.example/p"
    host = _host(CLOUD, api_url="https://api.example", login_url=login, profile_url=people)
    assert _consent(host).startswith(f"{login}/organizations/")
    assert host.identity_ask().request.url.startswith(f"{people}/_apis/")
    assert host.api_urls == ("https://api.example", people)


@pytest.mark.parametrize("address", ["https://l.example:8443/x", "http://127.0.0.1:9/x", ""])
@pytest.mark.parametrize("option", ["login_url", "profile_url"])
def test_an_address_is_https_or_this_machine(option: str, address: str) -> None:
    assert _host(**{option: address}).kind == "azure_devops"


@pytest.mark.parametrize(
    "address",
    [
        "http://l.example",
        "http://127.0.0.1.evil.example",
        "https://",
        "l.example",
        "https://a b",
        "https://me@l.example",
        "https://l.example?q",
    ],
)
@pytest.mark.parametrize("option", ["login_url", "profile_url"])
def test_any_other_address_is_refused(option: str, address: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        _host(**{option: address})


def test_the_tenant_is_part_of_the_address() -> None:
    assert _consent(_host(tenant="contoso.example")).startswith(f"{BASE}/contoso.example/oauth2/")
    for wrong in ("", "../x", "a/b", ".", "a b"):
        with pytest.raises(ConfigurationError, match="tenant"):
            _host(tenant=wrong)


# Tokens


def test_the_scopes_are_what_the_client_is_registered_with_and_a_refresh_token() -> None:
    query = urlsplit(_host().authorize_url(state="s", code_challenge="c")).query
    fields = dict(parse_qsl(query))
    assert fields["scope"] == f"{RESOURCE}/.default offline_access"
    assert fields["code_challenge_method"] == "S256"


def test_a_refresh_names_the_scopes_again() -> None:
    """Without them a client that exposes an API may be answered AADSTS90009."""
    request = _host(tenant="t").refresh_request(refresh_token="r-1", redirect_uri=REDIRECT)
    assert request.url == f"{BASE}/t/oauth2/v2.0/token"
    assert dict(parse_qsl((request.body or b"").decode())) == {
        "grant_type": "refresh_token",
        "refresh_token": "r-1",
        "scope": f"{RESOURCE}/.default offline_access",
        "client_id": "client-of-one",
        "client_secret": SECRET,
    }


def test_what_entra_grants_lacks_nothing_though_no_word_of_it_was_asked_for() -> None:
    body = {
        "token_type": "Bearer",
        "scope": f"{RESOURCE}/user_impersonation",
        "expires_in": 3_599,
        "ext_expires_in": 3_599,
        "access_token": "a-1",
        "refresh_token": "r-1",
    }
    granted = _host().parse_code(answer(body))
    assert isinstance(granted, TokenGrant)
    assert granted.expires_in == timedelta(seconds=3_599)
    assert granted.scopes == frozenset({f"{RESOURCE}/user_impersonation"})
    assert _host().missing_scopes(granted.scopes) == frozenset()


def test_a_token_without_a_word_about_its_life_lives_an_hour() -> None:
    granted = _host().parse_refresh(answer({"access_token": "a-1"}))
    assert isinstance(granted, TokenGrant)
    assert granted.expires_in == timedelta(hours=1)


def test_a_refresh_leaves_the_old_token_alive_unless_configured() -> None:
    assert _host().rotation is Rotation.TOLERANT
    assert _host(rotation="strict").rotation is Rotation.STRICT
    with pytest.raises(ConfigurationError):
        _host(rotation="sometimes")


def test_a_refresh_token_lives_for_the_days_of_the_settings() -> None:
    assert _host().refresh_life == timedelta(days=90)
    assert _host(refresh_days="30").refresh_life == timedelta(days=30)
    with pytest.raises(ConfigurationError):
        _host(refresh_days=0)


def test_nothing_can_be_revoked_by_itself() -> None:
    host = _host()
    assert host.revoke_requests(access_token="a-1", refresh_token="r-1") == ()
    assert not host.revokes_alone


def test_no_readers_are_listed_and_no_webhook_is_believed() -> None:
    assert not isinstance(_host(), ListsReaders)
    assert _host().hooks is None


def test_what_opens_to_an_organisation_opens_to_nobody_by_itself() -> None:
    """Its members' own listings hold it (EVIDENCE R12)."""
    assert not _host().opens_internal


# People


@pytest.mark.parametrize(
    ("names", "login"),
    [
        ({"emailAddress": "ada@example.com", "displayName": "Ada"}, "ada@example.com"),
        ({"emailAddress": None, "displayName": "Ada"}, "Ada"),
        ({}, ADA),
    ],
)
def test_the_identity_is_the_profiles_id(names: dict[str, str | None], login: str) -> None:
    assert _identity(answer({"id": ADA.upper(), "publicAlias": ADA, **names})) == Identity(
        ADA, login
    )


@pytest.mark.parametrize("written", ["", "me", f"{ADA}x", f"{{{ADA}}}", None, 7])
def test_an_id_that_is_none_is_unreadable(written: object) -> None:
    read = _identity(answer({"id": written}))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


def test_every_ask_says_that_no_browser_asks() -> None:
    for ask in (_host().identity_ask(), *_host().listing_asks()):
        assert ask.request.headers == {
            "accept": "application/json",
            "x-tfs-fedauthredirect": "Suppress",
        }


SIGN_IN = "https://app.vssps.visualstudio.com/_signin?realm=dev.azure.com&protocol="


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (page_of_html(203), FailureKind.CREDENTIAL_REJECTED),
        (Response(302, {"location": SIGN_IN}, b""), FailureKind.CREDENTIAL_REJECTED),
        (answer({"message": "TF400813"}, 401), FailureKind.CREDENTIAL_REJECTED),
        # Not the service's own page: a proxy may rewrite what it likes and say so by 203.
        (Response(203, {"content-type": "text/plain"}, b"hm"), FailureKind.UNREADABLE),
        (Response(302, {"location": "/x?to=/_signin"}, b""), FailureKind.UNAVAILABLE),
        (Response(200, {"location": SIGN_IN}, b"{}"), FailureKind.UNREADABLE),
    ],
)
def test_fake_17_a_dead_token_is_answered_by_a_page_to_sign_in_at(
    response: Response, kind: FailureKind
) -> None:
    read = _identity(response)
    assert isinstance(read, Failure)
    assert read.kind is kind


@pytest.mark.parametrize("status", [429, 403])
def test_a_block_for_too_much_use_is_a_limit_and_waits_a_minute_where_none_is_named(
    status: int,
) -> None:
    body = {"message": "TF400733: The request has been canceled: exceeding usage of resource"}
    read = _identity(answer(body, status))
    assert isinstance(read, Failure)
    assert (read.kind, read.retry_in) == (FailureKind.RATE_LIMITED, timedelta(minutes=1))


def test_trap_24_to_be_slowed_down_is_no_failure() -> None:
    headers = {
        "date": SENT_AT,
        "retry-after": "20",
        "x-ratelimit-resource": "Services/TSTU",
        "x-ratelimit-delay": "12.345",
        "x-ratelimit-limit": "200",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1795514700",
    }
    slowed = answer({"id": ADA, "emailAddress": "ada@example.com"}, headers=headers)
    assert _identity(slowed) == Identity(ADA, "ada@example.com")
    assert parse_quota(slowed) == Quota(200, 0, timedelta(minutes=5))
