"""
What commands share: reading the settings, running a coroutine over services, printing.

What is decided here: JSON goes to standard output and nothing else does where ``--json``
is given; progress goes to standard error. This module must not know a command.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import uvloop
from rich.console import Console
from rich.table import Column, Table

from permsync import config
from permsync.app import open_services
from permsync.config.settings import Settings
from permsync.flows.deps import Services
from permsync.telemetry import configure_logging

T = TypeVar("T")

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="The settings file; else permsync.toml here.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]

console = Console(highlight=False, markup=False)
progress_console = Console(stderr=True, highlight=False)


def read_settings(file: Path | None, *, log_level: str | None = None) -> Settings:
    """Read the settings and send the log where they say; raises ``ConfigurationError``."""
    settings = config.from_process(file)
    level = log_level or settings.log_level
    configure_logging(log_format=settings.log_format, level=level.upper())
    return settings


def run(work: Awaitable[T]) -> T:
    """Run to the end on the event loop of the service."""

    async def whole() -> T:
        return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(whole())


def run_with_services(
    file: Path | None, work: Callable[[Services], Awaitable[T]], *, lost_key: str | None = None
) -> T:
    """
    Open the services of the settings, do ``work``, close them; only warnings are logged.

    ``lost_key`` is a sealing key that may be missing.
    """
    settings = read_settings(file, log_level="warning")

    async def whole() -> T:
        async with open_services(settings, lost_key=lost_key) as services:
            return await work(services)

    return run(whole())


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """
    Print rows under these columns; an absent value is a dash.

    Nothing is cut off, and what a row is named by stays in one piece: it is typed again.
    """
    first, *others = columns
    table = Table(Column(first, no_wrap=True), *(Column(one, overflow="fold") for one in others))
    for row in rows:
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in columns))
    console.print(table)
