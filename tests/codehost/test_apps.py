"""A host knows apps by carrying what it says for them, and no other host is told anything."""

from datetime import timedelta

import pytest

from permsync.codehost.apps import Installation, InstallationToken, apps_of
from permsync.hosts import create, registry
from tests.hosts.exchanges import settings_of


@pytest.mark.parametrize("kind", tuple(registry()))
def test_a_kind_that_knows_no_apps_says_nothing_of_them(kind: str) -> None:
    apps = apps_of(create(settings_of(kind)))
    if apps is not None:
        request = apps.token_request(Installation("1", owner_id="2", owner="acme"))
        assert request.url.startswith("https://code.example/context/")


def test_some_kind_knows_apps_and_some_kind_does_not() -> None:
    known = {kind: apps_of(create(settings_of(kind))) is not None for kind in registry()}
    assert set(known.values()) == {True, False}


def test_a_token_is_not_shown() -> None:
    assert "hush" not in repr(InstallationToken("hush", timedelta(hours=1)))
