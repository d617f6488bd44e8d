"""
``permsync demo``: everything on one machine, with pretend hosts and sample people.

What is decided here: what a stranger is told, and that Ctrl-C leaves only the data folder.
With ``--check`` nobody is needed: the journey walks itself and its table is the answer.
This module must not know how a process is started or what the journey asks.
"""

import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Annotated

import typer

from permsync.cli.demo.folder import default_folder, ports_of
from permsync.cli.demo.journey import STEPS, walk
from permsync.cli.demo.site import DemoPlan, EndedEarlyError, running
from permsync.cli.exits import DEFECT, FAILED
from permsync.cli.running import AsJson, console, print_json, print_table, progress_console

PORTS = (8080, 8090)
PORT_HELP = "Where {} listens; 0 takes a free port. Else {}, or where this folder did before."
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TRY = """
permsync          {permsync}
pretend hosts     {simulator}

Four things to try:

1. Link an account.
   Open {permsync} and press "Sign in". You are Ada Lovelace: press "Authorize".
   Beside GitHub press "Link", then "Authorize". Her repositories are there in seconds.

2. Let a token expire while nobody looks.
   Open {simulator} and press "Expire all tokens" beside GitHub.
   In the log below, a 401 is followed by a refresh, and work goes on. Ada is asked nothing.

3. Break it so that only Ada can mend it.
   Press "Refuse refreshes", then "Expire all tokens" again. Within seconds (load the page
   again) her card in permsync needs her and says why, and all she could see is closed.
   Press "Allow refreshes" here, then "Reconnect" on her card: open again.

4. Ask why a repository is missing.
   Open {permsync}/missing and paste {simulator}/github/acme/api-00: now, before anything is
   linked, or while it is broken. The answer has the button that mends it.

May the person who signed in first read this repository, and why? Ask now, and while it is
broken:
   {command} check --why --settings {folder}/permsync.toml 1 github:acme/api-00
Programs ask over HTTP, with the key in {folder}/service-key.

Ctrl-C ends everything. Only {folder} stays, and the next start goes on from it.
"""


def demo(
    check: Annotated[bool, typer.Option("--check", help="Walk the journey and exit.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=PORT_HELP.format("permsync", PORTS[0])),
    ] = None,
    simulator_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=PORT_HELP.format("the panel", PORTS[1])),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where the demo keeps its data; a second start continues."
            " Else .demo here, for root /var/lib/permsync/demo."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start simulator, database, service and worker with sample people."""
    for each in SIGNALS:
        signal.signal(each, _end_in_order)
    try:
        if check:
            _check(as_json=as_json)
        else:
            _go_on(folder or default_folder(), port=port, simulator_port=simulator_port)
    except EndedEarlyError as error:
        progress_console.print(f"permsync: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(error.code if error.code > 0 else DEFECT) from None
    except KeyboardInterrupt:
        if check:
            raise typer.Exit(FAILED) from None
        console.print("Ended.")


def _end_in_order(_number: int, _frame: FrameType | None) -> None:
    """The first signal ends everything, which takes seconds; more of them change nothing."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _go_on(folder: Path, *, port: int | None, simulator_port: int | None) -> None:
    """Run until somebody ends it."""
    usual = ports_of(folder) or PORTS
    plan = DemoPlan(
        folder=folder,
        port=usual[0] if port is None else port,
        simulator_port=usual[1] if simulator_port is None else simulator_port,
        hooks=True,
    )
    with running(plan) as site:
        told = TRY.format(
            permsync=site.permsync_url,
            simulator=site.simulator_url,
            folder=plan.folder,
            command=_command(),
        )
        console.print(told, soft_wrap=True)
        site.wait()


def _command() -> str:
    """What this person has to type for ``permsync``."""
    typed = Path(sys.argv[0])
    return str(typed) if typed.name == "permsync" else f"{sys.executable} -m permsync"


def _check(*, as_json: bool) -> None:
    """The journey in a folder of its own, on free ports; nothing of it stays."""
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="permsync-demo-") as name:
        Path(name).chmod(0o711)  # the database's own user passes through
        plan = DemoPlan(folder=Path(name) / "demo", access_seconds=8, sync_every="3s")
        with running(plan) as site:
            rows = walk(site)
    if as_json:
        print_json(rows)
    else:
        _print(rows, seconds=perf_counter() - began)
    if not all(row[step] for row in rows for step in STEPS):
        raise typer.Exit(FAILED)


def _print(rows: Sequence[Mapping[str, object]], *, seconds: float) -> None:
    """A row per step and a column per host, and what people were told."""
    hosts = [str(row["host"]) for row in rows]
    print_table(
        ("step", *hosts),
        (
            {"step": step, **{str(row["host"]): "yes" if row[step] else "NO" for row in rows}}
            for step in STEPS
        ),
    )
    told = sorted({str(row["told"]) for row in rows})
    console.print(f"people were told: {' / '.join(told)}")
    console.print(f"{len(rows)} hosts in {seconds:.0f} s")
