"""
An error carries facts, and its message is made from them.

Covers the constructors of ``permsync.errors``; the shape of the tree is walked by
``tests/house/test_errors.py``.
"""

from datetime import timedelta

import pytest

from permsync import errors
from permsync.errors import (
    ConfigurationError,
    ForbiddenError,
    HostUnavailableError,
    LinkRefusal,
    LinkRefusedError,
    MalformedError,
    OperatorError,
    PermsyncError,
    SignInRefusedError,
    TokenUnavailableError,
    UnauthenticatedError,
    UnknownError,
)

# What is raised, and the sentence that it makes.
SENTENCES: dict[str, PermsyncError] = {
    "port 8080: choose another one": errors.AddressInUseError(
        place="port 8080", cure="choose another one"
    ),
    "setting 'hosts.gitlab.url' in permsync.toml: write an address": ConfigurationError(
        key="hosts.gitlab.url", place="permsync.toml", cure="write an address"
    ),
    "subject.id: a whole number": MalformedError(field="subject.id", expected="a whole number"),
    "a valid service key or session is needed": UnauthenticatedError(),
    "this needs 'tokens:lend'": ForbiddenError(needed="tokens:lend"),
    "no user '17'": UnknownError(what="user", name="17"),
    "state_expired": LinkRefusedError(LinkRefusal.STATE_EXPIRED),
    "nonce_wrong": SignInRefusedError("nonce_wrong"),
    "needs_reauth": TokenUnavailableError(reason="needs_reauth"),
    "gitlab: unavailable": HostUnavailableError(host="gitlab", reason="unavailable"),
}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_message_is_made_from_the_facts(sentence: str) -> None:
    assert str(SENTENCES[sentence]) == sentence


def test_an_operators_error_names_the_place_and_the_cure() -> None:
    error = OperatorError(place="port 8080", cure="choose another one")
    assert (error.place, error.cure) == ("port 8080", "choose another one")


def test_a_wrong_setting_is_an_operators_error_with_a_key() -> None:
    error = ConfigurationError(key="web.port", place="permsync.toml", cure="write a number")
    assert isinstance(error, OperatorError)
    assert (error.key, error.place, error.cure) == ("web.port", "permsync.toml", "write a number")


def test_a_malformed_question_names_the_field_and_what_it_must_be() -> None:
    error = MalformedError(field="repos[3]", expected="an id")
    assert (error.field, error.expected) == ("repos[3]", "an id")


def test_a_missing_scope_is_named() -> None:
    assert ForbiddenError(needed="check").needed == "check"


def test_what_is_unknown_is_named() -> None:
    error = UnknownError(what="repository", name="acme/one")
    assert (error.what, error.name) == ("repository", "acme/one")


@pytest.mark.parametrize("reason", LinkRefusal)
def test_a_refused_link_has_a_reason_of_the_closed_set(reason: LinkRefusal) -> None:
    assert LinkRefusedError(reason).reason is reason
    assert reason.value == reason.name.lower()


def test_a_refused_sign_in_has_a_reason() -> None:
    assert SignInRefusedError("nonce_wrong").reason == "nonce_wrong"


def test_a_token_that_only_the_person_can_bring_back_names_no_time() -> None:
    assert TokenUnavailableError(reason="needs_reauth").retry_in is None


def test_a_token_that_waiting_may_bring_names_the_time() -> None:
    error = TokenUnavailableError(reason="refreshing", retry_in=timedelta(seconds=20))
    assert (error.reason, error.retry_in) == ("refreshing", timedelta(seconds=20))


def test_an_unavailable_host_is_named_with_a_word_of_ours() -> None:
    error = HostUnavailableError(host="gitlab", reason="rate_limited")
    assert (error.host, error.reason) == ("gitlab", "rate_limited")
