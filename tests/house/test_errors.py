"""
The error tree is complete, drawn as it is, and every leaf has a stable code and a fault.

The drawing in the docstring of ``permsync.errors`` is read and compared, because it is
what people look at first.
"""

import inspect
import re
from collections.abc import Iterator

import pytest

from permsync import errors
from permsync.errors import Fault, PermsyncError

DRAWN = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)(?:\s+(?P<text>.+))?$")


def _below(error: type[PermsyncError]) -> Iterator[type[PermsyncError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


# Errors of the tests themselves, or of a flow, are not in the drawing's module.
TREE = [found for found in _below(PermsyncError) if found.__module__.startswith("permsync")]
LEAVES = [found for found in TREE if not found.__subclasses__()]


@pytest.mark.parametrize("error", TREE)
def test_an_error_has_its_own_code_and_a_fault(error: type[PermsyncError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.__dict__["code"])
    assert isinstance(error.fault, Fault)


@pytest.mark.parametrize("error", TREE)
def test_an_error_says_that_it_is_one_and_when_it_is_raised(error: type[PermsyncError]) -> None:
    assert error.__name__.endswith("Error")
    assert inspect.getdoc(error)


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in TREE]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("error", TREE)
def test_every_error_stands_in_the_one_tree(error: type[PermsyncError]) -> None:
    assert error.__module__ == "permsync.errors"


def test_the_fault_is_decided_by_the_branch() -> None:
    for branch in PermsyncError.__subclasses__():
        assert {leaf.fault for leaf in _below(branch)} <= {branch.fault}


def _drawing() -> Iterator[tuple[str, str, str]]:
    """Parent, name and text of every line of the drawing."""
    parents = {-1: "PermsyncError"}
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        match = DRAWN.match(line.removeprefix("    "))
        if match is not None:
            depth = len(match["indent"]) // 4
            parents[depth] = match["name"]
            yield parents[depth - 1], match["name"], match["text"] or ""


def test_the_drawing_is_the_tree() -> None:
    drawn = {(parent, name) for parent, name, _ in _drawing()}
    assert drawn == {(error.__bases__[0].__name__, error.__name__) for error in TREE}


def test_the_drawing_names_the_code_of_every_leaf() -> None:
    texts = {name: text for _, name, text in _drawing()}
    wrong = [leaf for leaf in LEAVES if not texts[leaf.__name__].startswith(leaf.code)]
    assert not wrong
