"""GitLab's answers about one project: the listing narrowed to it, and its members."""

from typing import Any

import pytest

from permsync.codehost import (
    Failure,
    FailureKind,
    Identity,
    KnownRepository,
    PairAnswer,
    Reader,
    ReadersPage,
    Response,
)
from permsync.hosts.gitlab import Host
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of
from tests.hosts.gitlab.test_gitlab_listing import _guest, _project

API = "https://code.example/context/api/v4"
ONE = KnownRepository("7", "3", "acme/tools/engine")
ADA = Identity("42", "ada")
SENT = {"date": "Mon, 04 May 2026 12:00:00 GMT"}


def _host() -> Host:
    return Host(settings_of("gitlab"))


def _pair(response: Response) -> PairAnswer | Failure:
    return _host().parse_pair(_host().pair_ask(ONE, ADA), response)


def test_an_ask_is_the_listing_narrowed_to_one_id() -> None:
    url = _host().pair_ask(ONE, ADA).request.url
    assert url.startswith(f"{API}/projects?membership=true")
    assert url.endswith("&id_after=6&id_before=8")


def test_a_project_with_code_is_a_yes_and_one_without_is_a_no() -> None:
    assert _pair(answer([_project()])) == PairAnswer(Level.READ)
    assert _pair(answer([_guest()])) == PairAnswer(None)
    assert _pair(answer([])) == PairAnswer(None)


def test_an_instance_that_does_not_know_the_filter_gives_no_word() -> None:
    found = _pair(answer([_project(6), _project()]))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREADABLE


def test_a_blocked_account_is_no_word_about_a_pair() -> None:
    found = _pair(answer({"message": "403 Forbidden - Your account has been blocked."}, 403))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.ACCOUNT_DISABLED


def _members(response: Response) -> ReadersPage | Failure:
    first = _host().parse_readers(_host().readers_ask(ONE), answer(_project()))
    assert isinstance(first, ReadersPage)
    (ask,) = first.follow
    assert ask.request.url == f"{API}/projects/7/members/all?per_page=100"
    return _host().parse_readers(ask, response)


def _member(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "access_level": 20, "state": "active", "expires_at": None} | changes


def test_a_project_whose_code_is_switched_off_has_no_readers() -> None:
    off = _project(repository_access_level="disabled")
    assert _host().parse_readers(_host().readers_ask(ONE), answer(off)) == ReadersPage()


def test_a_project_that_cannot_be_seen_gives_no_readers_and_no_word() -> None:
    read = _host().parse_readers(_host().readers_ask(ONE), answer({"message": "404"}, 404))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.HIDDEN


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.READ),
        ({"access_level": 30}, Level.WRITE),
        ({"access_level": 40}, Level.ADMIN),
        ({"expires_at": "2026-05-05"}, Level.READ),
        ({"membership_state": "active"}, Level.READ),
        ({"access_level": 10, "member_role": {"read_code": True}}, Level.READ),
    ],
)
def test_a_member_who_may_read_the_code_is_a_reader(changes: dict[str, Any], level: Level) -> None:
    assert _members(answer([_member(**changes)], headers=SENT)) == ReadersPage(
        (Reader("1", level),)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"access_level": 10},
        {"access_level": 15},
        {"access_level": 10, "member_role": {"read_code": False}},
        {"state": "blocked"},
        {"membership_state": "awaiting"},
        {"expires_at": "2026-05-04"},
    ],
)
def test_fake_12_guests_blocked_awaiting_and_expired_members_are_none(
    changes: dict[str, Any],
) -> None:
    assert _members(answer([_member(**changes)], headers=SENT)) == ReadersPage()


def test_without_a_date_an_expiring_membership_is_not_believed() -> None:
    assert _members(answer([_member(expires_at="2999-01-01")])) == ReadersPage()


def test_members_go_on_where_the_host_says_so_and_nowhere_else() -> None:
    following = f"{API}/projects/7/members/all?page=2"
    read = _members(answer([], headers={"link": f'<{following}>; rel="next"'}))
    assert isinstance(read, ReadersPage)
    assert [ask.request.url for ask in read.follow] == [following]
    foreign = _members(answer([], headers={"link": '<https://evil.example/>; rel="next"'}))
    assert isinstance(foreign, Failure)
    assert foreign.kind is FailureKind.FOREIGN_LINK


def test_a_refusal_to_name_members_is_classified() -> None:
    read = _members(answer({"message": "403 Forbidden"}, 403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FORBIDDEN
