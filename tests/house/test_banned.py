"""
Words that may not stand in the code, each with the reason.

Comments are searched as well, because that is where most of them hide. This file does
not spell the words it looks for, so that a plain search of the tree stays empty too.
"""

import ast
import re

import pytest

from tests.house.tree import ROOT, Module, modules, modules_of_tests

MARKS = {
    "a promise without a date": r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b",
    "a capability that is declared and absent": "NotImplemented" + "Error",
    "a gap in the measurement": "pragma: no " + "cover",
    "an unexplained silence": r"# type: " + r"ignore(?!\[)|# no" + r"qa(?!: [A-Z]+\d)",
}


def _hits(module: Module, pattern: str) -> list[str]:
    lines = module.text.splitlines()
    return [
        f"{module.place}:{number}"
        for number, line in enumerate(lines, 1)
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("reason", MARKS)
def test_the_code_holds_no(reason: str) -> None:
    everything = [*modules(), *modules_of_tests()]
    assert not [hit for module in everything for hit in _hits(module, MARKS[reason])]


def test_every_module_says_what_it_is_for() -> None:
    everything = [*modules(), *modules_of_tests()]
    assert not [module.place for module in everything if not ast.get_docstring(module.tree)]


def test_the_import_contracts_have_no_exceptions() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "ignore_" + "imports" not in text


def test_ci_calls_the_command_that_people_call() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.strip() and not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
