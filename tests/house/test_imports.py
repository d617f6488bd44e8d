"""
Every library and every kind of I/O has one home; pure code imports from an allow-list.

The layers between our own modules are import-linter's (``pyproject.toml``). Here stands
what it cannot say: lists of what is allowed, so that a library nobody thought of fails
too. A home that no longer imports its library is a line to delete, and fails as well.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.tree import Module, dotted, functions, imported_names, modules

PURE = (
    "permsync.codehost",
    "permsync.errors",
    "permsync.hosts",
    "permsync.model",
    "permsync.oauth2",
    "permsync.rules",
)
# Nothing here reads a file, a socket, a clock or a source of chance when it is used as
# pure code uses it: `datetime.now` and its like are looked for by name below.
PURE_STANDARD = (
    "abc",
    "base64",
    "binascii",
    "collections",
    "dataclasses",
    "datetime",
    "email.utils.parsedate_to_datetime",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "http.HTTPStatus",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "string",
    "types",
    "typing",
    "urllib.parse",
)
# The registry finds the host files in its own folder, and those of other packages in what is
# installed beside them: it reads what `import` reads, once, and nothing that changes later.
PURE_EXCEPTIONS = {
    "permsync.hosts": (
        "importlib.import_module",
        "importlib.metadata.EntryPoint",
        "importlib.metadata.entry_points",
        "pkgutil",
    )
}

# Library -> the modules that may import it. A library that is missing here is refused.
HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("permsync.transport",),
    "alembic": ("permsync.store",),
    "asyncpg": ("permsync.store",),
    "cryptography": ("permsync.vault",),
    "fastapi": ("permsync.web",),
    "jinja2": ("permsync.simulator", "permsync.web.pages"),
    "joserfc": ("permsync.oauth2", "permsync.simulator", "permsync.vault"),
    "msgspec": (
        "permsync.codehost",
        "permsync.hosts",
        "permsync.oauth2",
        "permsync.simulator",
    ),
    "opentelemetry": ("permsync.telemetry",),
    "pgqueuer": ("permsync.store",),
    "prometheus_client": ("permsync.telemetry",),
    "pydantic": ("permsync.config", "permsync.simulator", "permsync.web"),
    "pydantic_core": ("permsync.config",),
    "rich": ("permsync.cli",),
    "sqlalchemy": ("permsync.store",),
    "starlette": ("permsync.web", "permsync.simulator"),
    "structlog": ("permsync.telemetry",),
    "typer": ("permsync.cli",),
    "uvicorn": ("permsync.cli", "permsync.simulator"),
    "uvloop": ("permsync.cli",),
    "yarl": ("permsync.transport",),
}
STANDARD_HOMES: dict[str, tuple[str, ...]] = {
    "http.client": ("permsync.cli.demo", "permsync.simulator"),
    "logging": ("permsync.telemetry",),
    "pickle": (),
    "random": ("permsync.app",),
    "secrets": ("permsync.app", "permsync.simulator", "permsync.vault"),
    "socket": ("permsync.cli", "permsync.simulator", "permsync.store", "permsync.transport"),
    "sqlite3": (),
    "ssl": ("permsync.transport",),
    "subprocess": ("permsync.config", "permsync.store", "permsync.cli"),
    "urllib.request": ("permsync.cli.demo",),
}
# `cli.demo` plays the world around the service, a browser and an operator, from outside.
# Dotted text -> homes, for doors that are one attribute of a module with other uses.
DOORS: dict[str, tuple[str, ...]] = {
    "date.today": (),
    "datetime.now": ("permsync.app", "permsync.simulator"),
    "datetime.utcnow": (),
    "os.environ": ("permsync.config",),
    "os.getenv": ("permsync.config",),
    "os.urandom": ("permsync.vault",),
    "time.clock_gettime": ("permsync.app",),
    "time.monotonic": ("permsync.app", "permsync.cli.demo", "permsync.simulator"),
    "time.perf_counter": ("permsync.app", "permsync.cli.demo"),
    "time.time": ("permsync.app", "permsync.simulator"),
    "uuid.uuid4": ("permsync.app", "permsync.simulator", "permsync.store"),
}


def _is_within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{prefix}.") for prefix in prefixes)


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_ours(name: str) -> bool:
    return _top(name) == "permsync"


def _is_standard(name: str) -> bool:
    return _top(name) in sys.stdlib_module_names


def test_pure_code_imports_only_what_is_known_to_be_pure() -> None:
    strays = [
        f"{module.place}:{line} {name}"
        for module in modules()
        if module.within(*PURE)
        for name, line in imported_names(module)
        if not _is_pure(module, name)
    ]
    assert not strays


def _is_pure(module: Module, name: str) -> bool:
    if _is_ours(name):
        return name == "permsync" or _is_within(name, PURE)
    if _is_standard(name):
        allowed = PURE_STANDARD + PURE_EXCEPTIONS.get(module.name, ())
        return _is_within(name, allowed)
    return module.within(*HOMES.get(_top(name), ()))


def test_pure_code_never_waits_opens_or_prints() -> None:
    doors = [
        f"{module.place}:{line}"
        for module in modules()
        if module.within(*PURE)
        for line in _impure_lines(module)
    ]
    assert not doors


def _impure_lines(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        match node:
            case ast.AsyncFunctionDef() | ast.Await():
                yield node.lineno
            case ast.Call(func=ast.Name(id="open" | "print" | "input")):
                yield node.lineno
            case _:
                continue


def test_a_rule_answers_with_a_reason_and_not_with_a_bare_yes() -> None:
    bare = [
        function.place
        for module in modules()
        if module.within("permsync.rules")
        for function in functions(module)
        if not function.node.name.startswith("_")
        and function.node.returns is not None
        and ast.unparse(function.node.returns) == "bool"
        and not _is_property(function.node)
    ]
    assert not bare


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A property of a verdict restates its reason; it is not a verdict itself."""
    return any(dotted(decorator) == "property" for decorator in node.decorator_list)


