"""GitHub's two listings: an OAuth app's, and a GitHub App's installation by installation."""

from collections.abc import Mapping
from typing import Any

import pytest

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Page,
    Response,
)
from permsync.hosts import create
from permsync.model import Level, Visibility
from tests.hosts.exchanges import answer, settings_of

ACME = {"id": 3, "login": "acme", "type": "Organization"}
API = "https://code.example/context/api/v3"
SCOPED = {"x-oauth-scopes": "read:user, repo"}


def _host(app: str = "oauth", **more: Any) -> CodeHost:
    return create(settings_of("github", options={"app": app}, **more))


def _repository(number: int = 7, **changes: Any) -> dict[str, Any]:
    """The fields read from a repository, and some that are not."""
    return {
        "id": number,
        "node_id": f"R_{number}",
        "name": "engine",
        "full_name": "acme/engine",
        "owner": ACME,
        "private": True,
        "visibility": "private",
        "archived": False,
        "license": None,
        "permissions": {
            "admin": False,
            "maintain": False,
            "push": False,
            "triage": False,
            "pull": True,
        },
    } | changes


def _rights(*held: str) -> dict[str, bool]:
    return {name: name in held for name in ("admin", "maintain", "push", "triage", "pull")}


def _page(host: CodeHost, response: Response, ask: Ask | None = None) -> Page:
    page = host.parse_page(ask or host.listing_asks()[0], response)
    assert isinstance(page, Page), page
    return page


def _failure(response: Response) -> Failure:
    failure = _host().parse_page(_host().listing_asks()[0], response)
    assert isinstance(failure, Failure)
    return failure


def _link(**links: str) -> Mapping[str, str]:
    return {"link": ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items())}


# The listing of an OAuth app


def test_everything_granted_is_listed_oldest_first() -> None:
    (ask,) = _host().listing_asks()
    url = f"{API}/user/repos?per_page=100&sort=created&direction=asc"
    assert ask.request.url == url


def test_a_repository_is_read_by_the_fields_that_count() -> None:
    page = _page(_host(), answer([_repository(archived=True)], headers=SCOPED))
    (one,) = page.repositories
    assert (one.external_id, one.full_name) == ("7", "acme/engine")
    assert (one.owner_id, one.owner) == ("3", "acme")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, True)
    assert page.seen == {"7"}
    assert (page.expected, page.partial, page.follow) == (None, False, ())


@pytest.mark.parametrize(
    ("private", "visibility", "meaning"),
    [
        (False, "public", Visibility.PUBLIC),
        (True, "internal", Visibility.INTERNAL),
        (True, "private", Visibility.PRIVATE),
        # Absent, unknown and contradictory words are never open.
        (False, None, Visibility.PRIVATE),
        (False, "galactic", Visibility.PRIVATE),
        (True, "public", Visibility.PRIVATE),
    ],
)
def test_a_repository_is_open_only_if_everything_says_so(
    *, private: bool, visibility: str | None, meaning: Visibility
) -> None:
    row = _repository(private=private, visibility=visibility)
    (one,) = _page(_host(), answer([row])).repositories
    assert one.visibility is meaning


@pytest.mark.parametrize(
    ("held", "level"),
    [
        (("pull",), Level.READ),
        (("pull", "triage"), Level.READ),
        (("pull", "triage", "push"), Level.WRITE),
        (("pull", "triage", "push", "maintain"), Level.WRITE),
        (("pull", "triage", "push", "maintain", "admin"), Level.ADMIN),
    ],
)
def test_rights_become_levels(held: tuple[str, ...], level: Level) -> None:
    (one,) = _page(_host(), answer([_repository(permissions=_rights(*held))])).repositories
    assert one.level is level


def test_a_repository_that_cannot_be_pulled_is_seen_and_not_listed() -> None:
    page = _page(_host(), answer([_repository(permissions=_rights())]))
    assert page.repositories == ()
    assert page.seen == {"7"}


def test_a_listed_repository_without_rights_is_readable() -> None:
    row = _repository()
    del row["permissions"]
    (one,) = _page(_host(), answer([row])).repositories
    assert one.level is Level.READ


def test_one_unreadable_repository_makes_the_page_unreadable() -> None:
    failure = _failure(answer([_repository(), _repository(owner=None)]))
    assert failure.kind is FailureKind.UNREADABLE


def test_organisations_behind_single_sign_on_are_gaps_by_their_id() -> None:
    """Lists leave them out silently, but for this header (HOSTS 1.3 #11)."""
    headers = {"x-github-sso": "partial-results; organizations=21955855,20582480"}
    page = _page(_host(), answer([_repository()], headers=headers))
    assert page.gaps == page.to_approve == {"21955855", "20582480"}
    assert not page.partial
    assert len(page.repositories) == 1


@pytest.mark.parametrize(
    "marker",
    [
        "partial-results",
        "partial-results; organizations=",
        "partial-results; organizations=acme",
        "partial-results; organizations=1,2,acme",
        "partial-results; organizations=1, partial-results; organizations=2",
    ],
)
def test_a_marker_that_does_not_say_whose_makes_the_whole_listing_partial(marker: str) -> None:
    page = _page(_host(), answer([_repository()], headers={"x-github-sso": marker}))
    assert (page.gaps, page.partial) == (frozenset(), True)


def test_a_header_that_asks_for_single_sign_on_elsewhere_marks_nothing() -> None:
    headers = {"x-github-sso": "required; url=https://github.com/orgs/acme/sso"}
    page = _page(_host(), answer([_repository()], headers=headers))
    assert (page.gaps, page.partial) == (frozenset(), False)


