"""
Which hosts a person may link from the page: all that are configured, whatever their kind.

This module must not know any kind.
"""

import pytest

from tests.web.visitors import Browser
from tests.world import KINDS, World


@pytest.mark.parametrize("name", KINDS)
async def test_every_configured_host_can_be_linked_from_the_page(
    world: World, browser: Browser, name: str
) -> None:
    await browser.sign_in("ada")
    page = (await browser.get("/")).text
    title = world.services.hosts[name].host.title
    offer = page.partition(f'action="/link/{name}"')[2].partition("</form>")[0]
    assert offer, f"{title} is not offered"
    assert title in page
    await browser.link("ada", name)
    (account,) = (await browser.get("/me")).json["accounts"]
    assert account["host"] == name
    assert f'id="account-{account["id"]}"' in (await browser.get("/")).text
