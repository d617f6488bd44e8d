"""
The contract battery as a table: every case against every kind of host.

``python -m tests.hosts.battery`` runs ``tests/hosts/test_contract*.py`` and prints what each
kind did, kinds of installed packages included; ``--kind`` runs it for some kinds only, and
``--case`` those cases that have its words. The exit code is 1 where something failed. A case
that was tried with several answers counts them.
This module must not know a kind or what a case asks.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from permsync.hosts import registry

FILES = sorted(map(str, Path(__file__).parent.glob("test_contract*.py")))
QUIET = ("-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:randomly")
WIDTH = 160


@dataclass
class Ledger:
    """What pytest tells while it runs: which cases there were, and which of them failed."""

    kinds: Sequence[str]
    words: Sequence[str] = ("",)
    cases: dict[str, tuple[str, str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the cases and kinds that were asked for."""
        for item in list(items):
            kind = item.callspec.params.get("kind") if isinstance(item, pytest.Function) else None
            case = _said(item)
            wanted = any(words in case for words in self.words)
            if wanted and isinstance(kind, str) and kind in self.kinds:
                self.cases[item.nodeid] = (case, kind)
            else:
                items.remove(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what failed, in whichever phase."""
        if report.failed:
            self.failed.add(report.nodeid)

    def table(self) -> Table:
        """Cases down, kinds across."""
        rows: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for nodeid, (case, kind) in self.cases.items():
            rows[case][kind].append(nodeid)
        table = Table("case", *self.kinds, title="The contract battery")
        for case, by_kind in rows.items():
            table.add_row(case, *(self._cell(by_kind.get(kind, [])) for kind in self.kinds))
        return table

    def _cell(self, nodeids: list[str]) -> str:
        failed = [nodeid for nodeid in nodeids if nodeid in self.failed]
        if not nodeids:
            return "-"
        if failed:
            return f"FAILED {len(failed)} of {len(nodeids)}"
        return "ok" if len(nodeids) == 1 else f"ok ({len(nodeids)})"


def _said(item: pytest.Item) -> str:
    """The sentence of a test's name."""
    name = item.originalname if isinstance(item, pytest.Function) else item.name
    return name.removeprefix("test_").replace("_", " ")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the battery and print its table; 1 where a case failed or none was there."""
    parser = argparse.ArgumentParser(prog="python -m tests.hosts.battery", description=__doc__)
    parser.add_argument("--kind", action="append", choices=list(registry()))
    parser.add_argument("--case", action="append", metavar="WORDS")
    chosen = parser.parse_args(arguments)
    ledger = Ledger(chosen.kind or list(registry()), chosen.case or ("",))
    code = pytest.main([*QUIET, *FILES], plugins=[ledger])
    Console(width=WIDTH).print(ledger.table())
    return int(code != 0 or bool(ledger.failed))


if __name__ == "__main__":
    sys.exit(main())