def test_numbered_pages_are_asked_for_at_once() -> None:
    host = _host()
    url = host.listing_asks()[0].request.url
    page = _page(host, answer([], headers=_link(next=f"{url}&page=2", last=f"{url}&page=4")))
    assert [ask.request.url for ask in page.follow] == [f"{url}&page={n}" for n in (4, 2, 3)]


def test_other_links_are_followed_as_they_are() -> None:
    """GitHub's own `next` may be written by id (HOSTS 2.2)."""
    links = _link(next=f"{API}/user/9/repos?page=2", last=f"{API}/user/9/repos?page=4")
    page = _page(_host(), answer([], headers=links))
    assert [ask.request.url for ask in page.follow] == [f"{API}/user/9/repos?page=2"]


def test_a_link_to_another_host_ends_the_listing() -> None:
    failure = _failure(answer([], headers=_link(next="https://evil.example/user/repos?page=2")))
    assert failure.kind is FailureKind.FOREIGN_LINK


# The listing of a GitHub App


def _installations(*rows: Mapping[str, Any], total: int | None = None) -> Response:
    return answer({"total_count": len(rows) if total is None else total, "installations": rows})


def _installed_ask(host: CodeHost) -> Ask:
    installed = {"id": 11, "account": ACME, "suspended_at": None}
    return _page(host, _installations(installed)).follow[0]


def test_an_app_asks_for_its_installations_first() -> None:
    (ask,) = _host("github_app").listing_asks()
    assert ask.request.url == f"{API}/user/installations?per_page=100"


def test_each_working_installation_is_asked_for_its_repositories() -> None:
    page = _page(_host("github_app"), _installations({"id": 11, "suspended_at": None}, {"id": 12}))
    assert [ask.about for ask in page.follow] == ["11", "12"]
    url = f"{API}/user/installations/11/repositories?per_page=100"
    assert page.follow[0].request.url == url
    assert not page.partial


def test_a_suspended_installation_is_not_asked_and_its_owner_is_a_gap() -> None:
    suspended = {"id": 12, "account": ACME, "suspended_at": "2026-10-01T00:00:00Z"}
    page = _page(_host("github_app"), _installations({"id": 11}, suspended))
    assert [ask.about for ask in page.follow] == ["11"]
    assert page.gaps == {"3"}
    assert not page.to_approve
    assert not page.partial


@pytest.mark.parametrize("account", [None, {"id": 5, "slug": "corp", "name": "Corp"}])
def test_a_suspended_installation_without_an_owner_makes_the_listing_partial(
    account: dict[str, Any] | None,
) -> None:
    """An app may be installed in an enterprise, which owns no repository itself."""
    suspended = {"id": 12, "account": account, "suspended_at": "2026-10-01T00:00:00Z"}
    page = _page(_host("github_app"), _installations(suspended))
    assert (page.gaps, page.partial) == (frozenset(), True)


def test_installations_are_counted() -> None:
    page = _page(_host("github_app"), _installations({"id": 11}, {"id": 12}, total=3))
    assert page.expected == 3
    assert page.seen == {"11", "12"}


def test_an_installations_repositories_are_wrapped_and_counted_by_themselves() -> None:
    host = _host("github_app")
    body = {"total_count": 2, "repositories": [_repository(7), _repository(7), _repository(8)]}
    page = _page(host, answer(body), _installed_ask(host))
    assert (page.series, page.expected) == ("11", 2)
    assert page.seen == {"7", "8"}
    assert {one.external_id for one in page.repositories} == {"7", "8"}


def test_further_pages_stay_about_their_installation() -> None:
    host = _host("github_app")
    ask = _installed_ask(host)
    url = ask.request.url
    headers = _link(next=f"{url}&page=2", last=f"{url}&page=3")
    page = _page(host, answer({"total_count": 250, "repositories": []}, headers=headers), ask)
    assert [follow.about for follow in page.follow] == ["11", "11"]
    assert [follow.owner_id for follow in page.follow] == ["3", "3"]


def test_further_pages_of_installations_follow_beside_their_repositories() -> None:
    host = _host("github_app")
    (ask,) = host.listing_asks()
    links = _link(next=f"{ask.request.url}&page=2", last=f"{ask.request.url}&page=2")
    first = answer({"total_count": 1, "installations": [{"id": 11}]}, headers=links)
    assert [follow.about for follow in _page(host, first).follow] == ["11", ""]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer({}, 401), FailureKind.CREDENTIAL_REJECTED),
        (answer({}, 502), FailureKind.UNAVAILABLE),
        (answer({}, 403, {"retry-after": "9"}), FailureKind.RATE_LIMITED),
        (answer({"repositories": []}), FailureKind.UNREADABLE),
        (answer({"message": "This installation has been suspended"}, 403), FailureKind.FORBIDDEN),
        (answer({"message": "Not Found"}, 404), FailureKind.HIDDEN),
    ],
)
def test_an_installations_failures_are_its_owners_alone(
    response: Response, kind: FailureKind
) -> None:
    host = _host("github_app")
    ask = _installed_ask(host)
    read = host.parse_page(ask, response)
    assert isinstance(read, Failure)
    assert (read.kind, ask.owner_id) == (kind, "3")


def test_refused_installations_are_the_listings_failure() -> None:
    host = _host("github_app")
    read = host.parse_page(host.listing_asks()[0], answer({"message": "no"}, 403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FORBIDDEN
