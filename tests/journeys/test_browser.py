"""
The story of the first screen in a real browser, with scripts and without them.

Real processes: pretend hosts, service, worker, embedded PostgreSQL. What a person does is
done with the keyboard's and the mouse's means only; what the hosts saw is read from their
own record. This module must not know how a page is made.
"""

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.simulator.samples import sample_hosts
from tests.journeys.chromium import PATIENCE_SECONDS, Person, chromium, watch, window
from tests.journeys.places import own_folder

ACCESS_SECONDS = 10
SLOW_MS = 700
MINUS = "\N{MINUS SIGN}"
REFUSED = "Token refresh failed, please reconnect."

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class Place:
    """A site, and the browser in which people visit it."""

    site: Site
    browser: Browser

    def window(self, login: str, *, scripts: bool = True) -> AbstractContextManager[Person]:
        """A new window of one person."""
        return window(self.browser, self.site, login, scripts=scripts)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Start the site first: it runs an event loop of its own, and so does Playwright."""
    with (
        own_folder() as folder,
        running(DemoPlan(folder=folder, access_seconds=ACCESS_SECONDS)) as site,
        chromium() as browser,
    ):
        yield Place(site, browser)


@dataclass(frozen=True, slots=True)
class Stage:
    """Who walks the story where; nobody else may be at this host, for its levers bind all."""

    login: str
    host: str
    title: str
    new: str


STAGES = {
    True: Stage("linus", "gitlab", "GitLab", "research/new"),
    False: Stage("grace", "github", "GitHub", "acme/new"),
}


def asked(site: Site, stage: Stage, wanted: Callable[[dict[str, Any]], bool]) -> int:
    """How many of the host's requests are wanted ones."""
    url = f"{site.simulator_url}/control/requests?host={stage.host}"
    with urllib.request.urlopen(url) as answer:
        return sum(wanted(one) for one in json.load(answer)["requests"])


def refreshes(site: Site, stage: Stage) -> int:
    """How often the host was asked to refresh this person's token."""
    return asked(
        site, stage, lambda one: one["grant"] == "refresh_token" and one["person"] == stage.login
    )


def revocations(site: Site, stage: Stage) -> int:
    """How many revocations the host has confirmed."""
    return asked(
        site,
        stage,
        lambda one: (
            one["status"] in range(200, 300)
            and (one["method"] == "DELETE" or one["path"].endswith("/revoke"))
        ),
    )


