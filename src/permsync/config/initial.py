"""
The first ``permsync.toml``: every setting with its reason, all but the needed ones commented.

What is decided here: the layout of that file. It is written from the catalogue of settings,
so it cannot lack one. This module must not write anything.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping

from permsync.config.catalogue import NAME, ROW, Entry, Section, catalogue

_WIDTH = 96
_HEAD = """\
# The settings of permsync.

# A line that starts with "#" and a name shows the default, or an example where there is
# none; remove the "#" to set it. Every setting can be a variable of the environment too:
# PERMSYNC_LISTEN__PORT=9000 wins over the port below. Keep secrets in files of their own
# that only permsync's user can read.
"""


def initial_settings_text(*, public_url: str, sealing_keys_file: str) -> str:
    """The text of a settings file that loads as it is and names every setting."""
    chosen = {"public_url": public_url, "sealing_keys_file": sealing_keys_file}
    sections = (_section(section, chosen) for section in catalogue())
    return _HEAD + "".join(sections)


def _section(section: Section, chosen: Mapping[str, str]) -> str:
    lines = [""]
    if section.key:
        header = f"[{section.key}]".replace(NAME, "github")
        if section.key.endswith(ROW):
            header = f"[[{section.key.removesuffix(ROW)}]]"
        lines += ["", *_remark(section.meaning), f"# {header}"]
    for entry in section.entries:
        lines += ["", *_remark(entry.meaning), _line(entry, chosen)]
    return "\n".join(lines) + "\n"


def _remark(text: str) -> Iterator[str]:
    return (f"## {line}" for line in textwrap.wrap(text, _WIDTH))


def _line(entry: Entry, chosen: Mapping[str, str]) -> str:
    if entry.key in chosen:
        return f"{entry.name} = {json.dumps(chosen[entry.key])}"
    return f"# {entry.name} = {entry.example or entry.default}"
