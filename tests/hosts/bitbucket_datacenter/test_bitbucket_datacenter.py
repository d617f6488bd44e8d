"""Data Center's own headers, tokens and identity; bodies have the shapes of its REST API."""

from typing import Any
from urllib.parse import parse_qsl

import pytest

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    Page,
    Response,
    Rotation,
)
from permsync.codehost.manners import Manners
from permsync.errors import ConfigurationError
from permsync.hosts import create
from tests.hosts.exchanges import REDIRECT, answer, page_of_html, settings_of

API = "https://code.example/context/rest/api/latest"
OAUTH = "https://code.example/context/rest/oauth2/latest"
ADA = {"x-ausername": "ada"}
EMPTY = {"size": 0, "limit": 1, "isLastPage": True, "values": []}


def _host(**options: str | bool) -> CodeHost:
    return create(settings_of("bitbucket_datacenter", options=options))


def _list_ask(host: CodeHost) -> Ask:
    (ask,) = _page(host, answer(EMPTY, headers=ADA), host.listing_asks()[0]).follow
    return ask


def _page(host: CodeHost, response: Response, ask: Ask | None = None) -> Page:
    page = host.parse_page(ask or _list_ask(host), response)
    assert isinstance(page, Page), page
    return page


# Addresses


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("projects/APPS/repos/api/browse/src", ("APPS/api",)),
        ("users/ada/repos/api", ("~ada/api",)),
        ("scm/apps/api.git", ("APPS/api", "apps/api")),
        ("projects/APPS", ("PROJECTS/APPS", "projects/APPS")),
        ("dashboard", ()),
    ],
)
def test_pages_and_clones_name_a_repository(path: str, names: tuple[str, ...]) -> None:
    assert _host().names_at(f"https://code.example/context/{path}") == names


def test_what_ssh_clones_names_a_repository() -> None:
    names = _host().names_at("ssh://git@code.example:7999/apps/api.git")
    assert names == ("APPS/api", "apps/api")


# Tokens


def test_oauth_is_below_rest_and_the_context_path() -> None:
    host = _host()
    url = host.authorize_url(state="s", code_challenge="c")
    assert url.startswith(f"{OAUTH}/authorize?")
    assert host.code_request(code="c", code_verifier="v").url == f"{OAUTH}/token"
    assert host.api_url == API


def test_a_refresh_names_the_redirect_address() -> None:
    """Atlassian's provider is reported to check it (HOSTS 5.1)."""
    request = _host().refresh_request(refresh_token="r-1", redirect_uri=REDIRECT)
    assert dict(parse_qsl((request.body or b"").decode()))["redirect_uri"] == REDIRECT


def test_both_tokens_are_revoked_the_refresh_token_first() -> None:
    requests = _host().revoke_requests(access_token="a-1", refresh_token="r-1")
    sent = [dict(parse_qsl((request.body or b"").decode()))["token"] for request in requests]
    assert sent == ["r-1", "a-1"]
    assert {request.url for request in requests} == {f"{OAUTH}/revoke"}
    assert len(_host().revoke_requests(access_token="a-1", refresh_token=None)) == 1
    assert len(_host().revoke_requests(access_token=None, refresh_token="r-1")) == 1


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ("REPO_READ", set()),
        ("PROJECT_ADMIN", set()),
        ("SYSTEM_ADMIN", set()),
        ("PUBLIC_REPOS", {"REPO_READ"}),
        ("ACCOUNT_WRITE", {"REPO_READ"}),
    ],
)
def test_each_scope_holds_the_ones_below_it(granted: str, missing: set[str]) -> None:
    assert _host().missing_scopes(frozenset({granted})) == missing


def test_the_rotation_is_strict_unless_configured() -> None:
    assert _host().rotation is Rotation.STRICT
    assert _host(rotation="tolerant").rotation is Rotation.TOLERANT
    with pytest.raises(ConfigurationError):
        _host(rotation="sometimes")


# Identity: a name from a header, then the person of that name

SERVER = {"version": "9.2.0", "buildNumber": "9002000", "displayName": "Bitbucket"}


def _named(host: CodeHost, header: str) -> Ask:
    read = host.parse_identity(host.identity_ask(), answer(SERVER, headers={"x-ausername": header}))
    assert isinstance(read, Ask), read
    return read


def _next(host: CodeHost, ask: Ask, response: Response) -> Identity | Ask | Failure:
    return host.parse_identity(ask, response)


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("ada", "users/ada"),
        # The header is URL-encoded, and the path wants it so as well.
        ("ada%40acme.example", "users/ada%40acme.example"),
        ("acme%5Cada", "users/acme%5Cada"),
        ("..%2Fadmin", "users/..%2Fadmin"),
        ("Zo%C3%AB", "users/Zo%C3%AB"),
    ],
)
def test_the_name_in_the_header_is_asked_for(header: str, path: str) -> None:
    assert _named(_host(), header).request.url == f"{API}/{path}"


def test_the_identity_is_the_integer_id() -> None:
    host = _host()
    body = {"id": 101, "name": "Ada", "slug": "ada", "active": True, "type": "NORMAL"}
    read = _next(host, _named(host, "ada"), answer(body, headers=ADA))
    assert read == Identity("101", "Ada")


def test_a_slug_that_is_not_the_name_leads_to_a_search() -> None:
    host = _host()
    ask = _next(host, _named(host, "ada"), answer({"errors": []}, 404, ADA))
    assert isinstance(ask, Ask)
    assert ask.request.url == f"{API}/users?filter=ada&limit=1000"
    people = [{"id": 1, "name": "adam"}, {"id": 2, "name": "ada"}]
    found = _next(host, ask, answer({**EMPTY, "values": people}, headers=ADA))
    assert found == Identity("2", "ada")


def test_somebody_else_of_that_slug_is_not_believed() -> None:
    host = _host()
    other = answer({"id": 5, "name": "a-d-a"}, headers=ADA)
    assert isinstance(_next(host, _named(host, "ada"), other), Ask)


@pytest.mark.parametrize(
    "people",
    [[], [{"id": 1, "name": "adam"}], [{"id": 1, "name": "ADA"}, {"id": 2, "name": "ada"}]],
)
def test_a_search_without_one_exact_hit_is_unreadable(people: list[dict[str, Any]]) -> None:
    host = _host()
    ask = _next(host, _named(host, "ada"), answer({}, 404, ADA))
    assert isinstance(ask, Ask)
    read = _next(host, ask, answer({"values": people}, headers=ADA))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize("step", ["who", "person", "people"])
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(SERVER | {"id": 1, "name": "ada", "values": []}), FailureKind.CREDENTIAL_REJECTED),
        (page_of_html(503), FailureKind.UNAVAILABLE),
        (answer([], headers=ADA), FailureKind.UNREADABLE),
    ],
)
def test_every_step_of_the_identity_must_be_answered_to_somebody(
    step: str, response: Response, kind: FailureKind
) -> None:
    host = _host()
    ask: Identity | Ask | Failure = host.identity_ask()
    if step != "who":
        ask = _named(host, "ada")
    if step == "people":
        assert isinstance(ask, Ask)
        ask = _next(host, ask, answer({}, 404, ADA))
    assert isinstance(ask, Ask)
    read = _next(host, ask, response)
    assert isinstance(read, Failure)
    assert read.kind is kind


def test_an_answer_that_nothing_was_modified_counts_like_any_other() -> None:
    """HOSTS 5.4."""
    assert _host().manners == Manners()
