"""Cookies that only the browser holds, and forms that only our own pages can send."""

from permsync.web.application import create_application
from permsync.web.sessions import BROWSER, SESSION
from tests.asgi_client import FORM
from tests.web.visitors import Browser
from tests.world import PUBLIC_URL, World

HTTPS = "https://permsync.example.com"


async def test_cookies_are_closed_to_scripts_and_to_other_sites(browser: Browser) -> None:
    departure = await browser.get("/signin")
    arrival = await browser.come_back(departure, "ada")
    for cookie in (departure.cookie(BROWSER), arrival.cookie(SESSION)):
        assert cookie["httponly"]
        assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("lax", "/", "")


async def test_over_https_cookies_demand_it_and_no_neighbour_can_plant_one(world: World) -> None:
    browser = Browser(create_application(world.services, public_url=HTTPS))
    departure = await browser.get("/signin")
    arrival = await browser.come_back(departure, "ada")
    assert departure.cookie(f"__Host-{BROWSER}")["secure"]
    assert arrival.cookie(f"__Host-{SESSION}")["secure"]
    assert (await browser.get("/me")).status == 200

    browser.cookies = {SESSION: browser.cookies[f"__Host-{SESSION}"]}
    assert (await browser.get("/me")).status == 401


async def test_a_session_that_nobody_began_is_nobody(browser: Browser) -> None:
    for secret in ("", "made-up", "x" * 10_000, "ä"):
        browser.cookies[SESSION] = secret
        answer = await browser.get("/me")
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")


FORMS = ["/link/github", "/accounts/1/sync", "/accounts/1/unlink", "/signout"]


async def test_a_form_without_a_session_changes_nothing(browser: Browser) -> None:
    for target in FORMS:
        answer = await browser.post_form(target, {"csrf": "x"})
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated"), target


async def test_a_form_without_its_token_changes_nothing(browser: Browser) -> None:
    await browser.sign_in("ada")
    for target in FORMS:
        for fields in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "ä"}):
            answer = await browser.post_form(target, fields)
            assert (answer.status, answer.json["code"]) == (403, "forbidden"), target
    assert (await browser.get("/me")).status == 200


async def test_the_token_of_one_session_is_worth_nothing_in_another(
    browser: Browser, other_browser: Browser
) -> None:
    await browser.sign_in("ada")
    await other_browser.sign_in("ada")
    answer = await browser.post_form("/link/github", {"csrf": await other_browser.csrf()})
    assert answer.status == 403


async def test_a_script_of_ours_may_send_the_token_in_a_header(browser: Browser) -> None:
    await browser.sign_in("ada")
    answer = await browser.send(
        "POST", "/link/github", headers={"x-csrf-token": await browser.csrf()}
    )
    assert answer.status == 303


SENDERS: dict[str, tuple[dict[str, str], int]] = {
    "another site": ({"origin": "https://evil.example"}, 403),
    "our host under another scheme": ({"origin": "https://127.0.0.1:8080"}, 403),
    "another port of our host": ({"origin": "http://127.0.0.1:9090"}, 403),
    "a site whose name begins with ours": ({"origin": f"{PUBLIC_URL}.evil.example"}, 403),
    "a browser that says another site": ({"sec-fetch-site": "cross-site"}, 403),
    "a neighbour under our domain": ({"sec-fetch-site": "same-site"}, 403),
    "another site that hides": ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
    "our page": ({"origin": PUBLIC_URL, "sec-fetch-site": "same-origin"}, 303),
    "our page without a referrer": ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
    "an old browser on our page": ({"origin": PUBLIC_URL}, 303),
    "an old browser without a referrer": ({"origin": "null"}, 303),
    "a program": ({}, 303),
}


async def test_a_form_is_taken_from_our_own_pages_only(browser: Browser) -> None:
    await browser.sign_in("ada")
    body = f"csrf={await browser.csrf()}".encode()
    for sender, (headers, status) in SENDERS.items():
        answer = await browser.send("POST", "/link/github", [body], headers={**FORM, **headers})
        assert answer.status == status, sender


async def test_the_secret_of_a_session_stands_in_no_answer(browser: Browser) -> None:
    await browser.sign_in("ada")
    answer = await browser.get("/me")
    assert browser.cookies[SESSION] not in answer.body.decode()