def until(seen: Callable[[], bool]) -> None:
    """Wait until it is so."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not seen():
        assert monotonic() < give_up_at
        sleep(0.1)


def link(person: Person, stage: Stage) -> None:
    """From nothing to a first complete listing."""
    person.sign_in()
    expect(person.page.get_by_text("No account is linked yet")).to_be_visible()
    person.link(stage.title)
    expect(person.page.get_by_text("The account is linked.")).to_be_visible()
    card = person.card(stage.title)
    watch(person, card.get_by_text("Working"))
    expect(card.get_by_text(f"{MINUS}0 removed")).to_be_visible()


def refresh_permissions(person: Person, stage: Stage) -> None:
    """Something came to be at the host, and a press shows it; something went, and it goes."""
    site, card = person.site, person.card(stage.title)
    before = int(card.locator("dd").first.inner_text())
    site.control(f"{stage.host}/latency", api_ms=SLOW_MS)
    site.control(f"{stage.host}/add-repository", full_name=stage.new)
    person.press(f"Refresh permissions of {stage.title}")
    expect(card.get_by_role("button", name="Refreshing…")).to_be_visible()
    site.control(f"{stage.host}/latency", api_ms=0)
    watch(person, card.get_by_text("+1 added"))
    expect(card.get_by_text(f"{before + 1} in all")).to_be_visible()
    site.control(f"{stage.host}/remove-repository", repository=stage.new)
    watch(person, card.get_by_text(f"{MINUS}1 removed"))


def heal_alone(person: Person, stage: Stage) -> None:
    """Nobody looks at a page while tokens expire, by time and by force; the backend refreshes."""
    person.page.goto("about:blank")
    before = refreshes(person.site, stage)
    until(lambda: refreshes(person.site, stage) > before)
    person.site.control(f"{stage.host}/expire-access-tokens", person=stage.login)
    before = refreshes(person.site, stage)
    until(lambda: refreshes(person.site, stage) > before)
    person.open()
    watch(person, person.card(stage.title).get_by_text("Working"))


def refuse_and_reconnect(person: Person, stage: Stage) -> None:
    """The host refuses: our sentence, one button, and the click that repairs it."""
    card = person.card(stage.title)
    person.site.control(f"{stage.host}/refuse-refreshes", on=True)
    watch(person, card.get_by_text(REFUSED))
    expect(card.get_by_text("Needs you")).to_be_visible()
    expect(card.locator("button.primary")).to_have_text(f"Reconnect {stage.title}")
    person.site.control(f"{stage.host}/refuse-refreshes", on=False)
    person.press(f"Reconnect {stage.title}")
    person.consent()
    watch(person, card.get_by_text("Working"))


def disconnect(person: Person, stage: Stage) -> None:
    """Asked first, done then, and known to the host."""
    before = revocations(person.site, stage)
    card = person.card(stage.title)
    card.get_by_role("link", name="Disconnect").click()
    person.page.get_by_role("link", name="Keep it").click()
    expect(card).to_be_visible()
    card.get_by_role("link", name="Disconnect").click()
    expect(person.page.get_by_text("is asked to revoke them")).to_be_visible()
    person.press("Disconnect")
    expect(person.page.get_by_text("the code host has revoked its tokens")).to_be_visible()
    expect(person.page.get_by_role("button", name=f"Link {stage.title}")).to_be_visible()
    assert revocations(person.site, stage) > before


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_account_is_linked_healed_repaired_and_disconnected(place: Place, scripts: bool) -> None:
    stage = STAGES[scripts]
    with place.window(stage.login, scripts=scripts) as person:
        link(person, stage)
        refresh_permissions(person, stage)
        heal_alone(person, stage)
        refuse_and_reconnect(person, stage)
        disconnect(person, stage)
        person.press("Sign out")
        expect(person.page.get_by_role("link", name="Sign in")).to_be_visible()
    assert person.origins <= {place.site.permsync_url, place.site.simulator_url}
    assert person.complaints == []


def test_single_sign_on_that_hides_an_organisation_is_approved_from_the_card(place: Place) -> None:
    with place.window("ada") as person:
        person.sign_in()
        person.link("GitHub")
        card = person.card("GitHub")
        watch(person, card.get_by_text("Working"))
        place.site.control("github/single-sign-on", organisations=["acme"])
        watch(person, card.get_by_text("single sign-on is approved for this account: acme"))
        expect(card.get_by_text("Needs you")).to_be_visible()
        person.press("Approve single sign-on GitHub")
        person.page.get_by_label("Single sign-on of acme").check()
        person.consent()
        watch(person, card.get_by_text("Working"))
        assert card.get_by_text("acme").count() == 0


PAGES = {
    True: ("gitea", "Gitea", "studio/api-00/src/branch/main"),
    False: ("bitbucket-dc", "Bitbucket Data Center", "projects/APPS/repos/api-00/browse"),
}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_whoever_misses_a_repository_is_told_why_and_mends_it(place: Place, scripts: bool) -> None:
    host, title, path = PAGES[scripts]
    address = f"{place.site.simulator_url}{sample_hosts()[host][1].path}/{path}"
    with place.window("ada", scripts=scripts) as person:
        seen = person.page.get_by_role("heading", name="You see it")
        person.sign_in()
        person.page.get_by_role("link", name="Missing a repository?").click()
        person.page.get_by_label("Address of the repository").fill(address)
        person.press("Find out")
        expect(
            person.page.get_by_text(f"You have not linked an account at {title}")
        ).to_be_visible()
        person.press(f"Link {title}")
        person.consent()
        expect(seen).to_be_visible()

        place.site.control(f"{host}/refuse-refreshes", on=True)
        place.site.control(f"{host}/expire-access-tokens", person="ada")
        person.open()
        watch(person, person.card(title).get_by_text("Needs you"))
        place.site.control(f"{host}/refuse-refreshes", on=False)
        person.open(f"/missing?repository={quote(address)}")
        person.press(f"Reconnect {title}")
        person.consent()
        expect(seen).to_be_visible()
    assert person.complaints == []


def test_a_theme_is_chosen_with_one_press_and_stays(place: Place) -> None:
    with place.window("ada", scripts=False) as person:
        person.open()
        person.press("Dark theme")
        person.open()
        pressed = person.page.get_by_role("button", name="Dark theme")
        assert pressed.get_attribute("aria-pressed") == "true"
        expect(person.page.locator("body")).to_have_css("background-color", "rgb(15, 17, 21)")


def test_a_page_inside_a_frame_of_another_site_stays_empty(place: Place) -> None:
    with place.window("ada") as person:
        framed = f'<iframe src="{place.site.permsync_url}/"></iframe>'
        with person.page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            person.page.set_content(framed)
        assert person.page.frame_locator("iframe").locator("main").count() == 0


def test_an_open_page_whose_session_ends_becomes_the_welcome(place: Place) -> None:
    with place.window("ada") as person:
        person.sign_in()
        person.context.clear_cookies()
        watch(person, person.page.get_by_role("link", name="Sign in"))
        assert person.page.url == f"{place.site.permsync_url}/"


def test_what_a_page_shows_is_kept_current_and_said_aloud(place: Place) -> None:
    with place.window("margaret") as person:
        person.context.grant_permissions(["clipboard-read", "clipboard-write"])
        person.sign_in()
        person.link("Bitbucket Cloud")
        said = person.page.locator("#said")
        expect(said).to_contain_text("Bitbucket Cloud, margaret: Working.")
        card = person.card("Bitbucket Cloud")
        number = card.locator("code").first.inner_text()
        card.get_by_role("button", name="Copy the id of margaret").click()
        expect(said).to_have_text("Copied")
        assert person.page.evaluate("navigator.clipboard.readText()") == number
        assert person.page.evaluate("location.search") == ""
