"""Scopes are compared by what they hold and not by their names."""

import pytest

from permsync.codehost.scopes import missing_scopes, parse_scopes

IMPLIED = {"all": ("some", "other"), "some": ("least",), "loop": ("loop", "least")}


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("a b", {"a", "b"}),
        ("a,b", {"a", "b"}),
        ("a, b,", {"a", "b"}),
        ("", set()),
    ],
)
def test_scopes_are_separated_by_spaces_or_commas(value: str, scopes: set[str]) -> None:
    assert parse_scopes(value) == frozenset(scopes)


@pytest.mark.parametrize("value", [None, 7, ["a"], {}, "a\x00", "\udcff"])
def test_anything_else_says_nothing(value: object) -> None:
    assert parse_scopes(value) is None


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ({"least"}, set()),
        ({"some"}, set()),
        ({"all"}, set()),  # two steps away
        ({"loop"}, set()),
        ({"other"}, {"least"}),
        (set(), {"least"}),
    ],
)
def test_a_wider_scope_stands_for_its_parts(granted: set[str], missing: set[str]) -> None:
    found = missing_scopes(needed=["least"], granted=frozenset(granted), implied=IMPLIED)
    assert found == missing


def test_nothing_is_missing_where_nothing_was_said() -> None:
    assert missing_scopes(needed=["least"], granted=None, implied=IMPLIED) == frozenset()
