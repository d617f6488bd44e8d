"""Callbacks, which any stranger may have written: a code for a state, or one of our words."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permsync.oauth2 import (
    CallbackCode,
    CallbackError,
    CallbackRefusal,
    parse_callback,
)


def test_a_callback_brings_a_code_for_a_state() -> None:
    assert parse_callback("code=c%2B1&state=s-1") == CallbackCode("s-1", "c+1")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *((error.value, error) for error in list(CallbackError)[:7]),
        # The host's words stay with the host, and ours cannot be forged.
        ("<script>", CallbackError.OTHER),
        ("", CallbackError.OTHER),
        ("wrong_issuer", CallbackError.OTHER),
        ("malformed", CallbackError.OTHER),
    ],
)
def test_an_error_is_one_of_a_closed_set(error: str, code: CallbackError) -> None:
    query = urlencode({"error": error, "error_description": "words", "state": "s-1"})
    assert parse_callback(query) == CallbackRefusal(code, "s-1")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",  # nobody's attempt
        "code=c&state=",
        "state=s&state=t&code=c",  # RFC 6749 3.1: no parameter twice
        "state=s&code=c&code=d",
        "state=s&code=c&iss=a&iss=b",
        "state=s&code=" + "c" * 2_049,
        "state=" + "s" * 2_049 + "&code=c",
    ],
)
def test_a_callback_that_no_host_writes_names_no_attempt(query: str) -> None:
    assert parse_callback(query) == CallbackRefusal(CallbackError.MALFORMED)


@pytest.mark.parametrize("query", ["state=s", "state=s&code="])
def test_a_callback_without_a_code_is_malformed(query: str) -> None:
    assert parse_callback(query) == CallbackRefusal(CallbackError.MALFORMED, "s")


def test_other_parameters_are_ignored() -> None:
    query = "state=s&code=c&session_state=1&session_state=2&scope=a+b"
    assert parse_callback(query) == CallbackCode("s", "c")


def test_a_known_state_must_come_back() -> None:
    assert parse_callback("state=s&code=c", state="s") == CallbackCode("s", "c")
    wrong = CallbackRefusal(CallbackError.WRONG_STATE)
    assert parse_callback("state=%C3%A9&code=c", state="s") == wrong


@pytest.mark.parametrize("sent", ["", "&iss=https://other.example", "&iss=https://as.example/"])
def test_a_server_that_names_itself_must_do_so_to_the_letter(sent: str) -> None:
    """RFC 9207 2.4; an error must not pass either."""
    issuer = "https://as.example"
    wrong = CallbackRefusal(CallbackError.WRONG_ISSUER, "s")
    assert parse_callback(f"state=s&code=c{sent}", issuer=issuer) == wrong
    assert parse_callback(f"state=s&error=access_denied{sent}", issuer=issuer) == wrong


def test_the_right_issuer_passes() -> None:
    query = "state=s&code=c&iss=https%3A%2F%2Fas.example"
    assert parse_callback(query, issuer="https://as.example") == CallbackCode("s", "c")


@given(st.text() | st.binary().map(lambda noise: noise.decode("latin-1")))
def test_no_query_makes_the_parser_raise(query: str) -> None:
    assert isinstance(parse_callback(query, state="s"), CallbackCode | CallbackRefusal)
    assert isinstance(parse_callback(f"state=s&{query}"), CallbackCode | CallbackRefusal)
