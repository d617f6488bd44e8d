"""
An account's own page: what became of it, for its person and for nobody else.

This module must not know how a template is written.
"""

import pytest

from permsync.errors import TokenUnavailableError
from permsync.flows.fresh_token import fresh_token
from permsync.store import accounts
from tests.flows.scenes import expire, found_in, spoil, sync
from tests.web.visitors import Browser
from tests.world import World

HTML = {"accept": "text/html"}


async def link(browser: Browser) -> str:
    """Ada signs in and links an account; its id."""
    await browser.sign_in("ada")
    await browser.link("ada", "gitlab")
    account: str = (await browser.get("/me")).json["accounts"][0]["id"]
    return account


async def test_it_shows_what_became_of_the_account_in_our_words(
    world: World, browser: Browser
) -> None:
    account = await link(browser)
    async with world.services.database.begin() as connection:
        stored = await accounts.load(connection, int(account))
    assert stored is not None
    await sync(world, stored)
    await expire(world, stored)
    await fresh_token(world.services, stored.id)
    await expire(world, stored)
    spoil(world, "gitlab", "token", "rejection")
    with pytest.raises(TokenUnavailableError):
        await fresh_token(world.services, stored.id)
    text = (await browser.get(f"/accounts/{account}")).text
    for told in (
        "Token refreshes",
        "The token was refreshed.",
        "The code host refused the token.",
        "Next try",
        "on schedule",
        "in all.",
        "In this state since",
    ):
        assert told in text, told
    assert "Old tokens" not in text
    assert not found_in(text, world.simulator.world.secrets())
    assert not found_in(text, world.simulator.world.canaries)


async def test_old_tokens_are_shown_where_there_are_some(browser: Browser) -> None:
    account = await link(browser)
    await browser.link("ada", "gitlab")
    text = (await browser.get(f"/accounts/{account}")).text
    assert "Old tokens" in text
    assert "The code host is still to be told." in text


async def test_an_account_that_nothing_happened_to_says_so(browser: Browser) -> None:
    account = await link(browser)
    text = (await browser.get(f"/accounts/{account}")).text
    assert text.count("Nothing yet.") == 2


async def test_another_persons_account_is_as_absent_as_none(
    browser: Browser, other_browser: Browser
) -> None:
    account = await link(browser)
    await other_browser.sign_in("grace")
    answers = [await other_browser.get(f"/accounts/{each}", **HTML) for each in (account, "999")]
    assert [one.status for one in answers] == [404, 404]


async def test_a_stranger_is_asked_to_sign_in(anybody: Browser) -> None:
    assert (await anybody.get("/accounts/1")).status == 401


async def test_a_disconnected_account_has_no_page(browser: Browser) -> None:
    account = await link(browser)
    await browser.press(f"/accounts/{account}/unlink")
    assert (await browser.get(f"/accounts/{account}")).status == 404


async def test_the_list_leads_there(browser: Browser) -> None:
    account = await link(browser)
    assert f'href="/accounts/{account}"' in (await browser.get("/")).text
