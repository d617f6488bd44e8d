"""Bitbucket Data Center's answers about one repository: who holds the right, by its id."""

from typing import Any

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
from permsync.hosts.bitbucket_datacenter import Host
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/rest/api/latest"
HOLDERS = f"{API}/users?permission.1=REPO_READ&permission.1.repositoryId=7&limit=1000&start=0"
ONE = KnownRepository("7", "3", "ACME/engine")
ADA = Identity("42", "ada lovelace")
SIGNED = {"x-ausername": "ada"}


def _host() -> Host:
    return Host(settings_of("bitbucket_datacenter"))


def _people(*ids: int, last: bool = True, **more: Any) -> dict[str, Any]:
    return {"values": [{"id": each} for each in ids], "isLastPage": last} | more


def _pair(response: Response) -> PairAnswer | Failure:
    return _host().parse_pair(_host().pair_ask(ONE, ADA), response)


def test_the_person_is_asked_for_by_name_and_the_repository_by_id() -> None:
    assert _host().pair_ask(ONE, ADA).request.url == f"{HOLDERS}&filter=ada%20lovelace"


def test_only_the_persons_own_id_is_a_yes() -> None:
    assert _pair(answer(_people(41, 42), headers=SIGNED)) == PairAnswer(Level.READ)
    assert _pair(answer(_people(41), headers=SIGNED)) == PairAnswer(None)


def test_too_many_people_of_that_name_are_no_word() -> None:
    assert isinstance(_pair(answer(_people(41, last=False), headers=SIGNED)), Failure)


def test_a_repository_that_is_gone_is_a_no() -> None:
    assert _pair(answer({"errors": []}, 404, SIGNED)) == PairAnswer(None)


def test_an_answer_made_for_nobody_is_no_word_about_a_pair() -> None:
    found = _pair(answer(_people()))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.CREDENTIAL_REJECTED


def _readers(response: Response) -> ReadersPage | Failure:
    ask = _host().readers_ask(ONE)
    assert ask.request.url == HOLDERS
    return _host().parse_readers(ask, response)


def test_readers_are_active_holders_of_the_right() -> None:
    rows = _people(1) | {"values": [{"id": 1, "active": True}, {"id": 2, "active": False}]}
    assert _readers(answer(rows, headers=SIGNED)) == ReadersPage((Reader("1"),))


def test_readers_go_on_at_the_servers_own_start() -> None:
    read = _readers(answer(_people(1, last=False, nextPageStart=9), headers=SIGNED))
    assert isinstance(read, ReadersPage)
    (further,) = read.follow
    assert further.request.url == HOLDERS.replace("start=0", "start=9")
    assert further.about == "9"


def test_a_start_that_does_not_move_is_unreadable() -> None:
    for more in ({}, {"nextPageStart": 0}):
        read = _readers(answer(_people(1, last=False, **more), headers=SIGNED))
        assert isinstance(read, Failure)
        assert read.kind is FailureKind.UNREADABLE


def test_a_refusal_to_name_readers_is_a_failure() -> None:
    assert isinstance(_readers(answer({"errors": []}, 403, SIGNED)), Failure)
