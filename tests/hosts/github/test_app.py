"""GitHub in the name of an app: what is stated, who installed it, and tokens of any form."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from permsync.codehost import (
    CodeHost,
    Failure,
    FailureKind,
    ListsReaders,
    Page,
    ReadersPage,
    Request,
)
from permsync.codehost.apps import Apps, Installation, InstallationsPage, InstallationToken, apps_of
from permsync.codehost.readers import KnownRepository
from permsync.hosts import create
from tests.hosts.exchanges import SENT_AT, answer, settings_of, text
from tests.house.tree import ROOT

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ACME = Installation(external_id="51", owner_id="3", owner="acme")
STATELESS = "ghs_901_" + ".".join(("eyJ" + "a" * 60, "eyJ" + "b" * 380, "c" * 86))
API = "https://code.example/context/api/v3"
LACKING = {"message": "Resource not accessible by integration", "status": "403"}


def _host(**more: Any) -> CodeHost:
    return create(settings_of("github", options={"app": "github_app"}, **more))


def _apps(**more: Any) -> Apps:
    apps = apps_of(_host(**more))
    assert apps is not None
    return apps


def _row(number: int = 51, **changes: Any) -> dict[str, Any]:
    account = {"id": 3, "login": "acme", "type": "Organization"}
    return {"id": number, "app_id": 901, "account": account, "suspended_at": None} | changes


def _installations(content: Any, **headers: str) -> InstallationsPage:
    apps = _apps()
    read = apps.parse_installations(apps.installations_ask(), answer(content, headers=headers))
    assert isinstance(read, InstallationsPage), read
    return read


def _granted(
    token: Any = STATELESS, expires_at: Any = "2026-11-24T11:00:00Z", sent_at: str = SENT_AT
) -> InstallationToken | Failure:
    granted = {"token": token, "expires_at": expires_at, "permissions": {"metadata": "read"}}
    response = answer(granted, 201, {"date": sent_at} if sent_at else {})
    return _apps().parse_token(response, asked_at=NOW - timedelta(minutes=2))


# Who we are


def test_an_app_states_its_id_a_minute_back_and_for_ten_minutes() -> None:
    assert _apps().statement("Iv23li", now=NOW) == {
        "iat": int(NOW.timestamp()) - 60,
        "exp": int(NOW.timestamp()) + 540,
        "iss": "Iv23li",
    }


# Who installed it


@pytest.mark.parametrize(
    ("base_url", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://code.example/context", API),
    ],
)
def test_every_request_of_an_app_is_under_the_api_with_the_versions_headers(
    base_url: str, api: str
) -> None:
    apps = _apps(base_url=base_url)
    listing = apps.listing_ask(ACME)
    asked = [apps.installations_ask().request, apps.token_request(ACME), listing.request]
    assert [(one.method, one.url) for one in asked] == [
        ("GET", f"{api}/app/installations?per_page=100"),
        ("POST", f"{api}/app/installations/51/access_tokens"),
        ("GET", f"{api}/installation/repositories?per_page=100"),
    ]
    assert all(one.headers["x-github-api-version"] == "2022-11-28" for one in asked)
    assert all("authorization" not in one.headers and one.body is None for one in asked)
    assert (listing.about, listing.owner_id) == ("51", "3")


def test_installations_are_owners_and_whether_they_sleep() -> None:
    slept = _row(52, account={"id": 4, "login": "hooli"}, suspended_at="2026-11-01T00:00:00Z")
    found = _installations([_row(), slept]).installations
    assert found == (ACME, Installation("52", "4", "hooli", is_suspended=True))


def test_an_installation_on_an_enterprise_or_on_nobody_owns_no_repository() -> None:
    enterprise = _row(account={"id": 9, "slug": "acme-corp", "name": "Acme Corp"})
    assert _installations([enterprise, _row(account=None)]).installations == ()


def test_every_page_of_installations_is_asked_for() -> None:
    link = f'<{API}/app/installations?per_page=100&page=3>; rel="last"'
    urls = [ask.request.url for ask in _installations([_row()], link=link).follow]
    assert urls == [f"{API}/app/installations?per_page=100&page={page}" for page in (3, 2)]


def test_the_next_page_of_installations_stays_at_the_host() -> None:
    apps = _apps()
    link = '<https://elsewhere.example/app/installations>; rel="next"'
    read = apps.parse_installations(
        apps.installations_ask(), answer([_row()], headers={"link": link})
    )
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FOREIGN_LINK


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "A JSON web token could not be decoded", FailureKind.CREDENTIAL_REJECTED),
        (404, "Integration not found", FailureKind.CREDENTIAL_REJECTED),
        (403, "You have exceeded a secondary rate limit", FailureKind.RATE_LIMITED),
        (502, "Server Error", FailureKind.UNAVAILABLE),
    ],
)
def test_a_refusal_of_the_app_is_classified(status: int, message: str, kind: FailureKind) -> None:
    apps = _apps()
    read = apps.parse_installations(
        apps.installations_ask(), answer({"message": message}, status=status)
    )
    assert isinstance(read, Failure)
    assert read.kind is kind


# Tokens


@pytest.mark.parametrize("token", ["ghs_" + "a" * 36, STATELESS, "v1." + "0f" * 20, "x" * 4_000])
def test_a_token_of_any_form_and_length_is_taken(token: str) -> None:
    granted = _granted(token)
    assert granted == InstallationToken(token, timedelta(hours=1))
    assert token not in repr(granted)


def test_the_life_of_a_token_is_measured_by_the_clock_that_wrote_it() -> None:
    fast = _granted(expires_at="2026-11-24T12:30:00Z", sent_at="Tue, 24 Nov 2026 11:30:00 GMT")
    assert isinstance(fast, InstallationToken)
    assert fast.expires_in == timedelta(hours=1)
    undated = _granted(expires_at="2026-11-24T11:00:00+00:00", sent_at="")
    assert isinstance(undated, InstallationToken)
    assert undated.expires_in == timedelta(hours=1, minutes=2)


@pytest.mark.parametrize(
    ("token", "expires_at"),
    [
        ("", "2026-11-24T11:00:00Z"),
        ("two words", "2026-11-24T11:00:00Z"),
        (None, "2026-11-24T11:00:00Z"),
        (STATELESS, None),
        (STATELESS, "soon"),
        (STATELESS, "2026-11-24T11:00:00"),
        (STATELESS, "2026-11-24T10:00:00Z"),
    ],
)
def test_an_odd_token_is_no_token_and_is_not_quoted(token: Any, expires_at: Any) -> None:
    read = _granted(token, expires_at)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE
    assert read.detail.startswith("application/json of ")


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (403, "This installation has been suspended", FailureKind.FORBIDDEN),
        (404, "Not Found", FailureKind.HIDDEN),
        (401, "Bad credentials", FailureKind.CREDENTIAL_REJECTED),
        (403, LACKING["message"], FailureKind.INSUFFICIENT_SCOPE),
        (500, "Server Error", FailureKind.UNAVAILABLE),
    ],
)
def test_a_refused_token_says_why(status: int, message: str, kind: FailureKind) -> None:
    read = _apps().parse_token(answer({"message": message}, status), asked_at=NOW)
    assert isinstance(read, Failure)
    assert (read.kind, message in read.detail) == (kind, True)


# What an installation covers, and who reads it


def test_everything_that_an_installation_covers_is_listed_whatever_it_may_do_there() -> None:
    rights = dict.fromkeys(("admin", "maintain", "push", "triage", "pull"), False)
    row = {
        "id": 7,
        "full_name": "acme/engine",
        "owner": {"id": 3, "login": "acme"},
        "private": True,
        "visibility": "internal",
        "permissions": rights,
    }
    listed = answer({"total_count": 1, "repositories": [row]})
    page = _host().parse_page(_apps().listing_ask(ACME), listed)
    assert isinstance(page, Page)
    assert [(one.external_id, one.visibility.value) for one in page.repositories] == [
        ("7", "internal")
    ]
    assert (page.expected, page.seen) == (1, frozenset("7"))
    (installed,) = _host().listing_asks()
    person = _host().parse_page(installed, answer({"total_count": 1, "installations": [_row()]}))
    assert isinstance(person, Page)
    theirs = _host().parse_page(person.follow[0], listed)
    assert isinstance(theirs, Page)
    assert theirs.repositories == ()


def test_a_permission_that_the_app_lacks_is_named_where_readers_are_asked_for() -> None:
    host = _host()
    assert isinstance(host, ListsReaders)
    ask = host.readers_ask(KnownRepository("7", "3", "acme/engine"))
    lacking = host.parse_readers(ask, answer(LACKING, status=403))
    assert isinstance(lacking, Failure)
    assert lacking.kind is FailureKind.INSUFFICIENT_SCOPE
    refused = host.parse_readers(ask, answer({"message": "Must have push access"}, status=403))
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.FORBIDDEN
    assert isinstance(host.parse_readers(ask, answer([])), ReadersPage)


def test_a_permission_that_the_app_lacks_ends_no_persons_access() -> None:
    host = _host()
    read = host.parse_page(host.listing_asks()[0], answer(LACKING, status=403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FORBIDDEN


def test_an_answer_in_front_of_the_api_is_an_outage() -> None:
    read = _apps().parse_token(text(b"<html>", 403, {"content-type": "text/html"}), asked_at=NOW)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNAVAILABLE


# GitHub's own description, as the simulator is held to it

DESCRIPTION = json.loads(
    (ROOT / "tests/simulator/kinds/github/openapi/github.json").read_text(encoding="utf-8")
)


def _described(request: Request) -> set[str]:
    """The query parameters of the operation that this request is for."""
    path = urlsplit(request.url).path.removeprefix("/context/api/v3")
    for template, operations in DESCRIPTION["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and request.method.lower() in operations:
            parameters = operations[request.method.lower()].get("parameters", [])
            named = (each.get("name") or each["$ref"] for each in parameters)
            return {each.rpartition("/")[2].replace("-", "_") for each in named}
    raise AssertionError(f"{request.method} {path} is no operation of GitHub's")


def test_what_an_app_asks_is_in_githubs_own_description() -> None:
    apps = _apps()
    listing = apps.listing_ask(ACME).request
    for request in (apps.installations_ask().request, apps.token_request(ACME), listing):
        asked = set(parse_qs(urlsplit(request.url).query))
        assert asked <= _described(request), request.url
