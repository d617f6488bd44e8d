"""
The tests mirror the tree, can fail, and use the real thing instead of a pretence.

What is looked for is how a test is written; whether it states the right rule is for a
reviewer to say.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import (
    TESTS,
    Function,
    FunctionNode,
    Module,
    dotted,
    functions,
    imported_names,
    modules,
    modules_of_tests,
)

MOCK_LINES_PER_100_TESTS = 5
PRETENCES = frozenset(
    {"AsyncMock", "MagicMock", "Mock", "create_autospec", "mocker", "patch", "pretend"}
)
PATCHES = frozenset({"monkeypatch.delattr", "monkeypatch.setattr", "monkeypatch.setitem"})
WAYS_OUT = ("importorskip", "skip", "skipif", "xfail")


def _tests(module: Module) -> Iterator[Function]:
    for function in functions(module):
        if function.node.name.startswith("test_"):
            yield function


def _has_logic(module: Module) -> bool:
    """Whether there is a function to be wrong; a list of words or fields has none."""
    return any(not _is_stub(function.node) for function in functions(module))


def _is_stub(node: FunctionNode) -> bool:
    """A method of a protocol: its docstring is its body."""
    return len(node.body) == 1 and ast.get_docstring(node) is not None


def _mirror(module: Module) -> Path:
    """Where the test of ``module`` stands; a topic may follow its name."""
    parts = module.name.split(".")[1:]
    if module.path.name == "__init__.py":
        return TESTS.joinpath(*parts, f"test_{parts[-1] if parts else 'permsync'}")
    return TESTS.joinpath(*parts[:-1], f"test_{parts[-1]}")


def _is_mirrored(module: Module) -> bool:
    """Whether a test bears the module's name, with a topic, or that of its family."""
    mirror = _mirror(module)
    words = mirror.name.split("_")
    families = ["_".join(words[:count]) for count in range(2, len(words) + 1)]
    return any(mirror.parent.glob(f"{mirror.name}_*.py")) or any(
        (mirror.parent / f"{family}.py").is_file() for family in families
    )


# These are proved by stories that run through many of them at once; a floor under the
# coverage of flows and store (the Makefile's gate) takes the place of a file each.
STORIED = (
    "permsync.app",
    "permsync.cli",
    "permsync.flows",
    "permsync.store",
    "permsync.web.pages",
    "permsync.web.static",
)


def _needs_mirror(module: Module) -> bool:
    is_storied = any(module.within(layer) for layer in STORIED)
    return _has_logic(module) and not is_storied and module.path.name != "__main__.py"


def test_every_module_with_logic_has_its_test_where_it_stands_itself() -> None:
    bare = [
        f"{module.place} -> {_mirror(module).relative_to(TESTS.parent)}.py"
        for module in modules()
        if _needs_mirror(module) and not _is_mirrored(module)
    ]
    assert not bare


def test_the_world_is_simulated_and_not_mocked() -> None:
    pretended = [hit for module in modules_of_tests() for hit in _pretences(module)]
    count = sum(1 for module in modules_of_tests() for _ in _tests(module))
    assert len(pretended) * 100 <= MOCK_LINES_PER_100_TESTS * count, pretended


def _pretences(module: Module) -> Iterator[str]:
    for name, line in imported_names(module):
        if name.startswith("unittest.mock"):
            yield f"{module.place}:{line} {name}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            spoken = dotted(node)
            if spoken in PATCHES or spoken.rpartition(".")[2] in PRETENCES:
                yield f"{module.place}:{node.lineno} {spoken}"


def test_no_test_can_be_skipped() -> None:
    skipped = [
        f"{module.place}:{node.lineno}"
        for module in modules_of_tests()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in WAYS_OUT
    ]
    assert not skipped


def test_every_test_can_fail() -> None:
    toothless = [
        test.place
        for module in modules_of_tests()
        for test in _tests(module)
        if not _can_fail(test, module)
    ]
    assert not toothless


def _can_fail(test: Function, module: Module) -> bool:
    """Whether the test asserts, expects an error, or calls a function that does so."""
    claims = {function.node.name for function in functions(module) if _claims(function.node)}
    calls = {dotted(node.func).rpartition(".")[2] for node in _calls(test.node)}
    named = any(name.startswith(("assert_", "check_", "expect_")) for name in calls)
    return _claims(test.node) or bool(calls & claims) or named


def _claims(node: FunctionNode) -> bool:
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(node)) or any(
        dotted(call.func) in {"pytest.raises", "pytest.warns", "pytest.fail"}
        for call in _calls(node)
    )


def _calls(node: FunctionNode) -> Iterator[ast.Call]:
    yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def test_no_two_tests_of_one_module_share_a_name() -> None:
    hidden = []
    for module in modules_of_tests():
        names = [node.name for node in module.tree.body if isinstance(node, FunctionNode)]
        hidden += [f"{module.place} {name}" for name in set(names) if names.count(name) > 1]
    assert not hidden
