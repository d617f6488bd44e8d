"""
The web side over a whole small world: an application, programs with keys, browsers.

This module must not know what a test asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from permsync.flows.authenticate_key import Scope, create_key
from permsync.simulator.browser import consent
from permsync.web.application import create_application
from permsync.web.openapi import Application
from tests.asgi_client import Answer, AsgiClient
from tests.world import PUBLIC_URL, World

CallWith = Callable[..., Awaitable[AsgiClient]]


class Browser(AsgiClient):
    """A person at a browser: goes to the pages of others and comes back."""

    async def sign_in(self, person: str, *, return_to: str = "/") -> Answer:
        """Sign in through the provider's page."""
        departure = await self.get(f"/signin?return_to={return_to}")
        return await self.come_back(departure, person)

    async def come_back(
        self, departure: Answer, person: str, *, decision: str = "approve"
    ) -> Answer:
        """Decide on the page this redirects to, and follow the way back."""
        return await self.get(await self.way_back(departure, person, decision=decision))

    async def way_back(self, departure: Answer, person: str, *, decision: str = "approve") -> str:
        """Decide on the page this redirects to; return where that sends the browser."""
        location = await asyncio.to_thread(
            consent, departure.location, person=person, decision=decision
        )
        parts = urlsplit(location)
        return f"{parts.path}?{parts.query}"

    async def csrf(self) -> str:
        """What our pages would put into a form."""
        token: str = (await self.get("/me")).json["csrf"]
        return token

    async def press(self, target: str, **fields: str) -> Answer:
        """Send a form of ours."""
        return await self.post_form(target, {"csrf": await self.csrf(), **fields})

    async def link(self, person: str, host: str, **fields: str) -> Answer:
        """Link an account through the host's consent page."""
        return await self.come_back(await self.press(f"/link/{host}", **fields), person)


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
    """Return a maker of callers whose service key has these scopes."""

    async def call_with(*scopes: Scope) -> AsgiClient:
        secret, _ = await create_key(
            world.services, name="-".join(scopes), scopes=scopes, lives_in=None
        )
        return AsgiClient(application, key=secret)

    return call_with
