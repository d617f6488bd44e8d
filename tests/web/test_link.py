"""
Linking from a browser: it ends with the account linked, or with a code of ours.

The browser, the person and the host that set out are the ones that come back, once.
"""

from urllib.parse import urlsplit

import pytest

from permsync.errors import LinkRefusal
from tests.asgi_client import Answer
from tests.flows.scenes import column, found_in, spoil
from tests.web.visitors import Browser
from tests.world import KINDS, World


def refused(answer: Answer) -> str | None:
    assert (answer.status, urlsplit(answer.location).path) == (303, "/")
    return answer.query.get("link_refused")


async def accounts(world: World) -> int:
    count: int = (await column(world.services.database, "SELECT count(*) FROM account"))[0]
    return count


@pytest.mark.parametrize("host", KINDS)
async def test_a_person_links_an_account_and_comes_back(browser: Browser, host: str) -> None:
    await browser.sign_in("ada")
    departure = await browser.press(f"/link/{host}", return_to="/accounts?tab=2#mine")
    assert departure.status == 303

    arrival = await browser.come_back(departure, "ada")

    (account,) = (await browser.get("/me")).json["accounts"]
    assert arrival.location == f"/accounts?tab=2&linked={account['id']}#mine"
    assert (account["host"], account["state"]) == (host, "active")
    assert account["login"].partition("@")[0] == "ada"  # some hosts know addresses only


async def test_a_forged_return_address_leads_to_the_front_page(browser: Browser) -> None:
    await browser.sign_in("ada")
    answer = await browser.link("ada", "github", return_to="//evil.example")
    assert answer.location.startswith("/?linked=")


async def test_a_host_that_is_not_configured_is_unknown(browser: Browser) -> None:
    await browser.sign_in("ada")
    answer = await browser.press("/link/nowhere")
    assert (answer.status, answer.json["code"]) == (404, "unknown_host")
    answer = await browser.get("/link/nowhere/callback?code=x&state=y")
    assert (answer.status, answer.json["code"]) == (404, "unknown_host")


async def test_a_name_that_no_host_can_have_is_malformed(browser: Browser) -> None:
    await browser.sign_in("ada")
    for name in ("%00", "x" * 101):
        assert (await browser.press(f"/link/{name}")).status == 400


async def test_a_link_begun_in_one_browser_is_not_finished_in_another(
    world: World, browser: Browser, other_browser: Browser
) -> None:
    """Not by another person, and not by the same one: an attacker may own either end."""
    await browser.sign_in("ada")
    for person in ("grace", "ada"):
        await other_browser.sign_in(person)
        back = await browser.way_back(await browser.press("/link/github"), "ada")
        assert refused(await other_browser.get(back)) == LinkRefusal.OTHER_BROWSER
    assert await accounts(world) == 0


async def test_a_callback_without_a_session_links_nobody_and_redeems_nothing(
    world: World, browser: Browser, other_browser: Browser
) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    assert refused(await other_browser.get(back)) == LinkRefusal.OTHER_BROWSER
    assert not world.host("github").token_posts("authorization_code")
    assert await accounts(world) == 0


async def test_a_callback_is_good_for_one_time(browser: Browser) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    assert (await browser.get(back)).query["linked"]
    assert refused(await browser.get(back)) == LinkRefusal.STATE_UNKNOWN


async def test_a_callback_that_nobody_waits_for_is_refused(browser: Browser) -> None:
    await browser.sign_in("ada")
    for query in ("", "?code=x", "?code=x&state=y", "?error=access_denied", "?state=%00"):
        answer = await browser.get(f"/link/github/callback{query}")
        assert refused(answer) == LinkRefusal.STATE_UNKNOWN, query


async def test_a_callback_at_the_wrong_host_is_refused(browser: Browser) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    answer = await browser.get(back.replace("/link/github/", "/link/gitlab/"))
    assert refused(answer) == LinkRefusal.STATE_UNKNOWN


async def test_who_says_no_at_the_host_is_told_in_our_words(world: World, browser: Browser) -> None:
    await browser.sign_in("ada")
    departure = await browser.press("/link/github")
    answer = await browser.come_back(departure, "ada", decision="deny")
    assert answer.query == {"link_refused": "denied_at_host", "host": "github"}
    assert not found_in(str(answer), world.simulator.world.canaries)


async def test_a_host_that_fails_is_told_in_our_words(world: World, browser: Browser) -> None:
    await browser.sign_in("ada")
    back = await browser.way_back(await browser.press("/link/github"), "ada")
    spoil(world, "github", "token", "html")
    answer = await browser.get(back)
    assert refused(answer) == LinkRefusal.HOST_UNAVAILABLE
    assert not found_in(str(answer), world.simulator.world.canaries)


async def test_an_account_of_somebody_else_is_not_taken_over(
    browser: Browser, other_browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "github")
    await other_browser.sign_in("grace")
    answer = await other_browser.link("ada", "github")
    assert refused(answer) == LinkRefusal.LINKED_TO_SOMEONE_ELSE
    assert len((await browser.get("/me")).json["accounts"]) == 1
    assert not (await other_browser.get("/me")).json["accounts"]
