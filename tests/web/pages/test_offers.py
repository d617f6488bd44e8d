"""
Which hosts a person may link from the page: all that are configured, whatever their kind.

This module must not know any kind.
"""

from dataclasses import replace

import pytest

from permsync.flows.deps import ConfiguredHost
from permsync.hosts import create, registry
from permsync.web.application import create_application
from tests.hosts.exchanges import REDIRECT, settings_of
from tests.web.visitors import Browser
from tests.world import KINDS, PUBLIC_URL, World


@pytest.mark.parametrize("kind", registry())
async def test_a_kind_needs_nothing_but_its_host_file_to_be_offered(
    world: World, kind: str
) -> None:
    host = create(settings_of(kind))
    one = ConfiguredHost("one", host, frozenset({"*"}), REDIRECT)
    services = replace(world.services, hosts={"one": one})
    browser = Browser(create_application(services, public_url=PUBLIC_URL))
    await browser.sign_in("ada")
    page = (await browser.get("/")).text
    offer = page.partition('action="/link/one"')[2].partition("</form>")[0]
    assert host.title in offer
    departure = await browser.press("/link/one")
    consent = host.authorize_url(state="s", code_challenge="c").partition("?")[0]
    assert departure.location.partition("?")[0] == consent


@pytest.mark.parametrize("name", KINDS)
async def test_every_configured_host_can_be_linked_from_the_page(
    world: World, browser: Browser, name: str
) -> None:
    await browser.sign_in("ada")
    page = (await browser.get("/")).text
    title = world.services.hosts[name].host.title
    assert f'action="/link/{name}"' in page
    assert title in page
    await browser.link("ada", name)
    (account,) = (await browser.get("/me")).json["accounts"]
    assert account["host"] == name
    assert f'id="account-{account["id"]}"' in (await browser.get("/")).text
