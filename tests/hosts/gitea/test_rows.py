"""Gitea's answers about one pair, and what a team may do with the code."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from permsync.codehost import (
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    KnownRepository,
    PairAnswer,
    Response,
)
from permsync.hosts import create
from permsync.hosts.gitea.rows import TEAMS, level_of_team
from permsync.model import Level
from tests.hosts.exchanges import answer, settings_of
from tests.hosts.gitea.test_gitea_listing import _owner, _repository

API = "https://code.example/context/api/v1"
ONE = KnownRepository("7", "3", "acme/engine")
ADA = Identity("42", "ada")
RESTRICTED = Identity("42", "ada", restricted=True)
ADMINISTRATOR = Identity("42", "ada", sees_all=True)


def _host() -> CodeHost:
    return create(settings_of("gitea"))


def _pair(response: Response, person: Identity = ADA) -> PairAnswer | Failure:
    return _host().parse_pair(_host().pair_ask(ONE, person), response)


def _held(*, push: bool = False, pull: bool = True) -> dict[str, bool]:
    return {"admin": False, "push": push, "pull": pull}


# Pairs


@pytest.mark.parametrize("person", [ADA, RESTRICTED, ADMINISTRATOR])
def test_an_ask_goes_by_the_id_because_names_move(person: Identity) -> None:
    assert _host().pair_ask(ONE, person).request.url == f"{API}/repositories/7"


def test_a_private_repository_that_is_shown_is_a_yes() -> None:
    assert _pair(answer(_repository())) == PairAnswer(Level.READ)
    assert _pair(answer(_repository(permissions=_held(push=True)))) == PairAnswer(Level.WRITE)


def test_what_is_hidden_or_has_no_code_for_the_person_is_a_no() -> None:
    assert _pair(answer({"message": "The target couldn't be found."}, 404)) == PairAnswer(None)
    assert _pair(answer(_repository(permissions=_held(pull=False)))) == PairAnswer(None)


@pytest.mark.parametrize("owner", ["public", "limited"])
def test_reading_what_is_open_is_no_word_about_a_membership(owner: str) -> None:
    found = _pair(answer(_repository(private=False, owner=_owner(owner))))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.HIDDEN


@pytest.mark.parametrize("owner", ["public", "limited"])
def test_whoever_may_write_or_is_shown_nothing_open_was_named(owner: str) -> None:
    row = _repository(private=False, owner=_owner(owner))
    assert _pair(answer(row), RESTRICTED) == PairAnswer(Level.READ)
    assert _pair(answer(row | {"permissions": _held(push=True)})) == PairAnswer(Level.WRITE)


def test_what_a_private_owner_calls_public_is_shown_to_members_only() -> None:
    row = _repository(private=False, owner=_owner("private"))
    assert _pair(answer(row)) == PairAnswer(Level.READ)


def test_an_administrators_sight_is_no_word_and_what_hides_from_one_is() -> None:
    found = _pair(answer(_repository(permissions=_held(push=True))), ADMINISTRATOR)
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.HIDDEN
    assert _pair(answer({"message": ""}, 404), ADMINISTRATOR) == PairAnswer(None)


def test_another_repository_is_no_word() -> None:
    found = _pair(answer(_repository(8)))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREADABLE


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "token is required", FailureKind.CREDENTIAL_REJECTED),
        (403, "at least one of required scope(s): [x]", FailureKind.INSUFFICIENT_SCOPE),
    ],
)
def test_a_refusal_is_no_word_about_a_pair(status: int, message: str, kind: FailureKind) -> None:
    found = _pair(answer({"message": message}, status))
    assert isinstance(found, Failure)
    assert found.kind is kind


# Teams


@pytest.mark.parametrize(
    ("team", "level"),
    [
        ({"permission": "owner"}, Level.ADMIN),
        ({"permission": "admin", "units_map": {"repo.code": "admin"}}, Level.ADMIN),
        ({"permission": "none", "units_map": {"repo.code": "read"}}, Level.READ),
        ({"permission": "read", "units_map": {"repo.code": "write"}}, Level.WRITE),
        ({"permission": "write", "units_map": {"repo.code": "none"}}, None),
        ({"permission": "write", "units_map": {"repo.issues": "write"}}, None),
        ({"permission": "write", "units_map": {}}, None),
        ({"permission": "write", "units_map": {"repo.code": "galactic"}}, None),
        # Before 1.16: one permission, and the units that it is for.
        ({"permission": "write", "units": ["repo.code", "repo.wiki"]}, Level.WRITE),
        ({"permission": "write", "units": ["repo.wiki"]}, None),
        ({"permission": "write", "units": None}, None),
        ({"permission": "none", "units": ["repo.code"]}, None),
        ({}, None),
    ],
)
def test_a_team_reads_the_code_by_its_unit(team: Mapping[str, Any], level: Level | None) -> None:
    (one,) = TEAMS.decode(msgspec.json.encode([{"id": 5, "name": "readers", **team}]))
    assert level_of_team(one) is level
