"""
Where a setting was written: the file and its line, or the variable of the environment.

What is decided here: how a settings file and the environment become one tree of raw
values, the environment winning leaf by leaf. This module must not know which settings
exist or what a value means.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from permsync.errors import ConfigurationError

PREFIX = "PERMSYNC_"
# Names the settings file itself; it cannot stand in it.
FILE_VARIABLE = "PERMSYNC_SETTINGS"
# Kubernetes sets these in every pod for a Service that is called permsync or permsync-x.
_SERVICE_LINK = re.compile(
    r"PERMSYNC_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)"
)

# The order in which faults are reported.
IN_FILE, IN_ENVIRONMENT, NOWHERE = range(3)

KeyPath = tuple[str, ...]
Tree = dict[str, object]

_TABLE = re.compile(r"\s*\[(?P<array>\[?)\s*(?P<name>[^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*(?P<name>(?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*[\w-]+)*)\s*=")
_WHERE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands. ``folder`` is what a relative path in it starts from."""

    text: str
    order: tuple[int, int, str]
    folder: Path

    @property
    def is_in_file(self) -> bool:
        """Whether it stands in the settings file."""
        return self.order[0] == IN_FILE


@dataclass(frozen=True, slots=True)
class Sources:
    """Raw values as a tree, and where each of them was written."""

    file: Path | None
    tree: Tree = field(default_factory=dict)
    places: dict[KeyPath, Place] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What was read, where no line or variable can be named."""
        return str(self.file) if self.file else "the environment"

    def place_of(self, path: KeyPath) -> Place:
        """The place of a value, or of the nearest table around a value that is missing."""
        for end in range(len(path), 0, -1):
            if found := self.places.get(path[:end]):
                return found
        return Place(text=self.name, order=(NOWHERE, 0, ".".join(path)), folder=Path())

    def written(self) -> "Written":
        """Every place, without the values."""
        return Written({".".join(path): place.text for path, place in self.places.items()})

    def take(self, path: KeyPath) -> object:
        """Remove a value from the tree and give it; ``None`` where there is none."""
        table = self.table(path[:-1])
        return None if table is None else table.pop(path[-1], None)

    def table(self, path: KeyPath) -> Tree | None:
        """The table at ``path``, where there is one."""
        found: object = self.tree
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class Written:
    """
    Where settings stand, in words and by dotted key.

    It makes no difference between settings: two that say the same in two places are equal.
    """

    texts: Mapping[str, str] = field(default_factory=dict, compare=False)

    def place_of(self, key: str) -> str | None:
        """The place of a key, or of the nearest table around it; ``None`` where none is."""
        while key and key not in self.texts:
            key = key.rpartition(".")[0]
        return self.texts.get(key)


def read_sources(*, file: Path | None, environ: Mapping[str, str]) -> Sources:
    """
    Read the file, where there is one, and the variables with our prefix.

    Raises ``ConfigurationError`` where the file cannot be read or is not TOML.
    """
    sources = Sources(file=file)
    if file is not None:
        _add_file(sources, file)
    for name in sorted(environ):
        if _is_setting(name) and (text := environ[name].strip()):
            _add_variable(sources, name, text)
    return sources


def _is_setting(name: str) -> bool:
    if not name.startswith(PREFIX) or name == FILE_VARIABLE:
        return False
    return "__" in name or _SERVICE_LINK.fullmatch(name) is None


def _add_file(sources: Sources, file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _unreadable(file, "it does not exist; permsync init writes one") from None
    except (OSError, UnicodeDecodeError):
        raise _unreadable(file, "make it a UTF-8 file that this user may read") from None
    try:
        sources.tree.update(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(file, text, str(error)) from None
    for path, number in _lines(text):
        place = Place(
            text=f"{file}, line {number}", order=(IN_FILE, number, ""), folder=file.parent
        )
        sources.places.setdefault(path, place)


def _unreadable(file: Path, cure: str) -> ConfigurationError:
    return ConfigurationError(key=FILE_VARIABLE, place=str(file), cure=cure)


def _not_toml(file: Path, text: str, message: str) -> ConfigurationError:
    where = _WHERE.search(message)
    lines = text.splitlines()
    # A fault at the end of the file has no line of its own.
    number = min(int(where[1]), len(lines)) if where else len(lines)
    line = lines[number - 1] if lines else ""
    name = _KEY.match(line)
    return ConfigurationError(
        key=name["name"] if name else line.strip()[:40].partition("=")[0],
        place=f"{file}, line {number}",
        cure=f"write it as TOML: {_WHERE.sub('', message).strip().lower()}",
    )


def _lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """
    Every key and table of a TOML text with its line; the parser keeps none.

    A line of a text over several lines may look like a key. It names no setting, so nobody
    asks for its place.
    """
    table: KeyPath = ()
    seen: dict[KeyPath, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            table = _parts(match["name"])
            if match["array"]:
                index = seen[table] = seen.get(table, -1) + 1
                yield table, number
                table = (*table, str(index))
            yield table, number
        elif match := _KEY.match(line):
            yield (*table, *_parts(match["name"])), number


def _parts(name: str) -> KeyPath:
    return tuple(part.strip(" \t\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", name))


def _add_variable(sources: Sources, name: str, text: str) -> None:
    path = tuple(name.removeprefix(PREFIX).lower().split("__"))
    if path[0] == "hosts" and len(path) > 1:  # a variable's name cannot hold a hyphen
        path = (path[0], path[1].replace("_", "-"), *path[2:])
    table = sources.tree
    for key in path[:-1]:
        inner = table.get(key)
        table[key] = table = inner if isinstance(inner, dict) else {}
    table[path[-1]] = _value(text)
    place = Place(
        text=f"the environment variable {name}", order=(IN_ENVIRONMENT, 0, name), folder=Path()
    )
    for end in range(1, len(path)):
        sources.places.setdefault(path[:end], place)
    sources.places[path] = place


def _value(text: str) -> object:
    """A variable holds text, or JSON where it starts like a list or a table of it."""
    if not text.startswith(("[", "{")):
        return text
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value
