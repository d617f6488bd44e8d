"""Who may read a repository at Gitea, step by step, and when such a list is whole."""

from collections.abc import Mapping
from typing import Any

import pytest

from permsync.codehost import (
    Failure,
    FailureKind,
    KnownRepository,
    Reader,
    ReadersPage,
    Response,
)
from permsync.hosts.gitea import Host
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of
from tests.hosts.gitea.test_gitea_listing import _owner, _repository

API = "https://code.example/context/api/v1"
ONE = KnownRepository("7", "3", "acme/old-name")
ADMINISTERED = {"admin": True, "push": True, "pull": True}
AGAIN = f"{API}/repositories/7"
COLLABORATORS = f"{API}/repos/acme/engine/collaborators?limit=50"
TEAMS = f"{API}/repos/acme/engine/teams"
MEMBERS = f"{API}/orgs/acme/members?limit=50"
NO_ORGANIZATION = answer({"message": "repo is not owned by an organization"}, 405)


def _host() -> Host:
    return Host(settings_of("gitea"))


def _person(number: int, **flags: bool) -> dict[str, Any]:
    """`active` is true only for those who may know it."""
    return {"id": number, "login": f"p{number}", "active": False, "restricted": False, **flags}


def _team(number: int, code: str) -> dict[str, Any]:
    return {"id": number, "permission": "none", "units_map": {"repo.code": code}}


def _all_there_is(**changes: Any) -> dict[str, Any]:
    return _repository(permissions=ADMINISTERED, **changes)


def _pages(answers: Mapping[str, Response | list[Response]]) -> list[ReadersPage | Failure]:
    """Every page, in the order of asking; an address may be answered in turn, the last stays."""
    turns = {url: one if isinstance(one, list) else [one] for url, one in answers.items()}
    asks, pages = [_host().readers_ask(ONE)], list[ReadersPage | Failure]()
    while asks:
        ask = asks.pop(0)
        turn = turns[ask.request.url]
        page = _host().parse_readers(ask, turn.pop(0) if len(turn) > 1 else turn[0])
        pages.append(page)
        asks += page.follow if isinstance(page, ReadersPage) else ()
    return pages


def _readers(answers: Mapping[str, Response | list[Response]]) -> set[Reader]:
    pages = _pages(answers)
    assert all(isinstance(page, ReadersPage) and not page.partial for page in pages), pages
    return {one for page in pages if isinstance(page, ReadersPage) for one in page.readers}


def _people(url: str, *people: dict[str, Any]) -> dict[str, Response | list[Response]]:
    """People one to a page, as a server that caps pages hard would give them."""
    pages = {f"{url}&page={n}": answer([one]) for n, one in enumerate(people[1:], start=2)}
    last = {f"{url}&page={len(people) + 1}" if people else url: answer([])}
    return {**({url: answer([people[0]])} if people else {}), **pages, **last}


# Whose it is


def test_a_persons_repository_is_read_by_its_owner_and_its_collaborators() -> None:
    found = _readers(
        {
            AGAIN: answer(_all_there_is()),
            **_people(COLLABORATORS, _person(11), _person(12)),
            TEAMS: NO_ORGANIZATION,
        }
    )
    assert found == {Reader("3", Level.ADMIN), Reader("11"), Reader("12")}


def test_an_organizations_repository_is_read_by_collaborators_and_teams_with_its_code() -> None:
    found = _readers(
        {
            AGAIN: answer(_all_there_is()),
            **_people(COLLABORATORS, _person(11)),
            TEAMS: answer([_team(1, "write"), _team(2, "none"), _team(3, "read")]),
            **_people(f"{API}/teams/1/members?limit=50", _person(21), _person(22)),
            **_people(f"{API}/teams/3/members?limit=50"),
        }
    )
    assert found == {Reader("11"), Reader("21", Level.WRITE), Reader("22", Level.WRITE)}


def test_what_a_private_organization_calls_public_is_read_by_all_members_but_restricted_ones() -> (
    None
):
    found = _readers(
        {
            AGAIN: answer(_all_there_is(private=False, owner=_owner("private"))),
            **_people(COLLABORATORS),
            TEAMS: answer([]),
            **_people(MEMBERS, _person(31), _person(32, restricted=True)),
        }
    )
    assert found == {Reader("31")}


