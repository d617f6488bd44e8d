"""Bitbucket Cloud's answers about one repository: a narrowed listing, and effective rights."""

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
from permsync.hosts.bitbucket_cloud import Host
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of

API = "https://code.example/context/2.0"
ONE = KnownRepository("{aa-1}", "{bb-2}", "acme/engine")
ADA = Identity("{cc-3}", "ada")


def _host() -> Host:
    return Host(settings_of("bitbucket_cloud"))


def _row(permission: str = "read", uuid: str = "{AA-1}") -> dict[str, Any]:
    repository = {"uuid": uuid, "full_name": "acme/engine", "is_private": True}
    return {"permission": permission, "repository": repository}


def _pair(response: Response) -> PairAnswer | Failure:
    return _host().parse_pair(_host().pair_ask(ONE, ADA), response)


def test_an_ask_is_the_listing_of_the_workspace_narrowed_to_one_id() -> None:
    url = _host().pair_ask(ONE, ADA).request.url
    path = f"{API}/user/workspaces/%7Bbb-2%7D/permissions/repositories"
    assert url.startswith(f"{path}?q=repository.uuid%3D%22%7Baa-1%7D%22&")


def test_a_right_is_a_yes_and_none_is_a_no() -> None:
    assert _pair(answer({"values": [_row("write")]})) == PairAnswer(Level.WRITE)
    assert _pair(answer({"values": [_row("none")]})) == PairAnswer(None)
    assert _pair(answer({"values": []})) == PairAnswer(None)


def test_a_query_that_was_not_heeded_gives_no_word() -> None:
    found = _pair(answer({"values": [_row(), _row(uuid="{dd-4}")]}))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREADABLE


def test_a_workspace_that_is_gone_is_a_no_and_one_that_refuses_is_no_word() -> None:
    assert _pair(answer({"type": "error"}, 404)) == PairAnswer(None)
    refused = _pair(answer({"type": "error"}, 403))
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.FORBIDDEN


def _readers(response: Response) -> ReadersPage | Failure:
    ask = _host().readers_ask(ONE)
    path = f"{API}/workspaces/%7Bbb-2%7D/permissions/repositories/%7Baa-1%7D"
    assert ask.request.url.startswith(path)
    return _host().parse_readers(ask, response)


def test_trap_16_readers_are_those_with_an_effective_right_that_is_known() -> None:
    rows = [
        {"permission": "read", "user": {"uuid": "{EE-5}"}},
        {"permission": "admin", "user": {"uuid": "ff-6"}},
        {"permission": "none", "user": {"uuid": "{gg-7}"}},
    ]
    found = _readers(answer({"values": rows}))
    assert found == ReadersPage((Reader("{ee-5}"), Reader("{ff-6}", Level.ADMIN)))


def test_readers_go_on_where_the_host_says_so_and_nowhere_else() -> None:
    read = _readers(answer({"values": [], "next": f"{API}/further"}))
    assert isinstance(read, ReadersPage)
    assert [ask.request.url for ask in read.follow] == [f"{API}/further"]
    foreign = _readers(answer({"values": [], "next": "https://evil.example/"}))
    assert isinstance(foreign, Failure)
    assert foreign.kind is FailureKind.FOREIGN_LINK


@pytest.mark.parametrize("status", [403, 500])
def test_a_refusal_to_name_readers_is_a_failure(status: int) -> None:
    assert isinstance(_readers(answer({"type": "error"}, status)), Failure)
