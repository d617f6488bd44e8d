"""
Bodies that no caller means well with, for any question of the API.

Half of them are near a real question, because what is far from one is refused early. This
module must not know what an answer is.
"""

import json
from typing import Any

from hypothesis import strategies as some

KINDS = ["account", "identity", "read", "user"]
FIELDS = ["action", "explain", "external_id", "full_name", "host", "id", "issuer", "repo", "type"]
TEXTS = some.one_of(
    some.sampled_from([*FIELDS, *KINDS, "github", "subject", "__class__", ""]),
    some.text(max_size=8),
    some.sampled_from(
        [
            "\x00",
            "\ud800",
            "9" * 18,
            "9" * 19,
            "9" * 400,
            "-1",
            "1e400",
            "x" * 3_000,
            "\u202e",
            "%00",
        ]
    ),
)
LEAVES = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(allow_nan=True),
    some.just(10**400),
    TEXTS,
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: some.one_of(
        some.lists(inner, max_size=3), some.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
)


def bodies(near: dict[str, Any]) -> some.SearchStrategy[bytes]:
    """Bytes, any JSON, and the question ``near`` with fields replaced or added."""
    changed = some.dictionaries(some.one_of(some.sampled_from(sorted(near)), TEXTS), VALUES)
    deeper = some.tuples(some.sampled_from(sorted(near)), TEXTS, VALUES)
    return some.one_of(
        some.binary(max_size=40),
        VALUES.map(_written),
        changed.map(lambda change: _written({**near, **change})),
        deeper.map(lambda change: _written(_deepened(near, *change))),
    )


def _deepened(near: dict[str, Any], name: str, key: str, value: Any) -> dict[str, Any]:
    inside = near[name]
    return {**near, name: {**inside, key: value} if isinstance(inside, dict) else value}


def _written(value: Any) -> bytes:
    return json.dumps(value).encode()
