"""
Writes ``docs/settings.md``: every setting with its default, its form and its reason.

The page is made from the settings' own descriptions, so it cannot lack one. Run it with
``python -m docs.generate_settings``; ``tests/house/test_generated_docs.py`` fails while the
page is stale. It decides nothing about settings.
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from permsync.config.catalogue import Entry, Section, catalogue
from permsync.config.places import FILE_VARIABLE
from permsync.config.problems import SECRETS
from permsync.model import MACHINE_DURATIONS

PAGE = Path(__file__).with_name("settings.md")
WIDTH = 92

HEAD = f"""\
# Settings

<!-- Written by docs/generate_settings.py from the settings; an edit here is overwritten. -->

permsync reads one file and the environment, once, when it starts. The file is `permsync.toml`
in the working folder, or the one that `{FILE_VARIABLE}` or the command line names; `permsync
init` writes one with every setting commented. A variable of the environment wins over the
file: its name is `PERMSYNC_` and the setting's key in capitals, with `__` for each dot and `_`
for each hyphen.

- **Lists** in a variable are words between commas or spaces, or JSON.
- **Durations** are written `"90s"`, `"5m"`, `"26h"`, `"14d"`, `"250ms"`, `"1h30m"`, as ISO 8601
  (`"PT5M"`), or as a number of seconds.
- **Secrets** may stand in a file of their own, named by the same key with `_file`: one or the
  other, never both. Such a file, and a settings file that holds a secret, may not be open to
  other users (`chmod 600`). A file that belongs to somebody else may be readable by our group,
  as Kubernetes mounts it.
- **Paths** start from the folder of the settings file, those in a variable from the working
  folder.
- White space around a value does not count.

A setting that is unknown, missing or wrong ends the start with one message that names the key,
the line or the variable, and the cure ([errors](errors.md)).
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, *(part for section in catalogue() for part in _section(section))]
    return "\n".join(parts)


def _section(section: Section) -> Iterator[str]:
    yield f"## {f'`[{section.key}]`' if section.key else 'Outside of any table'}\n"
    if section.meaning:
        yield _filled(section.meaning)
    for entry in section.entries:
        yield f"### `{entry.key}`\n"
        yield _filled(entry.meaning)
        yield _facts(entry)


def _facts(entry: Entry) -> str:
    facts = [f"- {entry.form}, {_default(entry)}"]
    if entry.example:
        facts.append(f"- example: `{entry.example}`")
    if entry.key.removeprefix("durations.") in MACHINE_DURATIONS:
        facts.append("- not scaled by `durations.factor`: machines stay as fast as they are")
    if entry.variable:
        facts.append(f"- variable: `{entry.variable}`")
    return "\n".join(facts) + "\n"


def _default(entry: Entry) -> str:
    if entry.required:
        return f"required (or `{entry.name}_file`)" if entry.name in SECRETS else "required"
    return f"default `{entry.default}`" if entry.default else "no default"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
