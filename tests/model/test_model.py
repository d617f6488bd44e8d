"""
The words of the service are closed sets with stable spellings, and secrets do not show.

Covers ``permsync.model``; what follows from a fact is the rules' business.
"""

import inspect
from dataclasses import FrozenInstanceError, fields, is_dataclass
from enum import StrEnum

import pytest

from permsync import model
from permsync.model import LIVING, AccountState, Sealed, TokenSet

MEMBERS = [one for _, one in inspect.getmembers(model, inspect.isclass)]
OURS = [one for one in MEMBERS if one.__module__ == model.__name__]
WORDS = [one for one in OURS if issubclass(one, StrEnum)]
FACTS = [one for one in OURS if is_dataclass(one)]


@pytest.mark.parametrize("words", WORDS)
def test_a_word_is_spelled_as_its_name(words: type[StrEnum]) -> None:
    """The spelling is stored and sent, so two names for one word would be a trap."""
    assert {name: one.value for name, one in words.__members__.items()} == {
        name: name.lower() for name in words.__members__
    }


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_cannot_be_changed(fact: type) -> None:
    blank: object = object.__new__(fact)
    with pytest.raises(FrozenInstanceError):
        setattr(blank, fields(fact)[0].name, None)


def test_there_is_something_to_look_at() -> None:
    assert len(WORDS) + len(FACTS) == len(OURS)
    assert {"Account", "Decision", "User"} <= {one.__name__ for one in FACTS}


def test_a_suspect_account_lives_and_every_other_trouble_ends_access() -> None:
    assert {AccountState.ACTIVE, AccountState.SUSPECT} == LIVING


def test_tokens_do_not_show_in_a_log() -> None:
    tokens = TokenSet(access_token="gho_access", refresh_token="ghr_refresh")
    assert repr(tokens) == "TokenSet()"


def test_a_sealed_value_shows_which_key_opens_it_and_nothing_else() -> None:
    assert repr(Sealed(key_id="k1", ciphertext=b"sealed")) == "Sealed(key_id='k1')"
