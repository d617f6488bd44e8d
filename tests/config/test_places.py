"""
Values and their places: lines of the file, variables of the environment.

Covers ``permsync.config.places``; names of settings are of no matter to it.
"""

from pathlib import Path

import pytest

from permsync.config.places import read_sources
from permsync.errors import ConfigurationError

TEXT = """\
one = 1
two.three = 2

[table]
key = "value"  # a remark
"quoted key" = 3

[table.inner]
key = 4

[[rows]]
key = 5
[[rows]]
key = 6
"""


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "permsync.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


LINES = {
    ("one",): 1,
    ("two", "three"): 2,
    ("table",): 4,
    ("table", "key"): 5,
    ("table", "quoted key"): 6,
    ("table", "inner"): 8,
    ("table", "inner", "key"): 9,
    ("rows", "0", "key"): 12,
    ("rows", "1"): 13,
    ("rows", "1", "key"): 14,
    ("table", "inner", "missing"): 8,
}


@pytest.mark.parametrize("path", LINES)
def test_a_value_of_the_file_stands_in_a_line(tmp_path: Path, path: tuple[str, ...]) -> None:
    sources = read_sources(file=_file(tmp_path, TEXT), environ={})
    assert sources.place_of(path).text == f"{tmp_path}/permsync.toml, line {LINES[path]}"


def test_places_are_in_the_order_of_the_file_and_the_environment_last(tmp_path: Path) -> None:
    sources = read_sources(file=_file(tmp_path, TEXT), environ={"PERMSYNC_ZERO": "0"})
    paths = [("nowhere",), ("zero",), ("rows", "0", "key"), ("one",)]
    ordered = sorted(paths, key=lambda path: sources.place_of(path).order)
    assert ordered == [("one",), ("rows", "0", "key"), ("zero",), ("nowhere",)]


VARIABLES = {
    ("PERMSYNC_LOG_FORMAT", "json"): {"log_format": "json"},
    ("PERMSYNC_LISTEN__PORT", " 80 "): {"listen": {"port": "80"}},
    ("PERMSYNC_HOSTS__GITLAB_CORP__CLIENT_ID", "a"): {"hosts": {"gitlab-corp": {"client_id": "a"}}},
    ("PERMSYNC_LISTEN__HOST", "[::]"): {"listen": {"host": "[::]"}},
    ("PERMSYNC_ADMINS", '[{"a": 1}]'): {"admins": [{"a": 1}]},
    ("PERMSYNC_LOG_FORMAT", "  "): {},
    ("PERMSYNC_SETTINGS", "/etc/permsync.toml"): {},
    ("LOG_FORMAT", "json"): {},
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_is_read_as(variable: tuple[str, str]) -> None:
    name, text = variable
    assert read_sources(file=None, environ={name: text}).tree == VARIABLES[variable]


@pytest.mark.parametrize(
    "name",
    [
        "PERMSYNC_SERVICE_HOST",
        "PERMSYNC_SERVICE_PORT",
        "PERMSYNC_SERVICE_PORT_HTTP",
        "PERMSYNC_PORT",
        "PERMSYNC_PORT_80_TCP",
        "PERMSYNC_PORT_80_TCP_ADDR",
        "PERMSYNC_WORKER_SERVICE_HOST",
        "PERMSYNC_WORKER_PORT_9090_TCP_PROTO",
    ],
)
def test_what_kubernetes_adds_to_every_pod_is_no_setting(name: str) -> None:
    assert read_sources(file=None, environ={name: "tcp://10.0.0.1:80"}).tree == {}


def test_a_variable_takes_the_place_of_a_value_where_a_table_is_meant(tmp_path: Path) -> None:
    file = _file(tmp_path, "listen = 80")
    sources = read_sources(file=file, environ={"PERMSYNC_LISTEN__PORT": "90"})
    assert sources.tree == {"listen": {"port": "90"}}


def test_a_value_is_taken_once(tmp_path: Path) -> None:
    sources = read_sources(file=_file(tmp_path, TEXT), environ={})
    assert sources.take(("table", "inner")) == {"key": 4}
    assert sources.take(("table", "inner")) is None
    assert sources.take(("nowhere", "at", "all")) is None


# A text that is no TOML -> the key and the line that are named.
NO_TOML = {
    "a value without quotes": ("one = 1\npublic_url = https://a\n", "public_url", 2),
    "a key without a value": ("one = 1\n\ntwo =\n", "two", 3),
    "a key twice": ("one = 1\none = 2\n", "one", 2),
    "half a table": ("[table\nkey = 1\n", "[table", 1),
    "a text without an end": ('one = """\nhush\n', "hush", 2),
}


@pytest.mark.parametrize("case", NO_TOML)
def test_what_is_no_toml_is_named_by_its_line(tmp_path: Path, case: str) -> None:
    text, key, line = NO_TOML[case]
    with pytest.raises(ConfigurationError) as refused:
        read_sources(file=_file(tmp_path, text), environ={})
    assert (refused.value.key, refused.value.place[-6:]) == (key, f"line {line}")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not text"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "permsync.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="PERMSYNC_SETTINGS") as refused:
        read_sources(file=path, environ={})
    assert refused.value.place == str(path)
