"""
Who visits the web side in its tests: a person at a browser, and what a program is made of.

This module must not know what a test asks.
"""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from permsync.simulator.browser import consent
from tests.asgi_client import Answer, AsgiClient

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
