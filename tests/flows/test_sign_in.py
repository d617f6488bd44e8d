"""
Signing in at a provider that is away or gives no proof: nobody gets a session by that.

The way through browser and cookies is proven by ``tests/web``. This module must not know a page.
"""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from permsync.errors import HostUnavailableError, SignInRefusedError
from permsync.flows.sign_in import finish_sign_in, start_sign_in
from permsync.simulator.browser import consent
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, spoil
from tests.world import BROWSER, World

SESSIONS = "SELECT count(*) FROM session"


async def come_back(world: World) -> str:
    """Go to the provider's page and agree; the query that the person comes back with."""
    url = await start_sign_in(world.services, browser=BROWSER, return_to="/")
    location = await asyncio.to_thread(consent, url, person="ada")
    return urlsplit(location).query


async def test_a_provider_that_is_away_is_said_to_be_so(world: World) -> None:
    away = replace(world, services=behind(world.services, "unsent"))
    with pytest.raises(HostUnavailableError):
        await start_sign_in(away.services, browser=BROWSER, return_to="/")


async def test_a_code_that_the_provider_does_not_exchange_begins_no_session(
    world: World,
) -> None:
    query = await come_back(world)
    spoil(world, "sso", "token", "502")
    with pytest.raises(SignInRefusedError, match="code_not_exchanged"):
        await finish_sign_in(world.services, query=query, browser=BROWSER)
    assert await column(world.services.database, SESSIONS) == [0]
