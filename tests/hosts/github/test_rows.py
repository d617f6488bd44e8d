"""GitHub's answers about one repository: what is a word about a pair, and what is none."""

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
from permsync.hosts.github import Host
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/api/v3"
ONE = KnownRepository("7", "3", "acme/engine")
ADA = Identity("42", "ada")


def _host(**options: str) -> Host:
    return Host(settings_of("github", options=options))


def _row(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "full_name": "acme/engine",
        "owner": {"id": 3, "login": "acme"},
        "private": True,
        "visibility": "private",
        "permissions": {"pull": True},
    } | changes


def _pair(response: Response, **options: str) -> PairAnswer | Failure:
    host = _host(**options)
    return host.parse_pair(host.pair_ask(ONE, ADA), response)


def _open(**rights: bool) -> Response:
    return answer(_row(private=False, visibility="public", permissions={"pull": True} | rights))


def test_a_repository_is_asked_for_by_its_id() -> None:
    assert _host().pair_ask(ONE, ADA).request.url == f"{API}/repositories/7"


@pytest.mark.parametrize(
    ("rights", "level"),
    [({}, Level.READ), ({"push": True}, Level.WRITE), ({"admin": True}, Level.ADMIN)],
)
def test_a_right_on_a_private_repository_is_a_yes(rights: dict[str, bool], level: Level) -> None:
    assert _pair(answer(_row(permissions={"pull": True} | rights))) == PairAnswer(level)


def test_no_right_to_pull_is_a_no() -> None:
    assert _pair(answer(_row(permissions={"pull": False}))) == PairAnswer(None)


@pytest.mark.parametrize("right", ["triage", "push", "maintain", "admin"])
def test_on_an_open_repository_only_a_right_beyond_reading_names_a_member(right: str) -> None:
    assert isinstance(_pair(_open(**{right: True})), PairAnswer)
    assert _pair(_open()) == Failure(FailureKind.HIDDEN, "open to everybody")


def test_an_installation_may_not_cover_an_open_repository_whatever_the_right() -> None:
    assert isinstance(_pair(_open(admin=True), app="github_app"), Failure)


def test_another_repository_in_the_answer_is_no_word() -> None:
    found = _pair(answer(_row(id=8)))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREADABLE


def test_a_hidden_repository_is_a_no() -> None:
    assert _pair(answer({"message": "Not Found"}, 404)) == PairAnswer(None)


@pytest.mark.parametrize("status", [403, 404])
def test_single_sign_on_hides_without_a_word(status: int) -> None:
    headers = {"x-github-sso": "required; url=https://github.com/orgs/acme/sso"}
    found = _pair(answer({"message": "Resource protected"}, status, headers))
    assert isinstance(found, Failure)


def test_a_scope_that_was_lost_hides_without_a_word() -> None:
    found = _pair(answer({"message": "Not Found"}, 404, {"x-oauth-scopes": "read:user"}))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.INSUFFICIENT_SCOPE


def test_an_outage_is_no_word() -> None:
    found = _pair(answer({"message": "Server Error"}, 502))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNAVAILABLE


def _readers(response: Response) -> ReadersPage | Failure:
    return _host().parse_readers(_host().readers_ask(ONE), response)


def test_readers_are_collaborators_with_the_right_to_pull() -> None:
    rows = [
        {"id": 1, "permissions": {"pull": True, "push": True}},
        {"id": 2, "permissions": {"pull": False}},
    ]
    assert _readers(answer(rows)) == ReadersPage((Reader("1", Level.WRITE),))


def test_readers_go_on_where_the_host_says_so() -> None:
    following = f"{API}/repositories/7/collaborators?page=2"
    read = _readers(answer([], headers={"link": f'<{following}>; rel="next"'}))
    assert isinstance(read, ReadersPage)
    assert [ask.request.url for ask in read.follow] == [following]


def test_readers_behind_a_foreign_address_are_not_fetched() -> None:
    read = _readers(answer([], headers={"link": '<https://evil.example/x>; rel="next"'}))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FOREIGN_LINK


def test_a_refusal_to_name_readers_is_classified() -> None:
    read = _readers(answer({"message": "Must have push access"}, 403))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.FORBIDDEN
