"""
The repository as the house tests see it: its modules, parsed once, and their functions.

Modules are discovered, never listed, so that a rule holds for a file the moment it
exists. This module decides nothing about style; the tests beside it do.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "permsync"
TESTS = ROOT / "tests"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file. ``name`` is dotted; ``text`` and ``tree`` are its two readings."""

    name: str
    path: Path
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def lines(self) -> int:
        """Lines in the file, blank ones and comments included."""
        return len(self.text.splitlines())

    @property
    def place(self) -> str:
        """The path as a person would type it."""
        return str(self.path.relative_to(ROOT))

    @property
    def has_code(self) -> bool:
        """Whether the file holds more than its docstring."""
        return len(self.tree.body) > 1

    def within(self, *packages: str) -> bool:
        """Whether the module is one of ``packages`` or lies below one."""
        return any(f"{self.name}.".startswith(f"{package}.") for package in packages)


@dataclass(frozen=True, slots=True)
class Function:
    """One function or method, and where it stands."""

    module: Module
    node: FunctionNode

    @property
    def lines(self) -> int:
        """Lines from ``def`` to the last one; decorators do not count."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def place(self) -> str:
        """File, line and name."""
        return f"{self.module.place}:{self.node.lineno} {self.node.name}"


def read_module(path: Path, *, root: Path) -> Module:
    """Parse one file; its name is its path below ``root``."""
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name=name, path=path, text=text, tree=ast.parse(text, filename=str(path)))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, in the order of their paths."""
    return tuple(read_module(path, root=SOURCE) for path in sorted(PACKAGE.rglob("*.py")))


@cache
def modules_of_tests() -> tuple[Module, ...]:
    """Every Python file below ``tests``."""
    return tuple(read_module(path, root=ROOT) for path in sorted(TESTS.rglob("*.py")))


def functions(module: Module) -> Iterator[Function]:
    """Every function of ``module``, nested ones included."""
    for node in ast.walk(module.tree):
        if isinstance(node, FunctionNode):
            yield Function(module=module, node=node)


def imported_names(module: Module) -> Iterator[tuple[str, int]]:
    """
    Every dotted name that ``module`` imports, with its line.

    ``from a import b`` gives ``a.b``, because ``b`` may be a module; imports under
    ``TYPE_CHECKING`` and inside functions count like all others.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def dotted(node: ast.expr) -> str:
    """The dotted text of a name or attribute, or an empty string for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            left = dotted(value)
            return f"{left}.{attribute}" if left else attribute
        case _:
            return ""
