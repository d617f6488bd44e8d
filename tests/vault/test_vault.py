"""
A sealed value opens in its own place with its own key, and nowhere else.

Covers ``permsync.vault``; keys and texts here are made up for the test.
"""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from permsync.errors import SealedValueError, SealingKeyError
from permsync.model import Sealed
from permsync.vault import Binding, Vault, new_sealing_key

OLD, NEW = b"o" * 32, b"n" * 32
PLACE = Binding(subject="account", id=7, link_id="link-a", field="access_token", version=3)
VAULT = Vault([NEW])

# Each place differs from PLACE in one respect; a value moved there must stay shut.
ELSEWHERE = {
    "another kind of row": replace(PLACE, subject="refresh_attempt"),
    "another account": replace(PLACE, id=8),
    "another link of the account": replace(PLACE, link_id="link-b"),
    "another column": replace(PLACE, field="refresh_token"),
    "an older version": replace(PLACE, version=2),
    "a border moved between two parts": replace(PLACE, subject="accoun", link_id="tlink-a"),
}


@given(text=some.text(max_size=200))
def test_what_was_sealed_opens_in_its_place(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, binding=PLACE), binding=PLACE) == text


def test_a_token_of_ten_kilobytes_opens() -> None:
    token = "t" * 10_240
    assert VAULT.open(VAULT.seal(token, binding=PLACE), binding=PLACE) == token


def test_sealing_twice_gives_two_values() -> None:
    first, second = (VAULT.seal("token", binding=PLACE) for _ in range(2))
    assert first.ciphertext != second.ciphertext


def test_the_text_cannot_be_read_from_the_sealed_value() -> None:
    assert b"gho_visible" not in VAULT.seal("gho_visible", binding=PLACE).ciphertext


@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_value_does_not_open_in(place: str) -> None:
    sealed = VAULT.seal("token", binding=PLACE)
    with pytest.raises(SealedValueError):
        VAULT.open(sealed, binding=ELSEWHERE[place])


def test_every_changed_byte_is_noticed() -> None:
    ciphertext = VAULT.seal("token", binding=PLACE).ciphertext
    for index in range(len(ciphertext)):
        changed = bytearray(ciphertext)
        changed[index] ^= 1
        with pytest.raises(SealedValueError):
            VAULT.open(Sealed(VAULT.primary_key_id, bytes(changed)), binding=PLACE)


def test_every_cut_is_noticed() -> None:
    ciphertext = VAULT.seal("token", binding=PLACE).ciphertext
    for length in range(len(ciphertext)):
        with pytest.raises(SealedValueError):
            VAULT.open(Sealed(VAULT.primary_key_id, ciphertext[:length]), binding=PLACE)


def test_a_stored_plain_text_is_not_taken_for_an_opened_one() -> None:
    with pytest.raises(SealedValueError):
        VAULT.open(Sealed(VAULT.primary_key_id, b"gho_plain_text_in_the_column"), binding=PLACE)


def test_an_older_key_still_opens_and_the_first_one_seals() -> None:
    sealed = Vault([OLD]).seal("token", binding=PLACE)
    both = Vault([NEW, OLD])
    assert both.open(sealed, binding=PLACE) == "token"
    assert both.seal("token", binding=PLACE).key_id == both.primary_key_id == VAULT.primary_key_id


def test_a_missing_key_is_the_operators_error_and_names_both_keys() -> None:
    sealed = Vault([OLD]).seal("token", binding=PLACE)
    with pytest.raises(SealingKeyError) as refused:
        VAULT.open(sealed, binding=PLACE)
    assert sealed.key_id in str(refused.value)
    assert VAULT.primary_key_id in str(refused.value)


def test_a_value_of_one_key_under_the_name_of_another_stays_shut() -> None:
    both = Vault([NEW, OLD])
    sealed = both.seal("token", binding=PLACE)
    with pytest.raises(SealedValueError):
        both.open(replace(sealed, key_id=both.key_ids[1]), binding=PLACE)


def test_a_vault_without_a_key_is_refused() -> None:
    with pytest.raises(SealingKeyError, match="permsync init"):
        Vault([])


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_key_of_the_wrong_length_is_refused_with_its_number(length: int) -> None:
    with pytest.raises(SealingKeyError, match="key 2 of sealing_keys"):
        Vault([NEW, b"k" * length])


def test_nothing_of_a_key_or_text_is_in_a_repr_or_an_error() -> None:
    sealed = VAULT.seal("gho_visible", binding=PLACE)
    with pytest.raises(SealedValueError) as refused:
        VAULT.open(sealed, binding=replace(PLACE, id=8))
    said = repr(VAULT) + repr(sealed) + repr(refused.value) + repr(refused.value.__cause__)
    assert not [secret for secret in ("gho_visible", NEW.decode(), NEW.hex()) if secret in said]


def test_a_digest_recognises_its_token_only() -> None:
    digest = VAULT.digest("gho_first")
    assert VAULT.is_digest_of("gho_first", digest=digest)
    assert not VAULT.is_digest_of("gho_second", digest=digest)


def test_a_digest_made_before_the_key_changed_is_still_recognised() -> None:
    assert Vault([NEW, OLD]).is_digest_of("gho_first", digest=Vault([OLD]).digest("gho_first"))


def test_a_digest_of_another_key_says_nothing() -> None:
    assert not VAULT.is_digest_of("gho_first", digest=Vault([OLD]).digest("gho_first"))


def test_a_new_key_makes_a_vault_of_its_own() -> None:
    first, second = (Vault([base64.b64decode(new_sealing_key())]) for _ in range(2))
    assert first.key_ids != second.key_ids
