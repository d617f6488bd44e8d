"""
Names say what a thing is: no drawer for odds and ends, no verb that fits everything.

The lists are the house style's. A name that a library demands (an overridden method) is
not ours, so it is told apart by the decorator or the base class that demands it.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import Function, FunctionNode, Module, functions, modules

# A file or folder is named after the product or a technology. Only the last word is
# looked at: `service_keys` is a word of the glossary.
DRAWERS = frozenset(
    {"base", "common", "core", "helper", "helpers", "manager", "managers", "misc"}
    | {"service", "services", "shared", "stuff", "util", "utils"}
)
VAGUE_VERBS = frozenset({"do", "handle", "manage", "perform", "process"})
# Base class -> what the methods that it calls begin with.
DEMANDED = {"HTMLParser": "handle_"}
VAGUE_PARAMETERS = frozenset({"data", "info", "obj"})
NEGATIONS = ("disable_", "no_", "not_", "without_")
# "sign in" is a verb; its particle is no unit.
NO_UNITS = frozenset({"sign_in"})
UNITS = {"_at": "datetime", "_in": "timedelta", "_seconds": ("float", "int")}
SAME_TYPE = frozenset({"bool", "bytes", "datetime", "float", "int", "str", "timedelta"})


def _parameters(function: Function) -> Iterator[ast.arg]:
    arguments = function.node.args
    yield from arguments.posonlyargs
    yield from arguments.args
    yield from arguments.kwonlyargs


def _all_functions() -> Iterator[Function]:
    for module in modules():
        yield from functions(module)


def test_no_module_or_folder_is_a_drawer() -> None:
    drawers = [
        module.place
        for module in modules()
        if any(part.split("_")[-1] in DRAWERS for part in module.name.split("."))
    ]
    assert not drawers


def test_no_function_has_a_verb_that_fits_everything() -> None:
    vague = [
        function.place
        for function in _all_functions()
        if function.node.name.lstrip("_").split("_")[0] in VAGUE_VERBS
        and id(function.node) not in _demanded(function.module)
    ]
    assert not vague


def _demanded(module: Module) -> set[int]:
    """The methods whose names a library's base class demands."""
    return {
        id(method)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        for method in node.body
        if isinstance(method, FunctionNode)
        and method.name.startswith(DEMANDED.get(ast.unparse(base), "-"))
    }


def test_no_parameter_has_a_name_that_fits_everything() -> None:
    vague = [
        f"{function.place}({parameter.arg})"
        for function in _all_functions()
        for parameter in _parameters(function)
        if parameter.arg in VAGUE_PARAMETERS
    ]
    assert not vague


def test_no_boolean_parameter_means_not() -> None:
    negated = [
        f"{function.place}({parameter.arg})"
        for function in _all_functions()
        for parameter in _parameters(function)
        if parameter.arg.startswith(NEGATIONS)
    ]
    assert not negated


def _annotated(module: Module) -> Iterator[tuple[int, str, str]]:
    wire = {
        id(statement)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and _spoken_by_others(node)
        for statement in ast.walk(node)
    }
    for node in ast.walk(module.tree):
        if id(node) in wire:
            continue
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id, ast.unparse(node.annotation)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            yield node.lineno, node.arg, ast.unparse(node.annotation)


def _spoken_by_others(node: ast.ClassDef) -> bool:
    """Whether the class names the fields of a host's JSON, which are the host's words."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return bool(bases & {"Struct", "TypedDict"})


@pytest.mark.parametrize("suffix", UNITS)
def test_a_suffix_carries_its_unit(suffix: str) -> None:
    wrong = [
        f"{module.place}:{line} {name}: {annotation}"
        for module in modules()
        if not module.within("permsync.simulator")
        for line, name, annotation in _annotated(module)
        if name.endswith(suffix)
        and name not in NO_UNITS
        and not any(unit in annotation for unit in _units(suffix))
    ]
    assert not wrong


def _units(suffix: str) -> tuple[str, ...]:
    units = UNITS[suffix]
    return units if isinstance(units, tuple) else (units,)


def test_two_arguments_of_one_type_are_named_at_the_call() -> None:
    swappable = [
        f"{function.place}({', '.join(names)})"
        for module in modules()
        for function in _offered(module)
        for names in _positional_twins(function)
    ]
    assert not swappable


def _offered(module: Module) -> Iterator[Function]:
    """Functions and methods that other code calls: not private, not nested, not a route's."""
    bodies = [module.tree.body]
    bodies += [node.body for node in module.tree.body if isinstance(node, ast.ClassDef)]
    for node in (statement for body in bodies for statement in body):
        if not isinstance(node, FunctionNode) or node.decorator_list:
            continue
        if node.name == "__init__" or not node.name.startswith("_"):
            yield Function(module=module, node=node)


def _positional_twins(function: Function) -> Iterator[list[str]]:
    """Positional parameters whose plain types are equal, so that a caller may swap them."""
    by_type: dict[str, list[str]] = {}
    for parameter in function.node.args.args:
        if parameter.annotation is not None:
            annotation = ast.unparse(parameter.annotation).removesuffix(" | None")
            if annotation in SAME_TYPE:
                by_type.setdefault(annotation, []).append(parameter.arg)
    yield from (names for names in by_type.values() if len(names) > 1)
