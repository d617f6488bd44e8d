"""Which cells are played, and what is shown of them."""

import io
import json
from pathlib import Path

from rich.console import Console

from tests.chaos import report
from tests.chaos.cell import Result
from tests.chaos.lanes import LANES
from tests.chaos.matrix import FAULTS, every_cell, quick_cells

KEPT = Result(
    fault="reset",
    lane="strict",
    accounts=1,
    lost=1,
    allowed=1,
    falsely_dead=0,
    overwritten=0,
    stale_healthy=0,
    most_posts=5,
    broken=(),
    seconds=1.5,
)
BROKEN = Result(
    fault="reset",
    lane="grace",
    accounts=1,
    lost=0,
    allowed=0,
    falsely_dead=1,
    overwritten=0,
    stale_healthy=0,
    most_posts=2,
    broken=("falsely dead",),
    seconds=0.5,
    facts=('{"state": "needs_reauth"}',),
)


def test_the_full_matrix_is_every_fault_on_every_policy() -> None:
    cells = [(fault.name, lane.name) for fault, lane in every_cell()]
    assert len(cells) == len(set(cells)) == len(FAULTS) * len(LANES)


def test_a_quick_run_plays_every_fault_but_the_big_ones_and_every_policy() -> None:
    cells = list(quick_cells())
    assert {fault.name for fault, _ in cells} == {
        name for name, fault in FAULTS.items() if not fault.big
    }
    assert {lane for _, lane in cells} == set(LANES)


def test_a_broken_promise_is_told_with_its_facts() -> None:
    out = io.StringIO()
    report.print_report(Console(file=out, width=120), [KEPT, BROKEN], lanes=["strict", "grace"])
    said = out.getvalue()
    assert "1 lost, 5" in said
    assert "dead 1, 2" in said
    assert "reset x grace: falsely dead" in said
    assert '{"state": "needs_reauth"}' in said


def test_an_unavoidable_loss_breaks_no_promise() -> None:
    counted = report.summary([KEPT, BROKEN])
    assert (counted["lost_where_unavoidable"], counted["lost_otherwise"]) == (1, 0)
    assert counted["cells_with_broken_promises"] == 1


def test_an_interrupted_run_can_go_on(tmp_path: Path) -> None:
    file = tmp_path / "build" / "chaos.jsonl"
    assert report.read_lines(file) == []
    for result in (KEPT, BROKEN):
        report.append_line(file, result)
    assert report.read_lines(file) == [KEPT, BROKEN]


def test_programs_get_the_same_figures(tmp_path: Path) -> None:
    file = tmp_path / "chaos.json"
    report.write_json(file, [KEPT, BROKEN])
    document = json.loads(file.read_text())
    assert document["summary"] == report.summary([KEPT, BROKEN])
    assert [one["fault"] for one in document["cells"]] == ["reset", "reset"]
