"""
A secret in a value is never shown with it: not in an error, an assertion, or a debugger.

A field is taken for a secret by its name. What only sounds like one is listed, with the reason.
"""

import ast
from collections.abc import Iterator

from tests.house.tree import Module, dotted, modules

SECRET_WORDS = frozenset({"secret", "token", "verifier", "password", "ciphertext"})
NO_SECRETS = {
    "Dialect.token": "a path",
}


def _fields(module: Module) -> Iterator[tuple[str, ast.AnnAssign]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and _shows_itself(node):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield f"{node.name}.{statement.target.id}", statement


def _shows_itself(node: ast.ClassDef) -> bool:
    """Whether the class is a dataclass with a representation of its fields."""
    return any(
        dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) == "dataclass"
        for decorator in node.decorator_list
    )


def _is_hidden(statement: ast.AnnAssign) -> bool:
    return isinstance(statement.value, ast.Call) and any(
        keyword.arg == "repr" and ast.unparse(keyword.value) == "False"
        for keyword in statement.value.keywords
    )


def _holds_text(statement: ast.AnnAssign) -> bool:
    return set(ast.unparse(statement.annotation).split(" | ")) <= {"str", "bytes", "None"}


def test_no_field_that_holds_a_secret_is_shown() -> None:
    shown = [
        f"{module.place}:{statement.lineno} {name}"
        for module in modules()
        if not module.within("permsync.simulator")
        for name, statement in _fields(module)
        if name.rpartition(".")[2].rpartition("_")[2] in SECRET_WORDS
        and name not in NO_SECRETS
        and _holds_text(statement)
        and not _is_hidden(statement)
    ]
    assert not shown
