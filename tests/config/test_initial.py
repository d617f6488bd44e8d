"""The first settings file loads as it is, and every line in it that is commented out is right."""

import re
import tomllib
from pathlib import Path

from permsync.config.catalogue import catalogue
from permsync.config.initial import initial_settings_text
from tests.config.written import load

TEXT = initial_settings_text(public_url="https://permsync.example", sealing_keys_file="keys")


def test_the_first_file_loads_as_it_is(tmp_path: Path) -> None:
    settings = load(tmp_path, TEXT)
    assert settings.public_url == "https://permsync.example"
    assert settings.sealing_keys_file == tmp_path / "keys"


def test_every_setting_stands_in_the_first_file_once() -> None:
    written = tomllib.loads(
        re.sub(r"^# (?=[\w\[])", "", TEXT.partition("\n\n\n")[2], flags=re.MULTILINE)
    )
    host = written.pop("hosts")["github"]
    (admin,) = written.pop("admins")
    token = written.pop("connections")["github"]
    found = {f"hosts.NAME.{name}" for name in host} | {f"admins[].{name}" for name in admin}
    found |= {f"connections.NAME.{name}" for name in token}
    for name, value in written.items():
        found |= {f"{name}.{key}" for key in value} if isinstance(value, dict) else {name}
    assert found == {entry.key for section in catalogue() for entry in section.entries}


def test_a_quote_in_an_address_cannot_break_the_file() -> None:
    text = initial_settings_text(public_url='https://a"b.example', sealing_keys_file='ke"ys')
    assert tomllib.loads(text)["sealing_keys_file"] == 'ke"ys'
