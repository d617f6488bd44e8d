"""Data Center's listing, and the probe without which an empty one is not believed."""

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

API = "https://code.example/context/rest/api/latest"
ADA = {"x-ausername": "ada"}
EMPTY = {"size": 0, "limit": 1, "isLastPage": True, "values": []}


def _host(**options: str | bool) -> CodeHost:
    return create(settings_of("bitbucket_datacenter", options=options))


def _repository(number: int = 7, **changes: Any) -> dict[str, Any]:
    """The fields read from a repository, and some that are not."""
    return {
        "id": number,
        "hierarchyId": "e3c939f9ef4a7fae272e",
        "slug": "engine",
        "name": "Engine",
        "state": "AVAILABLE",
        "public": False,
        "archived": False,
        "project": {"id": 3, "key": "ACME", "public": False, "type": "NORMAL"},
    } | changes


def _rows(*rows: Mapping[str, Any], **changes: Any) -> Response:
    body = {"values": rows, "size": len(rows), "isLastPage": True, "nextPageStart": None}
    return answer({**body, **changes}, headers=ADA)


def _list_ask(host: CodeHost) -> Ask:
    (ask,) = _page(host, answer(EMPTY, headers=ADA), host.listing_asks()[0]).follow
    return ask


def _page(host: CodeHost, response: Response, ask: Ask | None = None) -> Page:
    page = host.parse_page(ask or _list_ask(host), response)
    assert isinstance(page, Page), page
    return page


def _failure(response: Response, ask: Ask | None = None) -> FailureKind:
    host = _host()
    read = host.parse_page(ask or _list_ask(host), response)
    assert isinstance(read, Failure)
    return read.kind


# The probe


def test_a_probe_comes_before_the_listing() -> None:
    host = _host()
    (probe,) = host.listing_asks()
    assert probe.request.url == f"{API}/profile/recent/repos?limit=1"
    url = f"{API}/repos?permission=REPO_READ&archived=ALL&limit=1000&start=0"
    assert _list_ask(host).request.url == url


def test_a_probe_lists_nothing_itself() -> None:
    host = _host()
    probed = answer({**EMPTY, "values": [_repository()]}, headers=ADA)
    assert _page(host, probed, host.listing_asks()[0]).repositories == ()


@pytest.mark.parametrize("name", [{}, {"x-ausername": ""}, {"x-ausername": " "}])
def test_an_answer_to_nobody_is_a_dead_token_however_well_it_reads(
    name: Mapping[str, str],
) -> None:
    """With public access on, a dead token is told 200 and an empty list (HOSTS 1.3 #9)."""
    empty = answer({**EMPTY, "nextPageStart": None}, headers=name)
    assert _failure(empty) is FailureKind.CREDENTIAL_REJECTED
    assert _failure(empty, _host().listing_asks()[0]) is FailureKind.CREDENTIAL_REJECTED


def test_a_name_that_is_noise_is_nobody() -> None:
    noise = answer({**EMPTY}, headers={"x-ausername": "\udcff"})
    assert _failure(noise) is FailureKind.CREDENTIAL_REJECTED


def test_trap_8_401_with_a_name_is_a_matter_of_rights_except_at_the_probe() -> None:
    """HOSTS 5.5: it may mean "not an administrator"."""
    refused = answer({"errors": [{"message": "You are not permitted"}]}, 401, ADA)
    assert _failure(refused) is FailureKind.FORBIDDEN
    assert _failure(refused, _host().listing_asks()[0]) is FailureKind.CREDENTIAL_REJECTED


# The listing


def test_a_repository_is_read_by_the_fields_that_count() -> None:
    page = _page(_host(), _rows(_repository(archived=True)))
    (one,) = page.repositories
    assert (one.external_id, one.full_name) == ("7", "ACME/engine")
    assert (one.owner_id, one.owner) == ("3", "ACME")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, True)
    assert page.seen == {"7"}
    assert page.follow == ()


def test_public_opens_nothing_where_the_server_has_no_public_access() -> None:
    (one,) = _page(_host(public_access=False), _rows(_repository(public=True))).repositories
    assert one.visibility is Visibility.PRIVATE


def test_the_next_page_starts_where_the_server_says() -> None:
    """It is not start + limit: entries are filtered away (HOSTS 5.2)."""
    page = _page(_host(), _rows(_repository(), isLastPage=False, nextPageStart=1207))
    (ask,) = page.follow
    assert ask.request.url.endswith("&limit=1000&start=1207")


def test_an_empty_page_may_not_be_the_last() -> None:
    page = _page(_host(), _rows(isLastPage=False, nextPageStart=1000))
    assert page.repositories == ()
    assert len(page.follow) == 1


@pytest.mark.parametrize("start", [None, 0, -5])
def test_a_page_that_leads_nowhere_is_unreadable(start: int | None) -> None:
    endless = _rows(isLastPage=False, nextPageStart=start)
    assert _failure(endless) is FailureKind.UNREADABLE


def test_one_unreadable_repository_makes_the_page_unreadable() -> None:
    assert _failure(_rows(_repository(), _repository(project=None))) is FailureKind.UNREADABLE
