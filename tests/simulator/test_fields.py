"""Partial responses: a list replaces, plus adds, minus takes away."""

import pytest

from permsync.simulator.fields import selected

FULL = {"values": [{"a": 1, "b": {"c": 2, "d": 3}}], "next": "url", "size": 1}
USUAL = ("values.a", "next", "size")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", {"values": [{"a": 1}], "next": "url", "size": 1}),
        ("values.b.c,next", {"values": [{"b": {"c": 2}}], "next": "url"}),
        ("values.b", {"values": [{"b": {"c": 2, "d": 3}}]}),
        ("values.b.*", {"values": [{"b": {"c": 2, "d": 3}}]}),
        ("+values.b.d", {"values": [{"a": 1, "b": {"d": 3}}], "next": "url", "size": 1}),
        ("-size,-next", {"values": [{"a": 1}]}),
        ("nothing.here", {}),
    ],
)
def test_the_parameter_chooses_the_parts(asked: str, shown: object) -> None:
    assert selected(FULL, usual=USUAL, asked=asked) == shown


def test_a_star_shows_everything() -> None:
    assert selected(FULL, usual=["*"], asked="") == FULL
