"""
``permsync init``: writes a commented settings file and a sealing key.

It overwrites nothing; both files are private. This module must not start anything.
"""

from pathlib import Path
from typing import Annotated

import typer

from permsync.cli.running import console
from permsync.config.initial import initial_settings_text
from permsync.config.private_files import write_private
from permsync.vault import new_sealing_key

KEY_FILE = "sealing-keys"


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if missing.")] = Path(),
    public_url: Annotated[
        str, typer.Option(help="The address people will reach permsync by.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Write permsync.toml and a sealing key, with mode 0600; nothing is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    settings_file, key_file = folder / "permsync.toml", folder / KEY_FILE
    text = initial_settings_text(public_url=public_url, sealing_keys_file=KEY_FILE)
    write_private(settings_file, text)
    write_private(key_file, new_sealing_key() + "\n")
    console.print(f"wrote {settings_file} and {key_file}")
    console.print("next: name a host in it, then run: permsync serve")
    console.print("keep a copy of the key: without it the stored tokens cannot be opened")
