"""
What commands say before they do anything: of settings that are missing or wrong, in one line.

Each runs as a process of its own. This module must not know what a command does.
"""

from pathlib import Path

import pytest

from tests.cli.program import permsync

HOST = '[hosts.github]\nkind = "github"\nclient_id = "a"\nclient_secret = "b"\n'


def test_init_writes_private_files_and_overwrites_nothing(tmp_path: Path) -> None:
    made = permsync("init", str(tmp_path))
    assert made.code == 0
    assert {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()} == {
        "permsync.toml": 0o600,
        "sealing-keys": 0o600,
    }
    before = (tmp_path / "sealing-keys").read_text()
    again = permsync("init", str(tmp_path))
    assert again.code == 78
    assert (tmp_path / "sealing-keys").read_text() == before


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ('colour = "blue"\n', "colour"),
        (HOST + 'base_url = "nonsense"\n', "hosts.github.base_url"),
        ('[durations]\nsync_every = "soon"\n', "durations.sync_every"),
    ],
)
def test_a_wrong_setting_is_one_line_with_the_key_and_the_place(
    tmp_path: Path, added: str, named: str
) -> None:
    permsync("init", str(tmp_path))
    file = tmp_path / "permsync.toml"
    text = file.read_text()
    top, _, rest = text.partition("\n\n")
    file.write_text(
        f"{top}\n{added}{rest}" if "=" in added.split("[", maxsplit=1)[0] else text + added
    )
    ended = permsync("migrate", "--settings", str(file))
    assert ended.code == 78
    assert len(ended.err.strip().splitlines()) == 1
    assert ended.err.startswith(f"permsync: configuration_invalid: setting '{named}' in ")
    assert "permsync.toml" in ended.err


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    ended = permsync("migrate", folder=tmp_path, PERMSYNC_PUBLIC_URL="http://127.0.0.1:8080")
    assert ended.code == 78
    assert "sealing_keys" in ended.err


def test_who_has_no_settings_yet_is_told_how_to_make_some(tmp_path: Path) -> None:
    ended = permsync("serve", folder=tmp_path)
    assert ended.code == 78
    assert "permsync init writes a settings file" in ended.err
    named = permsync("serve", folder=tmp_path, PERMSYNC_PUBLIC_URL="http://127.0.0.1:8080")
    assert "permsync init makes one" in named.err


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    permsync("init", str(tmp_path))
    away = "postgresql://nobody:hidden@127.0.0.1:1/none"
    ended = permsync("migrate", folder=tmp_path, PERMSYNC_DATABASE_URL=away)
    assert ended.code == 69
    assert "hidden" not in ended.err
    assert len(ended.err.strip().splitlines()) == 1
