"""
The settings: one frozen object, read once from ``permsync.toml`` and the environment.

What is decided here: the order of reading (file, then environment, then secret files and the
command for sealing keys), and that whatever is wrong becomes one message with the key, the
place and the cure. Only ``app`` and ``cli`` read settings; everybody else takes plain
arguments. This package is the only one that touches the environment.
"""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from permsync.config.key_command import resolve_command
from permsync.config.places import FILE_VARIABLE, PREFIX, KeyPath, Sources, Tree, read_sources
from permsync.config.private_files import read_private, refuse_if_open
from permsync.config.problems import (
    SECRETS,
    Problem,
    first_of,
    is_option,
    problems_of,
    unknown,
)
from permsync.config.settings import Settings
from permsync.config.spans import conflicts, field_names, parse_duration
from permsync.errors import ConfigurationError
from permsync.model import Durations

DEFAULT_FILE = Path("permsync.toml")
FACTOR = "factor"


def from_process(file: Path | None = None) -> Settings:
    """
    Read the settings of this process.

    Without ``file``, the one that ``PERMSYNC_SETTINGS`` names, else ``permsync.toml`` in the
    working folder, else the environment alone. Raises ``ConfigurationError``.
    """
    named = os.environ.get(FILE_VARIABLE, "").strip()
    if file is None and named:
        file = Path(named)
    elif file is None and DEFAULT_FILE.exists():
        file = DEFAULT_FILE
    return load_settings(file=file, environ=os.environ)


def environment_without_settings() -> dict[str, str]:
    """The environment without our variables, for a process whose settings are all in a file."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def load_settings(*, file: Path | None, environ: Mapping[str, str]) -> Settings:
    """
    Read the settings from ``file``, where one is given, and ``environ``, which wins.

    Raises ``ConfigurationError`` with the first problem in the order of the file.
    """
    sources = read_sources(file=file, environ=environ)
    sources.tree.setdefault("data_folder", str(_default_data_folder(environ)))
    problems = list(_resolve_files(sources, sources.tree, ()))
    durations, wrong = _durations(sources)
    problems += wrong
    problems += resolve_command(sources, patience=durations.key_command)
    sources.tree["durations"] = durations
    settings = None
    try:
        settings = Settings.model_validate(sources.tree)
    except ValidationError as error:
        problems += problems_of(error, Settings)
    if settings is None or problems:
        # Defensive: pydantic refused without a reason only if it has a defect.
        raise first_of(problems, sources) or ConfigurationError(
            key="settings", place=str(file), cure="check every value"
        )
    settings.remember(sources.written())
    return settings


def _default_data_folder(environ: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/permsync")
    home = environ.get("XDG_DATA_HOME") or f"{environ.get('HOME', '~')}/.local/share"
    return Path(home) / "permsync"


def _resolve_files(sources: Sources, table: Tree, above: KeyPath) -> Iterator[Problem]:
    """Make paths absolute by the place they stand in, and guard and read secrets."""
    for name, value in list(table.items()):
        path = (*above, name)
        if isinstance(value, dict):
            yield from () if is_option(path) else _resolve_files(sources, value, path)
        elif isinstance(value, str) and (name.endswith("_file") or name == "data_folder"):
            file = sources.place_of(path).folder / Path(value.strip()).expanduser()
            table[name] = str(file)
            if (inline := name.removesuffix("_file")) in SECRETS:
                yield from _read_secret(sources, table, file, path=(*above, inline))
        elif _is_secret(name, value):
            yield from _guard_secret(sources, path)


def _read_secret(sources: Sources, table: Tree, file: Path, *, path: KeyPath) -> Iterator[Problem]:
    name = path[-1]
    named = (*path[:-1], f"{name}_file")
    if name in table:
        yield Problem(path=named, cure=f"keep either {name} or {name}_file; both are set")
        return
    place = sources.place_of(named)
    try:
        table[name] = read_private(file, key=".".join(named), place=place.text)
    except ConfigurationError as error:
        yield Problem(path=named, cure=error.cure)
        # A stand-in, so that the missing secret is not reported as well.
        table[name] = ""
    sources.places[path] = place


def _guard_secret(sources: Sources, path: KeyPath) -> Iterator[Problem]:
    """A settings file with a secret in it is a secret file."""
    place = sources.place_of(path)
    if sources.file is not None and place.is_in_file:
        try:
            refuse_if_open(sources.file, key=".".join(path), place=place.text)
        except ConfigurationError as error:
            yield Problem(path=path, cure=error.cure)


def _is_secret(name: str, value: object) -> bool:
    if name in {"database_url", "proxy_url"}:  # secret only with a password in it
        return isinstance(value, str) and "@" in value
    return name in SECRETS


def _durations(sources: Sources) -> tuple[Durations, list[Problem]]:
    """Every duration that can be read, scaled, and what is wrong with the others."""
    written = sources.take(("durations",)) or {}
    if not isinstance(written, dict):
        return Durations(), [Problem(path=("durations",), cure="write it as a table")]
    problems: list[Problem] = []
    factor, spans = 1.0, {}
    for name, value in written.items():
        path = ("durations", name)
        try:
            if name == FACTOR:
                factor = _factor(value)
            elif name in field_names():
                spans[name] = parse_duration(value)
            else:
                problems.append(Problem(path, unknown(name, [FACTOR, *field_names()])))
        except ValueError as error:
            problems.append(Problem(path, str(error)))
    problems += _settle_of_hosts(sources, factor)
    durations = Durations(**spans).scaled(factor)
    for names, cure in conflicts(durations):
        culprit = next((name for name in (*names, FACTOR) if name in written), names[0])
        problems.append(Problem(("durations", culprit), cure))
    return durations, problems


def _settle_of_hosts(sources: Sources, factor: float) -> Iterator[Problem]:
    """Read what a host has of its own of ``durations.settle``, and scale it like all others."""
    for name, host in (sources.table(("hosts",)) or {}).items():
        if isinstance(host, dict) and "settle" in host:
            try:
                host["settle"] = parse_duration(host["settle"]) * factor
            except ValueError as error:
                del host["settle"]
                yield Problem(("hosts", name, "settle"), str(error))


def _factor(value: object) -> float:
    try:
        factor = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        factor = 0.0
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError("write a number above 0; 1 leaves every duration as it is")
    return factor
