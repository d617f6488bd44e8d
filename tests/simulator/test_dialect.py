"""Which paths of a host belong to its API."""

from dataclasses import replace

from permsync.simulator.application import dialect_of

GITLAB = dialect_of("gitlab")


def test_an_api_has_a_place_of_its_own() -> None:
    assert GITLAB.is_api("/api/v4/user")
    assert not GITLAB.is_api("/oauth/authorize")
    assert not GITLAB.is_api("/platform/api/v4/user")


def test_an_api_may_lie_below_each_owner_too() -> None:
    below = replace(GITLAB, api_part="/api/v4/")
    assert below.is_api("/platform/api/v4/user")
    assert not below.is_api("/platform/oauth/authorize")
