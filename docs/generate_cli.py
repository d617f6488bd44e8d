"""
Writes ``docs/cli.md``: every command with its arguments, options and exit codes.

Commands and their words are read from the program, exit codes from ``permsync.cli.exits``. Run
it with ``python -m docs.generate_cli``; ``tests/house/test_generated_cli.py`` fails while the
page is stale. It decides nothing about a command.
"""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from typer.main import get_group

from permsync.cli import app, exits
from permsync.cli.demo.folder import SETTINGS
from permsync.config.places import FILE_VARIABLE

PAGE = Path(__file__).with_name("cli.md")
EXIT_CODE = re.compile(r"^ {4}(\d+) +(\S.*)$", re.MULTILINE)

HEAD = f"""\
# The command line

<!-- Written by docs/generate_cli.py from the program; an edit here is overwritten. -->

`permsync COMMAND --help` says the same. Commands that need settings read the file that
`--settings` names, else the one that `{FILE_VARIABLE}` names, else `{SETTINGS}` in the
working folder, and the environment ([settings](settings.md)). With `--json` standard output
is one JSON document and nothing else; progress and errors go to standard error.

## Exit codes

An error is one line on standard error, with the code that [errors](errors.md) explains.

| exit code | meaning |
|---|---|
"""


def page() -> str:
    """The whole page."""
    codes = "".join(f"| {code} | {_code_marked(meaning)} |\n" for code, meaning in exit_codes())
    return HEAD + codes + "".join(_section(name, command) for name, command in commands())


def exit_codes() -> list[tuple[int, str]]:
    """Every exit code with its meaning."""
    return [(int(code), meaning) for code, meaning in EXIT_CODE.findall(exits.__doc__ or "")]


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words one types, as the help lists them."""
    for name, command in get_group(app).commands.items():
        below = getattr(command, "commands", None)
        if below is None:
            yield name, command
        else:
            if getattr(command, "invoke_without_command", False):
                yield name, command
            yield from ((f"{name} {inner}", found) for inner, found in below.items())


def _section(name: str, command: Any) -> str:
    """The heading, the first line as it is typed, what it does, and a table of its words."""
    words = [_typed(each) for each in command.params if each.param_type_name == "argument"]
    rows = [_row(each) for each in command.params if each.name != "help"]
    table = "\n| argument or option | meaning |\n|---|---|\n" + "".join(rows) if rows else ""
    usage = " ".join(["permsync", name, *words, "[OPTIONS]"])
    return f"\n## `{name}`\n\n`{usage}`\n\n{_code_marked(command.help)}\n{table}"


def _typed(argument: Any) -> str:
    word = argument.name.upper() + ("..." if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _row(each: Any) -> str:
    is_argument = each.param_type_name == "argument"
    names = [_typed(each)] if is_argument else [*each.opts, *each.secondary_opts]
    takes = "" if is_argument or each.is_flag else f" {_taken(each)}"
    shown = ", ".join(f"`{name}{takes}`" for name in names).replace("|", "\\|")
    return f"| {shown} | {_meaning(each)} |\n"


def _taken(option: Any) -> str:
    """What follows an option: one of some words, a number, a path, or a text of its name."""
    kind = option.type_descriptor.annotation
    one = (get_args(kind) or (kind,))[0]
    if issubclass(one, Enum):
        return "|".join(each.value for each in one)
    if one in {int, float}:
        return "NUMBER"
    return "PATH" if one is Path else option.name.upper()


def _meaning(each: Any) -> str:
    facts = [(each.help or "").replace("|", "\\|")]
    if each.required:
        facts.append("Required.")
    elif each.default is True:
        facts.append(f"Default: `{each.opts[0]}`.")
    elif each.default not in {None, False}:
        facts.append(f"Default: `{each.default}`.")
    return " ".join(facts)


def _code_marked(text: str) -> str:
    """Two backticks, as docstrings have them, are one on a page."""
    return text.replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
