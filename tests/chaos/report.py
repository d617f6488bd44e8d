"""
What people see of a run: a table of fault by policy, what was broken, and JSON for programs.

This module must not judge; it counts what was judged.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.chaos.cell import Result

LEGEND = (
    "A cell: the most POSTs of one version; before them accounts [b]lost[/b] where the host"
    " forgives nothing (strict, family) and the answer died between its commit and ours."
    " Falsely dead, overwritten, dead but shown healthy, unnamed or unallowed losses: in red."
)


def print_report(console: Console, results: Sequence[Result], *, lanes: Sequence[str]) -> None:
    """Print the table, the totals, and every broken promise with its facts."""
    table = Table("fault", *lanes, title="fault x policy", caption=LEGEND)
    cells = {(one.fault, one.lane): one for one in results}
    for fault in dict.fromkeys(one.fault for one in results):
        table.add_row(fault, *(_cell(cells.get((fault, lane))) for lane in lanes))
    console.print(table)
    console.print(_totals(results))
    for one in results:
        if one.broken:
            console.print(Text(f"{one.fault} x {one.lane}: {'; '.join(one.broken)}", "red"))
            for fact in one.facts:
                console.print(Text(f"    {fact}", "dim"))


def _cell(result: Result | None) -> Text:
    if result is None:
        return Text("")
    posts = str(result.most_posts)
    if result.broken:
        counted = {
            "lost": result.lost - result.allowed,
            "dead": result.falsely_dead,
            "over": result.overwritten,
            "stale": result.stale_healthy,
        }
        said = " ".join(f"{name} {count}" for name, count in counted.items() if count)
        return Text(f"{said or 'broken'}, {posts}", "bold red")
    if result.lost:
        return Text(f"{result.lost} lost, {posts}", "yellow")
    return Text(posts, "green")


def _totals(results: Sequence[Result]) -> str:
    counted = summary(results)
    words = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counted.items())
    return f"{words}; {sum(one.seconds for one in results):.0f} s of cells"


def summary(results: Sequence[Result]) -> dict[str, int]:
    """The totals of a run."""
    return {
        "cells": len(results),
        "accounts": sum(one.accounts for one in results),
        "lost_where_unavoidable": sum(one.allowed for one in results),
        "lost_otherwise": sum(one.lost - one.allowed for one in results),
        "falsely_dead": sum(one.falsely_dead for one in results),
        "overwritten": sum(one.overwritten for one in results),
        "stale_shown_healthy": sum(one.stale_healthy for one in results),
        "cells_with_broken_promises": sum(bool(one.broken) for one in results),
    }


def write_json(file: Path, results: Sequence[Result]) -> None:
    """The same for programs."""
    document = {"summary": summary(results), "cells": [asdict(one) for one in results]}
    file.write_text(json.dumps(document, indent=2) + "\n")


def append_line(file: Path, result: Result) -> None:
    """Remember one cell at once, so that an interrupted run can go on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(asdict(result)) + "\n")


def read_lines(file: Path) -> list[Result]:
    """The cells that an interrupted run has finished."""
    if not file.exists():
        return []
    found = [json.loads(line) for line in file.read_text().splitlines()]
    return [
        Result(**{**one, "broken": tuple(one["broken"]), "facts": tuple(one["facts"])})
        for one in found
    ]
