"""
Cuts GitHub's description of its webhooks down to where ids stand in those that we read.

Takes the unpacked npm package `@octokit/openapi-webhooks` and writes `payloads.json` beside this
file: `python tests/hosts/github/payloads/reduce.py PACKAGE_FOLDER`. For each event and action it
lists the paths of whole numbers called `id`, and whether one is always there.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DESCRIPTION = "generated/api.github.com.json"
DEEPEST = 4
EVENTS = frozenset(
    {"github-app-authorization", "installation", "installation-repositories"}
    | {"installation-target", "member"}
    | {"membership", "meta", "org-block", "organization", "ping", "public", "repository"}
    | {"team", "team-add"}
)


def reduced(description: dict[str, Any]) -> dict[str, dict[str, bool]]:
    """Event and action -> path of an id -> whether it is always there."""
    schemas = description["components"]["schemas"]
    found = {}
    for item in description["webhooks"].values():
        event, _, action = item["post"]["operationId"].partition("/")
        if event in EVENTS:
            body = item["post"]["requestBody"]["content"]["application/json"]["schema"]
            name = f"{event.replace('-', '_')}/{action.replace('-', '_')}"
            found[name] = dict(sorted(_ids(body, schemas, path="", always=True, depth=0)))
    return dict(sorted(found.items()))


def _ids(
    schema: Any, schemas: dict[str, Any], *, path: str, always: bool, depth: int
) -> Iterator[tuple[str, bool]]:
    for shape in _shapes(schema, schemas):
        if path.endswith(".id") and shape.get("type") == "integer":
            yield path, always
        if depth == DEEPEST:
            continue
        for name, inner in shape.get("properties", {}).items():
            needed = always and name in shape.get("required", ())
            deeper = f"{path}.{name}" if path else name
            yield from _ids(inner, schemas, path=deeper, always=needed, depth=depth + 1)


def _shapes(schema: Any, schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema itself and every one that it may be."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    yield schema
    for name in ("oneOf", "anyOf", "allOf"):
        for inner in schema.get(name, ()):
            yield from _shapes(inner, schemas)


if __name__ == "__main__":
    package = Path(sys.argv[1])
    described = json.loads((package / DESCRIPTION).read_text(encoding="utf-8"))
    text = json.dumps(reduced(described), indent=1, sort_keys=True)
    (HERE / "payloads.json").write_text(f"{text}\n", encoding="utf-8")
    shutil.copy(package / "LICENSE", HERE / "LICENSE")