def test_a_library_is_imported_only_at_home() -> None:
    strays = [
        f"{module.place}:{line} {name}"
        for module in modules()
        for name, line in imported_names(module)
        if not _is_ours(name) and not _is_standard(name)
        if not module.within(*HOMES.get(_top(name), ()))
    ]
    assert not strays


@pytest.mark.parametrize("library", STANDARD_HOMES)
def test_a_door_of_the_standard_library_is_opened_only_at_home(library: str) -> None:
    strays = [
        f"{module.place}:{line} {name}"
        for module in modules()
        for name, line in imported_names(module)
        if _is_within(name, (library,)) and not module.within(*STANDARD_HOMES[library])
    ]
    assert not strays


@pytest.mark.parametrize("door", DOORS)
def test_clock_chance_and_environment_are_read_only_at_home(door: str) -> None:
    strays = [
        f"{module.place}:{line}"
        for module, text, line in _spoken()
        if f".{text}".endswith(f".{door}") and not module.within(*DOORS[door])
    ]
    assert not strays


@cache
def _spoken() -> list[tuple[Module, str, int]]:
    """Dotted names in the code, whether imported from their module or spelled out."""
    spoken = [(module, *found) for module in modules() for found in imported_names(module)]
    spoken += [
        (module, dotted(node), node.lineno)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    ]
    return spoken


@pytest.mark.parametrize("library", HOMES)
def test_no_home_is_kept_for_a_library_that_left(library: str) -> None:
    empty = [
        home
        for home in HOMES[library]
        if not any(
            _top(name) == library
            for module in modules()
            if module.within(home)
            for name, _ in imported_names(module)
        )
    ]
    assert not empty


def test_host_files_do_not_know_each_other() -> None:
    kinds = {module.name for module in modules() if _is_host_file(module)}
    strays = [
        f"{module.place}:{line} {name}"
        for module in modules()
        if module.name in kinds
        for name, line in imported_names(module)
        if any(_is_within(name, (kind,)) for kind in kinds - {module.name})
    ]
    assert not strays


def _is_host_file(module: Module) -> bool:
    return module.within("permsync.hosts") and any(
        isinstance(node, ast.ClassDef) and node.name == "Host" for node in module.tree.body
    )
