"""
A person at a real browser: Debian's Chromium, headless, driven by Playwright.

What is decided here: how the browser is started (no call of its own to anybody), which
requests it made, and how a person signs in, consents and looks. This module must not know
a journey.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from permsync.cli.demo.site import Site
from permsync.simulator.samples import PEOPLE

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)
PATIENCE_SECONDS = 60
WIDE = (1100, 800)
NARROW = (360, 740)


class NoChromiumError(Exception):
    """There is no browser to drive."""

    def __init__(self) -> None:
        super().__init__("no chromium on the PATH: run make browser (apt-get install chromium)")


def path_of_chromium() -> Path:
    """Where the browser is; raises ``NoChromiumError``."""
    found = shutil.which("chromium")
    if found is None:
        raise NoChromiumError
    return Path(found)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of_chromium(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Person:
    """One person at one window of a site, with what the window asked for and complained of."""

    site: Site
    login: str
    context: BrowserContext
    page: Page
    origins: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the person's name is at every host."""
        return PEOPLE[self.login][0]

    def open(self, path: str = "/") -> None:
        """Go to a page of ours."""
        self.page.goto(f"{self.site.permsync_url}{path}")

    def consent(self) -> None:
        """Say who one is on a page of the provider or of a host, and agree."""
        self.page.get_by_label(self.name).check()
        self.page.get_by_role("button", name="Authorize").click()

    def sign_in(self) -> None:
        """From the welcome to Linked accounts."""
        self.open()
        self.page.get_by_role("link", name="Sign in").click()
        self.consent()

    def press(self, button: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=button, exact=True).click()

    def link(self, title: str) -> None:
        """From Linked accounts to the host's consent page and back."""
        self.press(f"Link {title}")
        self.consent()

    def card(self, title: str) -> Locator:
        """The card of the account at this host."""
        return self.page.get_by_role("article", name=title, exact=True)


@contextmanager
def window(
    browser: Browser, site: Site, login: str, *, scripts: bool = True, size: tuple[int, int] = WIDE
) -> Iterator[Person]:
    """A new window without a cookie; ``scripts`` are run or not."""
    width, height = size
    context = browser.new_context(
        java_script_enabled=scripts, viewport={"width": width, "height": height}
    )
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    person = Person(site, login, context, context.new_page())
    context.on("request", lambda request: person.origins.add(_origin(request.url)))
    context.on("weberror", lambda error: person.complaints.append(str(error.error)))
    context.on("console", lambda message: person.complaints.append(message.text))
    try:
        yield person
    finally:
        context.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def watch(person: Person, seen: Locator) -> None:
    """
    Look until it is seen; without scripts a person reloads the page.

    Raises ``AssertionError`` where patience ends.
    """
    if person.page.evaluate("typeof htmx !== 'undefined'"):
        seen.wait_for()
        return
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not seen.is_visible():
        assert monotonic() < give_up_at, f"never seen: {seen}"
        person.page.wait_for_timeout(200)
        person.open()
