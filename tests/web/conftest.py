"""
The web side over a whole small world: an application, programs with keys, browsers.

This module must not know what a test asks.
"""

import pytest

from permsync.flows.authenticate_key import NOTHING, Scope, create_key
from permsync.rules.lending import EVERYTHING
from permsync.web.application import create_application
from permsync.web.openapi import Application
from tests.asgi_client import AsgiClient
from tests.web.visitors import Browser, CallWith
from tests.world import PUBLIC_URL, World


@pytest.fixture
def application(world: World) -> Application:
    return create_application(world.services, public_url=PUBLIC_URL)


@pytest.fixture
def anybody(application: Application) -> AsgiClient:
    """Return a caller without a key or a cookie."""
    return AsgiClient(application)


@pytest.fixture
def browser(application: Application) -> Browser:
    return Browser(application)


@pytest.fixture
def other_browser(application: Application) -> Browser:
    return Browser(application)


@pytest.fixture
def program(world: World, application: Application) -> CallWith:
    """Return a maker of callers whose service key has these scopes; the same one each time."""
    made: dict[tuple[Scope, ...], AsgiClient] = {}

    async def call_with(*scopes: Scope) -> AsgiClient:
        if scopes not in made:
            secret, _ = await create_key(
                world.services,
                name="-".join(scopes),
                scopes=scopes,
                lives_in=None,
                lends=EVERYTHING if Scope.TOKENS_LEND in scopes else NOTHING,
            )
            made[scopes] = AsgiClient(application, key=secret)
        return made[scopes]

    return call_with
