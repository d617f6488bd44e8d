"""
``permsync demo``: everything on one machine, with pretend hosts and sample people.

What is decided here: what a stranger is told, and that Ctrl-C leaves only the data folder.
With ``--check`` nobody is needed: the journey walks itself and its table is the answer.
This module must not know how a process is started or what the journey asks.
"""

import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from permsync.cli.demo.journey import STEPS, walk
from permsync.cli.demo.site import DemoPlan, running
from permsync.cli.exits import FAILED
from permsync.cli.running import AsJson, console, print_json, print_table

DEFAULT_FOLDER = Path("/var/lib/permsync/demo")
TRY = """\
permsync   {permsync}
simulator  {simulator}

Three things to try, each in another terminal:

1. Who may see what? Ask as a program would:
   curl -s -H 'Authorization: Bearer {key}' {permsync}/v1/accounts
2. Watch the whole story by itself, on each of four hosts:
   make demo CHECK=1
3. See what can be broken at the pretend hosts (expire, refuse, outage):
   curl -s {simulator}/control

Ctrl-C ends everything; only {folder} stays."""


def demo(
    check: Annotated[bool, typer.Option("--check", help="Walk the journey and exit.")] = False,
    port: Annotated[int, typer.Option(help="Where permsync listens; 0 takes a free one.")] = 8080,
    simulator_port: Annotated[int, typer.Option(help="Where the pretend hosts listen.")] = 8090,
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo keeps its data; a second start continues.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start simulator, database, service and worker with sample people."""
    if check:
        _check(as_json=as_json)
        return
    plan = DemoPlan(folder=folder or DEFAULT_FOLDER, port=port, simulator_port=simulator_port)
    with running(plan) as site:
        console.print(
            TRY.format(
                permsync=site.permsync_url,
                simulator=site.simulator_url,
                key=site.service_key,
                folder=plan.folder,
            )
        )
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            site.wait()
        except KeyboardInterrupt:
            console.print("stopping")


def _check(*, as_json: bool) -> None:
    """The journey in a folder of its own, on free ports; nothing of it stays."""
    began = perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="permsync-demo-") as name,
        running(DemoPlan(folder=Path(name), access_seconds=8)) as site,
    ):
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