def test_whoever_may_not_sign_in_is_no_reader_and_whoever_seems_inactive_is() -> None:
    """`active` is false for everybody where the caller is no administrator of the site."""
    found = _readers(
        {
            AGAIN: answer(_all_there_is()),
            **_people(COLLABORATORS, _person(11, prohibit_login=True), _person(12)),
            TEAMS: answer([]),
        }
    )
    assert found == {Reader("12")}


def test_a_name_that_no_gitea_would_give_is_asked_for_all_the_same() -> None:
    found = _readers(
        {
            AGAIN: answer(_all_there_is(full_name="acme/odd name")),
            **_people(f"{API}/repos/acme/odd%20name/collaborators?limit=50"),
            f"{API}/repos/acme/odd%20name/teams": NO_ORGANIZATION,
        }
    )
    assert found == {Reader("3", Level.ADMIN)}


# When it is whole


def test_to_whoever_does_not_administer_it_the_list_may_leave_people_out() -> None:
    answers = {AGAIN: answer(_repository()), **_people(COLLABORATORS), TEAMS: answer([])}
    pages = _pages(answers)
    assert [isinstance(one, ReadersPage) and one.partial for one in pages].count(True) == 1


def test_where_code_is_switched_off_nobody_reads_it() -> None:
    off = answer(_repository(permissions={"admin": True, "push": False, "pull": False}))
    assert _pages({AGAIN: off}) == [ReadersPage()]


def test_a_connection_without_a_right_to_the_code_gives_no_word() -> None:
    (page,) = _pages({AGAIN: answer(_repository(permissions={}))})
    assert isinstance(page, Failure)
    assert page.kind is FailureKind.FORBIDDEN


def test_the_readers_of_another_repository_are_not_those_that_were_asked_for() -> None:
    (page,) = _pages({AGAIN: answer(_all_there_is(number=8))})
    assert isinstance(page, Failure)
    assert page.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize("moved", [{"full_name": "acme/new"}, {"number": 8}])
def test_a_repository_that_moves_meanwhile_gives_no_word(moved: dict[str, Any]) -> None:
    answers: dict[str, Response | list[Response]] = {
        AGAIN: [answer(_all_there_is()), answer(_all_there_is(**moved))],
        **_people(COLLABORATORS),
        TEAMS: NO_ORGANIZATION,
    }
    last = _pages(answers)[-1]
    assert isinstance(last, Failure)
    assert last.kind is FailureKind.UNREADABLE


def test_an_organization_that_moves_while_its_members_are_listed_gives_no_word() -> None:
    mine = answer(_all_there_is(private=False, owner=_owner("private")))
    answers: dict[str, Response | list[Response]] = {
        AGAIN: [mine, mine, answer(_all_there_is(full_name="other/engine"))],
        **_people(COLLABORATORS),
        TEAMS: answer([]),
        **_people(MEMBERS, _person(31)),
    }
    assert isinstance(_pages(answers)[-1], Failure)


REFUSED: dict[str, dict[str, Response | list[Response]]] = {
    "the repository": {AGAIN: answer({"message": ""}, 404)},
    "its collaborators": {COLLABORATORS: answer({"message": "Must be"}, 403)},
    "its teams": {TEAMS: answer({"message": "Must be"}, 403)},
    "the members of a team": {
        f"{API}/teams/1/members?limit=50": answer({"message": "Must be a team member"}, 403)
    },
    "its name afterwards": {AGAIN: [answer(_all_there_is()), answer({"message": ""}, 404)]},
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_step_that_is_refused_gives_no_word(what: str) -> None:
    answers: dict[str, Response | list[Response]] = {
        AGAIN: answer(_all_there_is()),
        **_people(COLLABORATORS),
        TEAMS: answer([_team(1, "read")]),
        **_people(f"{API}/teams/1/members?limit=50"),
    }
    pages = _pages({**answers, **REFUSED[what]})
    assert any(isinstance(page, Failure) for page in pages)


def test_a_missing_scope_of_the_connection_is_named() -> None:
    words = "token does not have at least one of required scope(s): [read:organization]"
    (page,) = _pages({AGAIN: answer({"message": words}, 403)})
    assert isinstance(page, Failure)
    assert page.kind is FailureKind.INSUFFICIENT_SCOPE
