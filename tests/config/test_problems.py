"""
The one message for a wrong setting: its key, its place, and words that say what to do.

Covers ``permsync.config.problems`` through real files, as an operator meets it.
"""

from pathlib import Path

import pytest

from permsync.config.problems import unknown
from tests.config.written import HOST, MINIMAL, load, refusal

# What is written after the smallest file -> the key and the words of the message.
WRONG: dict[str, tuple[str, str, str]] = {
    "a slip in a name": ('public_ulr = "x"', "public_ulr", "did you mean 'public_url'?"),
    "a slip in a host's name for a thing": (
        f'{HOST}clinet_id = "x"',
        "hosts.gitlab.clinet_id",
        "did you mean 'client_id'?",
    ),
    "a slip in a duration": (
        '[durations]\nsync_evry = "1h"',
        "durations.sync_evry",
        "did you mean 'sync_every'?",
    ),
    "a slip in a list of tables": (
        '[[admins]]\nissuer = "https://a"\nsubjct = "b"',
        "admins.0.subjct",
        "did you mean 'subject'?",
    ),
    "a name like no other": ("[listen]\ncolour = 1", "listen.colour", "known here are host, port"),
    "a number for a text": (HOST.replace('"permsync"', "7"), "hosts.gitlab.client_id", "in quotes"),
    "a text for a number": ('[listen]\nport = "http"', "listen.port", "valid integer"),
    "a number out of range": ("refresh_in_flight = 0", "refresh_in_flight", "greater than"),
    "a word out of a closed set": ('log_format = "xml"', "log_format", "'console' or 'json'"),
    "a text for a table": ('oidc = "https://login.example"', "oidc", "as a table"),
    "a text for hosts": ('hosts = "github"', "hosts", "as a table"),
    "a table for a list": ("[admins]\nissuer = 1", "admins", "as a list"),
    "nothing for a secret": (HOST.replace("hush", " "), "hosts.gitlab.client_secret", "is empty"),
    "a list for an option": (f"{HOST}options.a = []", "hosts.gitlab.options.a", "in quotes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_message_names_key_and_cure_for(tmp_path: Path, case: str) -> None:
    text, key, words = WRONG[case]
    error = refusal(tmp_path, f"{MINIMAL}{text}\n")
    assert error.key == key
    assert words in error.cure


# A line that is left out -> the key and the ways to set it.
MISSING = {
    'client_secret = "hush"': (
        "hosts.gitlab.client_secret",
        ("client_secret_file", "PERMSYNC_HOSTS__GITLAB__CLIENT_SECRET"),
    ),
    'client_id = "permsync"': (
        "hosts.gitlab.client_id",
        ("PERMSYNC_HOSTS__GITLAB__CLIENT_ID",),
    ),
    'sealing_keys_file = "keys"': (
        "sealing_keys",
        ("sealing_keys_file", "PERMSYNC_SEALING_KEYS", "permsync init"),
    ),
    'public_url = "https://permsync.example"': ("public_url", ("PERMSYNC_PUBLIC_URL",)),
}


@pytest.mark.parametrize("line", MISSING)
def test_a_missing_setting_is_named_with_every_way_to_set_it(tmp_path: Path, line: str) -> None:
    key, ways = MISSING[line]
    error = refusal(tmp_path, (MINIMAL + HOST).replace(line, ""))
    assert error.key == key
    assert not [way for way in ways if way not in error.cure]


def test_a_missing_setting_of_a_table_is_placed_at_the_table(tmp_path: Path) -> None:
    error = refusal(tmp_path, MINIMAL + HOST.replace("client_id", "#"))
    assert error.place == f"{tmp_path}/permsync.toml, line 4"


def test_a_slip_explains_the_setting_that_is_missing(tmp_path: Path) -> None:
    error = refusal(tmp_path, MINIMAL + HOST.replace("client_id", "clientid"))
    assert error.key == "hosts.gitlab.clientid"


def test_a_variable_that_nobody_knows_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, MINIMAL, {"PERMSYNC_LOGFORMAT": "json"})
    assert (error.key, error.place) == ("logformat", "the environment variable PERMSYNC_LOGFORMAT")
    assert "'log_format'" in error.cure


def test_what_is_missing_beside_a_variable_is_not_placed_there(tmp_path: Path) -> None:
    error = refusal(tmp_path, MINIMAL, {"PERMSYNC_OIDC__CLIENT_ID": "permsync"})
    assert (error.key, error.place) == ("oidc.issuer", str(tmp_path / "permsync.toml"))


def test_options_of_a_host_are_not_judged_here(tmp_path: Path) -> None:
    text = f'{HOST}options = {{ anything = "goes", here = 1, too = true, some_file = "x" }}\n'
    options = load(tmp_path, MINIMAL + text).hosts["gitlab"].options
    assert options == {"anything": "goes", "here": 1, "too": True, "some_file": "x"}


def test_a_name_that_resembles_none_gets_the_list_of_all() -> None:
    assert unknown("colour", ["port", "host"]).endswith("known here are host, port")
