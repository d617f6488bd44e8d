"""GitLab's listing: whose code may be read, and two ways to turn pages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Page,
    PairAnswer,
    Response,
)
from permsync.hosts import create
from permsync.model import Level, Visibility
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/api/v4"
LISTING = f"{API}/projects?membership=true&order_by=id&sort=asc&per_page=100"


def _host(**options: str) -> CodeHost:
    return create(settings_of("gitlab", options=options))


def _project(number: int = 7, **changes: Any) -> dict[str, Any]:
    """The fields read from a project, and some that are not."""
    return {
        "id": number,
        "name": "engine",
        "path_with_namespace": "acme/tools/engine",
        "namespace": {"id": 3, "full_path": "acme/tools", "kind": "group"},
        "visibility": "private",
        "repository_access_level": "enabled",
        "archived": False,
        "empty_repo": False,
        "default_branch": "main",
        "permissions": _access(project=20),
    } | changes


def _access(project: int | None = None, group: int | None = None) -> dict[str, Any]:
    return {
        "project_access": None if project is None else {"access_level": project},
        "group_access": None if group is None else {"access_level": group},
    }


def _guest(**changes: Any) -> dict[str, Any]:
    """A project whose code the person may not read: the field is not sent at all."""
    project = _project(**changes)
    del project["default_branch"]
    return project


def _totals(total: int) -> Mapping[str, str]:
    return {"x-total": str(total), "x-total-pages": str(-(-total // 100))}


def _page(host: CodeHost, response: Response, ask: Ask | None = None) -> Page:
    page = host.parse_page(ask or host.listing_asks()[0], response)
    assert isinstance(page, Page), page
    return page


def _failure(response: Response) -> Failure:
    failure = _host().parse_page(_host().listing_asks()[0], response)
    assert isinstance(failure, Failure)
    return failure


# What is listed


def test_only_memberships_are_listed() -> None:
    """Without `membership` an administrator would be told everything (EVIDENCE R1)."""
    (ask,) = _host().listing_asks()
    assert ask.request.url == LISTING


def test_a_project_is_read_by_the_fields_that_count() -> None:
    (one,) = _page(_host(), answer([_project(archived=True)])).repositories
    assert (one.external_id, one.full_name) == ("7", "acme/tools/engine")
    assert (one.owner_id, one.owner) == ("3", "acme/tools")
    assert (one.visibility, one.level, one.archived) == (Visibility.PRIVATE, Level.READ, True)


@pytest.mark.parametrize(
    ("visibility", "access", "meaning"),
    [
        ("public", "enabled", Visibility.PUBLIC),
        ("internal", "enabled", Visibility.INTERNAL),
        ("private", "enabled", Visibility.PRIVATE),
        # An open project whose code is for members, or for nobody (HOSTS 1.3 #12).
        ("public", "private", Visibility.PRIVATE),
        ("internal", "disabled", Visibility.PRIVATE),
        ("public", None, Visibility.PRIVATE),
        # Absent and unknown words are never open.
        (None, "enabled", Visibility.PRIVATE),
        ("galactic", "enabled", Visibility.PRIVATE),
    ],
)
def test_trap_12_and_fake_11_a_project_is_open_only_if_its_code_is(
    visibility: str | None, access: str | None, meaning: Visibility
) -> None:
    row = _project(visibility=visibility, repository_access_level=access)
    (one,) = _page(_host(), answer([row])).repositories
    assert one.visibility is meaning


def test_trap_13_a_guest_sees_a_project_and_not_its_code() -> None:
    page = _page(_host(), answer([_guest(permissions=_access(project=10))]))
    assert page.repositories == ()
    assert page.seen == {"7"}


def test_a_custom_role_that_reads_code_is_recognised_without_a_level() -> None:
    row = _project(permissions=_access(project=10))
    assert len(_page(_host(), answer([row])).repositories) == 1


def test_the_branch_of_an_empty_repository_is_null_and_not_absent() -> None:
    assert len(_page(_host(), answer([_project(default_branch=None)])).repositories) == 1


@pytest.mark.parametrize(
    ("permissions", "listed"),
    [
        (_access(project=20), True),
        (_access(group=30), True),
        (_access(project=10, group=40), True),
        (_access(project=15), False),
        (_access(project=10, group=5), False),
        (_access(), False),
        (None, False),
    ],
)
def test_levels_can_decide_instead(permissions: Mapping[str, Any] | None, *, listed: bool) -> None:
    host = _host(code_access="access_level")
    page = _page(host, answer([_guest(permissions=permissions)]))
    assert len(page.repositories) == listed


def test_where_levels_decide_code_that_is_switched_off_is_read_by_nobody() -> None:
    """As with a connection, whose list of readers is empty then."""
    off = _guest(permissions=_access(project=50), repository_access_level="disabled")
    host = _host(code_access="access_level")
    assert _page(host, answer([off])).repositories == ()
    assert host.parse_pair(replace(host.listing_asks()[0], about="7"), answer([off])) == (
        PairAnswer(None)
    )


@pytest.mark.parametrize(
    ("permissions", "level"),
    [
        (_access(project=20), Level.READ),
        (_access(project=30), Level.WRITE),
        (_access(project=20, group=40), Level.ADMIN),
        (_access(project=50), Level.ADMIN),
        # A member through a shared group has no number of his own.
        (_access(), Level.READ),
        (None, Level.READ),
    ],
)
def test_access_levels_become_levels(permissions: Mapping[str, Any] | None, level: Level) -> None:
    (one,) = _page(_host(), answer([_project(permissions=permissions)])).repositories
    assert one.level is level


def test_one_unreadable_project_makes_the_page_unreadable() -> None:
    row = _project()
    del row["namespace"]
    assert _failure(answer([_project(), row])).kind is FailureKind.UNREADABLE


# Pages


def _links(*numbers: int) -> Mapping[str, str]:
    following, last = numbers
    links = f'<{LISTING}&page={following}>; rel="next", <{LISTING}&page={last}>; rel="last"'
    return {"link": links}


def test_counted_pages_are_asked_for_at_once() -> None:
    page = _page(_host(), answer([_project()], headers={**_totals(301), **_links(2, 4)}))
    assert [ask.request.url for ask in page.follow] == [f"{LISTING}&page={n}" for n in (4, 2, 3)]


def test_the_total_counts_what_we_filter_away() -> None:
    page = _page(_host(), answer([_project(1), _guest(number=2)], headers=_totals(2)))
    assert page.seen == {"1", "2"}
    assert (page.expected, len(page.repositories)) == (2, 1)


@pytest.mark.parametrize("headers", [{}, {"x-total": "10001"}, {"x-total": "many"}])
def test_more_rows_than_are_counted_are_listed_by_keyset(headers: Mapping[str, str]) -> None:
    page = _page(_host(), answer([_project(5), _project(9)], headers=headers))
    (ask,) = page.follow
    assert ask.request.url == f"{LISTING}&pagination=keyset&id_after=9"
    assert page.expected is None


def test_a_keyset_is_followed_as_it_is_given_to_its_end() -> None:
    host = _host()
    (ask,) = _page(host, answer([_project(9)])).follow
    following = f"{LISTING}&pagination=keyset&id_after=12&cursor=x"
    page = _page(host, answer([_project(12)], headers={"link": f"<{following}>; rel=next"}), ask)
    assert [each.request.url for each in page.follow] == [following]
    assert page.expected is None
    last = _page(host, answer([]), page.follow[0])
    assert (last.follow, last.repositories) == ((), ())


def test_an_empty_listing_without_a_count_ends() -> None:
    assert _page(_host(), answer([])) == Page()


def test_a_link_to_another_host_ends_the_listing() -> None:
    headers = {**_totals(200), "link": "<https://evil.example/projects>; rel=next"}
    assert _failure(answer([], headers=headers)).kind is FailureKind.FOREIGN_LINK
