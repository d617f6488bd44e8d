"""
``make chaos``: every fault against every policy, and the table of what came of it.

``python -m tests.chaos.matrix [--quick] [--resume] [--out FILE] [--fault WORDS] [--lane NAME]``.
What is decided here: which cells are played (all; or, quick, every fault once, spread over
the policies, and what can lose an account on a forgiving and an unforgiving host), that
lanes run side by side, and that the exit code is 1 where a promise was broken.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from tests.chaos import (
    answer_faults,
    database_faults,
    flood_faults,
    link_faults,
    network_faults,
    process_faults,
    report,
    sealing_faults,
)
from tests.chaos.cell import Result, play
from tests.chaos.faults import Fault, table
from tests.chaos.lanes import LANES, Lane
from tests.chaos.site import Place, site
from tests.house.tree import ROOT
from tests.journeys.places import own_folder

FAULTS = table(
    process_faults.FAULTS,
    network_faults.FAULTS,
    database_faults.FAULTS,
    link_faults.FAULTS,
    answer_faults.FAULTS,
    sealing_faults.FAULTS,
    flood_faults.FAULTS,
)
# What an interrupted run has done; it is no part of the repository.
PROGRESS = ROOT / "build" / "chaos.jsonl"

WIDTH = 120  # of a log

Cell = tuple[Fault, Lane]


def every_cell() -> Iterator[Cell]:
    """The full matrix."""
    return ((fault, lane) for fault in FAULTS.values() for lane in LANES)


def quick_cells() -> Iterator[Cell]:
    """Every fault once, on one policy after the other; the big ones only in the full matrix."""
    for number, fault in enumerate(FAULTS.values()):
        if not fault.big:
            yield fault, LANES[number % len(LANES)]


@dataclass
class Run:
    """The cells to play and what came of those that were."""

    cells: Sequence[Cell]
    console: Console
    results: list[Result] = field(default_factory=list)

    async def play(self) -> None:
        """Play all cells that have no result yet; SIGTERM ends it with all that it started."""
        playing = asyncio.current_task()
        assert playing is not None, "a coroutine that runs has a task"
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
        done = {(one.fault, one.lane) for one in self.results}
        cells = [cell for cell in self.cells if (cell[0].name, cell[1].name) not in done]
        lanes = list(dict.fromkeys(lane for _, lane in cells))
        with own_folder() as folder:
            async with site(folder, lanes) as places:
                beside = [cell for cell in cells if not cell[0].alone]
                await asyncio.gather(*(self._play_lane(beside, places[x.name]) for x in lanes))
                for cell in cells:
                    if cell[0].alone:
                        await self._play_lane([cell], places[cell[1].name])

    async def _play_lane(self, cells: Sequence[Cell], place: Place) -> None:
        rescuer = await place.caller()
        for fault, lane in cells:
            if lane is place.lane:
                result = await play(place, rescuer, fault)
                self.results.append(result)
                report.append_line(PROGRESS, result)
                said = "; ".join(result.broken) or "ok"
                self.console.print(f"{lane.name}: {fault.name}: {said} ({result.seconds} s)")


def main() -> int:
    """Play, print, and say by the exit code whether every promise was kept."""
    asked = _asked()
    cells = quick_cells() if asked.quick else every_cell()
    chosen = [
        (fault, lane)
        for fault, lane in cells
        if asked.fault in fault.name and (not asked.lane or lane.name in asked.lane)
    ]
    run = Run(chosen, Console(stderr=True, highlight=False))
    if asked.resume:
        run.results = report.read_lines(PROGRESS)
    else:
        PROGRESS.unlink(missing_ok=True)
    asyncio.run(run.play())
    order = list(FAULTS)
    run.results.sort(key=lambda one: order.index(one.fault))
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    report.print_report(console, run.results, lanes=[lane.name for lane in LANES])
    if asked.out is not None:
        report.write_json(asked.out, run.results)
    return int(any(one.broken for one in run.results))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes instead of an hour")
    parser.add_argument("--resume", action="store_true", help="go on where the last run ended")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    parser.add_argument("--fault", default="", help="only faults whose name contains this")
    parser.add_argument("--lane", action="append", default=[], help="only this policy's lane")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
