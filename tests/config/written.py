"""
A settings file for a test, written and read in one call; it decides nothing.

The file is private and stands in a folder of its own beside a file of sealing keys.
"""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from permsync.config import load_settings
from permsync.config.settings import Settings
from permsync.errors import ConfigurationError

KEY = base64.b64encode(b"k" * 32).decode()
MINIMAL = """\
public_url = "https://permsync.example"
sealing_keys_file = "keys"
"""
HOST = """
[hosts.gitlab]
kind = "gitlab"
base_url = "https://code.example"
client_id = "permsync"
client_secret = "hush"
"""


def write(folder: Path, text: str, *, name: str = "permsync.toml", mode: int = 0o600) -> Path:
    """Write ``text``, and a file of keys beside it."""
    for each, content in ((name, text), ("keys", KEY)):
        (folder / each).write_text(content, encoding="utf-8")
        (folder / each).chmod(mode if each == name else 0o600)
    return folder / name


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this file and these variables."""
    return load_settings(file=write(folder, text), environ=environ or {})


def refusal(
    folder: Path, text: str, environ: Mapping[str, str] | None = None
) -> ConfigurationError:
    """The error that they lead to."""
    with pytest.raises(ConfigurationError) as refused:
        load(folder, text, environ)
    return refused.value


def written_host(**values: str) -> str:
    """The host above with some lines replaced or added."""
    lines = [line for line in HOST.splitlines() if line.partition(" ")[0] not in values]
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in values.items())])
