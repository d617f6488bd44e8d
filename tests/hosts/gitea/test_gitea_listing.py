"""Gitea's listing: whose code may be read, to whom it is open, and pages of the server's size."""

from collections.abc import Mapping
from typing import Any

import pytest

from permsync.codehost import Ask, CodeHost, Failure, FailureKind, Page, Response
from permsync.hosts import create
from permsync.model import Level, Visibility
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/api/v1"
LISTING = f"{API}/user/repos?limit=50"


def _host() -> CodeHost:
    return create(settings_of("gitea"))


def _repository(number: int = 7, **changes: Any) -> dict[str, Any]:
    """The fields read from a repository, and some that are not."""
    return {
        "id": number,
        "name": "engine",
        "full_name": "acme/engine",
        "owner": _owner("public"),
        "private": True,
        "internal": False,
        "archived": False,
        "empty": False,
        "fork": False,
        "permissions": {"admin": False, "push": False, "pull": True},
    } | changes


def _owner(visibility: str | None) -> dict[str, Any]:
    owner: dict[str, Any] = {"id": 3, "login": "acme", "username": "acme", "active": False}
    return owner if visibility is None else owner | {"visibility": visibility}


def _page(response: Response, ask: Ask | None = None) -> Page:
    page = _host().parse_page(ask or _host().listing_asks()[0], response)
    assert isinstance(page, Page), page
    return page


def _counted(total: int) -> Mapping[str, str]:
    return {"x-total-count": str(total)}


def _rows(count: int, *, start: int = 1) -> list[dict[str, Any]]:
    return [_repository(number) for number in range(start, start + count)]


# What is listed


def test_what_a_person_owns_or_was_given_is_asked_for() -> None:
    (ask,) = _host().listing_asks()
    assert ask.request.url == LISTING


def test_a_repository_is_read_by_the_fields_that_count() -> None:
    (one,) = _page(answer([_repository(archived=True)])).repositories
    assert (one.external_id, one.full_name) == ("7", "acme/engine")
    assert (one.owner_id, one.owner) == ("3", "acme")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, True)


@pytest.mark.parametrize(
    ("private", "owner", "meaning"),
    [
        (False, "public", Visibility.PUBLIC),
        (False, "limited", Visibility.INTERNAL),
        # Called public, and for members only.
        (False, "private", Visibility.PRIVATE),
        (True, "public", Visibility.PRIVATE),
        (True, "limited", Visibility.PRIVATE),
        # Absent and unknown words are never open.
        (False, None, Visibility.PRIVATE),
        (False, "galactic", Visibility.PRIVATE),
    ],
)
def test_fake_16_a_repository_is_open_only_as_far_as_its_owner_is(
    *, private: bool, owner: str | None, meaning: Visibility
) -> None:
    row = _repository(private=private, owner=_owner(owner))
    (one,) = _page(answer([row])).repositories
    assert one.visibility is meaning


def test_a_repository_that_does_not_say_whether_it_is_private_is() -> None:
    row = _repository()
    del row["private"]
    (one,) = _page(answer([row])).repositories
    assert one.visibility is Visibility.PRIVATE


@pytest.mark.parametrize("permissions", [{"admin": False, "push": False, "pull": False}, {}])
def test_fake_16_a_team_without_the_code_lists_repositories_that_it_may_not_read(
    permissions: Mapping[str, bool],
) -> None:
    page = _page(answer([_repository(permissions=permissions)], headers=_counted(1)))
    assert page.repositories == ()
    assert page.seen == {"7"}
    assert page.expected == 1


def test_a_repository_without_a_word_about_rights_is_not_listed() -> None:
    row = _repository()
    del row["permissions"]
    assert _page(answer([row])).repositories == ()


@pytest.mark.parametrize(
    ("rights", "level"),
    [
        ({}, Level.READ),
        ({"push": True}, Level.WRITE),
        ({"push": True, "admin": True}, Level.ADMIN),
    ],
)
def test_rights_become_levels(rights: Mapping[str, bool], level: Level) -> None:
    held = {"admin": False, "push": False, "pull": True, **rights}
    (one,) = _page(answer([_repository(permissions=held)])).repositories
    assert one.level is level


def test_one_unreadable_repository_makes_the_page_unreadable() -> None:
    row = _repository()
    del row["owner"]
    read = _host().parse_page(_host().listing_asks()[0], answer([_repository(), row]))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


# Pages


@pytest.mark.parametrize(("size", "total", "pages"), [(50, 120, 3), (20, 120, 6), (7, 8, 2)])
def test_trap_18_the_servers_page_size_tells_how_many_pages_there_are(
    size: int, total: int, pages: int
) -> None:
    page = _page(answer(_rows(size), headers=_counted(total)))
    numbers = range(2, pages + 1)
    assert [ask.request.url for ask in page.follow] == [f"{LISTING}&page={n}" for n in numbers]
    assert page.expected == total
    later = _page(answer(_rows(1, start=total), headers=_counted(total)), page.follow[-1])
    assert later.follow == ()


def test_rows_that_come_twice_are_counted_once() -> None:
    """A renamed one shifts the others; counted twice it would make a page seem longer."""
    page = _page(answer([_repository(1), *_rows(2)], headers=_counted(5)))
    assert [ask.request.url for ask in page.follow] == [f"{LISTING}&page={n}" for n in (2, 3)]


def test_links_are_not_followed_because_they_name_the_servers_own_address() -> None:
    """Behind a proxy that is another origin, and below a path it may be doubled."""
    headers = {"link": '<https://inside.example/context/context/api/v1/x?page=2>; rel="next"'}
    page = _page(answer(_rows(2), headers={**headers, **_counted(4)}))
    assert [ask.request.url for ask in page.follow] == [f"{LISTING}&page=2"]


def test_without_a_count_pages_are_read_up_to_an_empty_one() -> None:
    page = _page(answer(_rows(1)))
    (second,) = page.follow
    assert second.request.url == f"{LISTING}&page=2"
    assert page.expected is None
    assert _page(answer([]), second) == Page()


def test_an_empty_listing_ends() -> None:
    assert _page(answer([], headers=_counted(0))) == Page(expected=0)
