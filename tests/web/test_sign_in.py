"""Sign-in makes a person and a session, or neither; nothing of the provider's text is shown."""

from dataclasses import replace

from permsync.flows.disable_user import disable_user
from permsync.web.application import create_application
from permsync.web.sessions import BROWSER, SESSION
from tests.flows.scenes import column, everything_stored, found_in
from tests.web.visitors import Browser
from tests.world import PUBLIC_URL, World


async def people(world: World) -> int:
    count: int = (await column(world.services.database, 'SELECT count(*) FROM "user"'))[0]
    return count


async def test_a_person_who_signs_in_is_somebody_and_goes_where_they_wanted(
    browser: Browser,
) -> None:
    arrival = await browser.sign_in("ada", return_to="/access%3Frepo=1")
    assert (arrival.status, arrival.location) == (303, "/access?repo=1")
    assert (await browser.get("/me")).json["user"]["name"] == "Ada Lovelace"
    assert BROWSER not in browser.cookies


async def test_a_person_who_comes_again_is_the_same(
    world: World, browser: Browser, other_browser: Browser
) -> None:
    await browser.sign_in("ada")
    await other_browser.sign_in("ada")
    assert (await browser.get("/me")).json["user"] == (await other_browser.get("/me")).json["user"]
    assert await people(world) == 1


async def test_an_attempt_makes_nobody(world: World, browser: Browser) -> None:
    departure = await browser.get("/signin")
    assert departure.status == 302
    await browser.come_back(departure, "ada", decision="deny")
    await browser.get("/signin/callback")
    await browser.get("/signin/callback?code=x&state=y")
    assert await people(world) == 0


async def test_a_forged_return_address_leads_to_the_front_page(browser: Browser) -> None:
    for return_to in ("https://evil.example", "//evil.example", "/%5Cevil.example", "/%00"):
        assert (await browser.sign_in("ada", return_to=return_to)).location == "/", return_to


async def test_a_sign_in_finished_in_another_browser_signs_nobody_in(
    browser: Browser, other_browser: Browser
) -> None:
    back = await browser.way_back(await browser.get("/signin"), "ada")
    for cookies in ({}, {BROWSER: "made-up"}):
        other_browser.cookies = dict(cookies)
        answer = await other_browser.get(back)
        assert answer.query == {"sign_in_refused": "state_unknown"}
        assert SESSION not in other_browser.cookies


async def test_a_callback_is_good_for_one_time(browser: Browser) -> None:
    back = await browser.way_back(await browser.get("/signin"), "ada")
    kept = dict(browser.cookies)
    await browser.get(back)
    browser.cookies = kept
    assert (await browser.get(back)).query == {"sign_in_refused": "state_unknown"}


async def test_two_tabs_may_sign_in_at_once(browser: Browser) -> None:
    first, second = await browser.get("/signin"), await browser.get("/signin?return_to=/b")
    backs = [await browser.way_back(departure, "ada") for departure in (first, second)]
    kept = dict(browser.cookies)
    assert (await browser.get(backs[0])).location == "/"
    browser.cookies |= kept
    assert (await browser.get(backs[1])).location == "/b"


async def test_every_sign_in_begins_a_new_session_and_ends_the_one_before(
    browser: Browser,
) -> None:
    await browser.sign_in("ada")
    before = browser.cookies[SESSION]
    await browser.sign_in("ada")
    assert browser.cookies[SESSION] != before

    browser.cookies[SESSION] = before
    assert (await browser.get("/me")).status == 401


async def test_a_planted_session_is_not_the_one_a_person_gets(browser: Browser) -> None:
    browser.cookies[SESSION] = "planted"
    await browser.sign_in("ada")
    assert browser.cookies[SESSION] != "planted"


async def test_who_said_no_at_the_provider_is_told_in_our_words(
    world: World, browser: Browser
) -> None:
    answer = await browser.come_back(await browser.get("/signin"), "ada", decision="deny")
    assert answer.location == "/?sign_in_refused=access_denied"
    assert not found_in(str(answer), world.simulator.world.canaries)


async def test_a_provider_that_is_away_is_told_in_our_words(world: World, browser: Browser) -> None:
    world.host("sso").faults.outage = True
    answer = await browser.get("/signin")
    assert (answer.status, answer.query) == (303, {"sign_in_refused": "provider_unavailable"})


async def test_a_provider_that_goes_away_in_the_middle_signs_nobody_in(
    world: World, browser: Browser
) -> None:
    back = await browser.way_back(await browser.get("/signin"), "ada")
    world.host("sso").faults.outage = True
    assert (await browser.get(back)).query == {"sign_in_refused": "provider_unavailable"}
    assert await people(world) == 0


async def test_without_a_provider_nobody_signs_in(world: World) -> None:
    services = replace(world.services, sign_in=None)
    browser = Browser(create_application(services, public_url=PUBLIC_URL))
    answer = await browser.get("/signin")
    assert answer.query == {"sign_in_refused": "sign_in_not_configured"}


async def test_a_disabled_person_is_signed_out_and_stays_out(
    world: World, browser: Browser
) -> None:
    await browser.sign_in("ada")
    user = int((await browser.get("/me")).json["user"]["id"])
    await disable_user(world.services, user, disabled=True, actor="test")

    assert (await browser.get("/me")).status == 401
    assert (await browser.sign_in("ada")).query == {"sign_in_refused": "user_disabled"}


async def test_signing_out_ends_the_session_here_and_in_the_browser(browser: Browser) -> None:
    await browser.sign_in("ada")
    before = browser.cookies[SESSION]
    answer = await browser.press("/signout", return_to="/bye")
    assert (answer.status, answer.location) == (303, "/bye")
    assert SESSION not in browser.cookies

    browser.cookies[SESSION] = before
    assert (await browser.get("/me")).status == 401


async def test_no_secret_of_a_browser_is_stored(world: World, browser: Browser) -> None:
    await browser.get("/signin")
    attempt = browser.cookies[BROWSER]
    await browser.sign_in("ada")
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, [attempt, browser.cookies[SESSION]])
