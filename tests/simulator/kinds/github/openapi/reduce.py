"""
Cuts GitHub's OpenAPI description down to the operations that permsync uses.

Takes the unpacked npm package `@octokit/openapi` as its argument and writes `github.json` beside
this file. What it must not do is change the meaning of a schema: it only drops operations, unused
components, descriptions and examples.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DESCRIPTION = "generated/ghes-3.19.json"
OPERATIONS = frozenset(
    {
        "apps/check-token",
        "apps/create-installation-access-token",
        "apps/delete-token",
        "apps/list-installation-repos-for-authenticated-user",
        "apps/list-installations",
        "apps/list-installations-for-authenticated-user",
        "apps/list-repos-accessible-to-installation",
        "repos/get",
        "repos/list-collaborators",
        "repos/list-for-authenticated-user",
        "users/get-authenticated",
    }
)
DROPPED = frozenset({"description", "example", "examples", "externalDocs", "summary", "tags"})


def reduced(description: dict[str, Any]) -> dict[str, Any]:
    """The description with only our operations and the components that they reach."""
    paths: dict[str, Any] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS:
                paths.setdefault(path, {})[method] = _without_prose(operation)
    components: dict[str, Any] = {}
    _collect(paths, description, components)
    return {
        "openapi": description["openapi"],
        "info": {name: description["info"][name] for name in ("title", "version", "license")},
        "paths": paths,
        "components": components,
    }


def _collect(part: Any, description: dict[str, Any], components: dict[str, Any]) -> None:
    """Copy every component that `part` refers to, directly or through another one."""
    if isinstance(part, list):
        for each in part:
            _collect(each, description, components)
    elif isinstance(part, dict):
        for each in part.values():
            _collect(each, description, components)
        target = part.get("$ref")
        if isinstance(target, str):
            section, name = target.removeprefix("#/components/").split("/")
            if name not in components.setdefault(section, {}):
                found = _without_prose(description["components"][section][name])
                components[section][name] = found
                _collect(found, description, components)


def _without_prose(part: Any, *, names_are_ours: bool = False) -> Any:
    """The part without texts for readers; a property may be called `description` itself."""
    if isinstance(part, list):
        return [_without_prose(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_prose(each, names_are_ours=name == "properties" and not names_are_ours)
        for name, each in part.items()
        if names_are_ours or name not in DROPPED
    }


def main(package: Path) -> None:
    """Write `github.json` and the licence from the unpacked package."""
    description = json.loads((package / DESCRIPTION).read_text(encoding="utf-8"))
    text = json.dumps(reduced(description), indent=1, sort_keys=True) + "\n"
    (HERE / "github.json").write_text(text, encoding="utf-8")
    shutil.copyfile(package / "LICENSE", HERE / "LICENSE")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
