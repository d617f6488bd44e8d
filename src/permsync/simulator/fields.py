"""
Bitbucket Cloud's partial responses: which parts of an answer the `fields` parameter asks for.

A plain list of paths replaces the usual fields, `+path` adds one, `-path` takes one away. Source:
"Partial responses" in Bitbucket Cloud's REST documentation.
"""

from collections.abc import Iterable
from typing import Any


def selected(full: Any, *, usual: Iterable[str], asked: str) -> Any:
    """The parts of `full` that were asked for, or the usual ones when nothing was."""
    named = [path.strip() for path in asked.split(",") if path.strip()]
    replaces = [path for path in named if path[0] not in "+-"]
    shown = list(replaces or usual) + [path[1:] for path in named if path[0] == "+"]
    hidden = {path[1:] for path in named if path[0] == "-"}
    return _pruned(full, "", [path.removesuffix(".*") for path in shown], hidden)


def _pruned(part: Any, path: str, shown: list[str], hidden: set[str]) -> Any:
    if isinstance(part, list):
        return [_pruned(each, path, shown, hidden) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {}
    for name, value in part.items():
        inner = f"{path}.{name}" if path else name
        if inner not in hidden and _is_shown(inner, shown):
            kept[name] = _pruned(value, inner, shown, hidden)
    return kept


def _is_shown(path: str, shown: list[str]) -> bool:
    return any(
        each in {path, "*"} or path.startswith(f"{each}.") or each.startswith(f"{path}.")
        for each in shown
    )
