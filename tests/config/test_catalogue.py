"""The list of settings is complete, and each entry tells the truth about its setting."""

import tomllib
from pathlib import Path

import pytest

from permsync.config.catalogue import ROW, Entry, catalogue
from permsync.config.settings import Settings
from permsync.config.spans import field_names
from permsync.config.tables import Host
from tests.config.written import HOST, MINIMAL, load

ENTRIES = {entry.key: entry for section in catalogue() for entry in section.entries}


def test_no_setting_is_missing() -> None:
    tables = {"listen", "oidc", "admins", "hosts", "connections", "worker", "durations"}
    assert {key for key in ENTRIES if "." not in key} == set(Settings.model_fields) - tables
    assert {key.rpartition(".")[2] for key in ENTRIES if key.startswith("hosts.")} == set(
        Host.model_fields
    )
    assert {f"durations.{name}" for name in (*field_names(), "factor")} <= set(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.key)
def test_a_setting_says_why_it_exists_and_what_it_may_be(entry: Entry) -> None:
    assert entry.meaning.endswith(".")
    assert entry.form
    assert entry.example or entry.default


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.key)
def test_a_default_is_toml(entry: Entry) -> None:
    for text in filter(None, (entry.default, entry.example)):
        assert "value" in tomllib.loads(f"value = {text}")


@pytest.mark.parametrize(
    "key", ["listen.port", "log_format", "worker.concurrency", "durations.sync_every"]
)
def test_setting_a_default_changes_nothing(tmp_path: Path, key: str) -> None:
    variable = {ENTRIES[key].variable: ENTRIES[key].default.strip('"')}
    assert load(tmp_path, MINIMAL, variable) == load(tmp_path, MINIMAL)


def test_a_variable_that_is_listed_is_read(tmp_path: Path) -> None:
    variable = ENTRIES["hosts.NAME.client_id"].variable.replace("NAME", "GITLAB")
    settings = load(tmp_path, MINIMAL + HOST, {variable: "other"})
    assert settings.hosts["gitlab"].client_id == "other"


def test_a_row_of_a_list_has_no_variable() -> None:
    assert not [entry.key for entry in ENTRIES.values() if ROW in entry.key and entry.variable]
