"""
The pages as a browser without scripts gets them: what they show, and what they never do.

This module must not know how a template is written.
"""

import re

from structlog.testing import capture_logs

from permsync.flows.sync_account import sync_account
from permsync.model import Trigger
from permsync.telemetry import Event
from permsync.web.static import address_of, assets
from tests.asgi_client import AsgiClient
from tests.flows.scenes import rows
from tests.web.visitors import Browser
from tests.world import World

HTML = {"accept": "text/html"}


async def seen_at(browser: Browser) -> str:
    """Where an open page looks again."""
    found = re.search(r'hx-get="([^"]+)"', (await browser.get("/")).text)
    assert found is not None
    return found[1]


async def test_a_stranger_is_welcomed_and_shown_the_one_way_in(anybody: AsgiClient) -> None:
    answer = await anybody.get("/")
    assert answer.status == 200
    assert 'href="/signin?return_to=/"' in answer.text
    assert "<form" not in answer.text.partition("<main")[2]


async def test_an_open_page_is_told_that_nothing_changed_with_no_content(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "gitlab")
    address = await seen_at(browser)
    assert (await browser.get(address)).status == 204
    account = (await browser.get("/me")).json["accounts"][0]["id"]
    await sync_account(world.services, int(account), Trigger.PERSON)
    answer = await browser.get(address)
    assert answer.status == 200
    assert answer.text.startswith('<div id="accounts"')
    assert await seen_at(browser) != address


async def test_an_open_page_whose_session_is_over_is_told_so(anybody: AsgiClient) -> None:
    assert (await anybody.get("/accounts?seen=x")).status == 401


async def test_without_scripts_a_page_looks_again_only_while_something_runs(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    assert "http-equiv" not in (await browser.get("/")).text
    await browser.link("ada", "gitlab")
    text = (await browser.get("/?linked=1")).text
    assert '<noscript><meta http-equiv="refresh" content="2; url=/"></noscript>' in text
    await rows(world.services.database, "DELETE FROM pgqueuer")
    assert "http-equiv" not in (await browser.get("/")).text


async def test_disconnecting_asks_first_and_says_what_will_be_lost(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "gitlab")
    account = (await browser.get("/me")).json["accounts"][0]["id"]
    await sync_account(world.services, int(account), Trigger.PERSON)
    text = (await browser.get(f"/accounts/{account}/disconnect")).text
    assert "The 91 repositories that you see through this account disappear" in text
    await browser.press(f"/accounts/{account}/unlink")
    assert (await browser.get(f"/accounts/{account}/disconnect", **HTML)).status == 404


async def test_a_notice_is_one_of_ours_whatever_the_address_says(browser: Browser) -> None:
    await browser.sign_in("ada")
    plain = (await browser.get("/")).text
    for query in ("link_refused=%3Cb%3E", "notice=hello", "link_refused=HELLO", "said=hello"):
        assert (await browser.get(f"/?{query}")).text == plain, query
    for name in ("sign_in_refused", "sync_refused"):
        told = (await browser.get(f"/?{name}=Call+0900-hello")).text
        assert "hello" not in told
        assert "tone-bad" in told


async def test_an_error_is_a_page_for_people_and_a_problem_for_programs(
    anybody: AsgiClient,
) -> None:
    person = await anybody.get("/nowhere", **HTML)
    assert (person.status, person.media_type) == (404, "text/html")
    assert "not_found" in person.text
    program = await anybody.get("/v1/nowhere", **HTML)
    assert (program.status, program.media_type) == (404, "application/problem+json")


async def test_who_is_signed_out_is_led_back_in(anybody: AsgiClient) -> None:
    answer = await anybody.get("/accounts/1/disconnect", **HTML)
    assert answer.status == 401
    assert "You are signed out" in answer.text
    assert 'href="/signin?return_to=/"' in answer.text


async def test_a_theme_is_remembered_and_only_a_known_one(browser: Browser) -> None:
    await browser.post_form("/theme", {"theme": "dark", "return_to": "/"})
    assert 'data-theme="dark"' in (await browser.get("/")).text
    await browser.post_form("/theme", {"theme": '"><script>', "return_to": "/"})
    assert 'data-theme="system"' in (await browser.get("/")).text
    browser.cookies["permsync-theme"] = '"><script>'
    assert 'data-theme="system"' in (await browser.get("/")).text


async def test_a_disconnected_account_is_not_shown(browser: Browser) -> None:
    await browser.sign_in("ada")
    await browser.link("ada", "gitlab")
    account = (await browser.get("/me")).json["accounts"][0]["id"]
    assert f'id="account-{account}"' in (await browser.get("/")).text
    await browser.press(f"/accounts/{account}/unlink")
    assert f'id="account-{account}"' not in (await browser.get("/")).text


async def test_files_are_kept_for_ever_under_addresses_that_change_with_their_content(
    anybody: AsgiClient,
) -> None:
    for name, asset in assets().items():
        assert address_of(name) == f"/static/{asset.digest}/{name}"
        answer = await anybody.get(address_of(name))
        assert (answer.status, answer.body) == (200, asset.content)
        assert "immutable" in (answer.header("cache-control") or "")
    assert (await anybody.get("/static/000000000000/permsync.css")).status == 404
    assert (await anybody.get("/static/../permsync.toml")).status == 404


def test_a_style_loads_nothing_from_elsewhere() -> None:
    style = assets()["permsync.css"].content.decode()
    named = re.findall(r"url\(\"([^\"]+)\"\)", style)
    assert named == [address_of("vendor/inter.woff2")]
    assert "http" not in style
    assert "@import" not in style


async def test_a_defect_is_a_page_for_people_too(world: World, browser: Browser) -> None:
    await browser.sign_in("ada")
    await rows(world.services.database, "ALTER TABLE account RENAME TO gone")
    with capture_logs() as lines:
        answer = await browser.get("/", **HTML)
    assert (answer.status, answer.media_type) == (500, "text/html")
    assert "<code>defect</code>" in answer.text
    assert "gone" not in answer.text
    assert Event.DEFECT in {line["event"] for line in lines}
    assert "frame-ancestors 'none'" in (answer.header("content-security-policy") or "")
