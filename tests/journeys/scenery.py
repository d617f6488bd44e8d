"""
Every page in each of its important states, one after the other, as one person meets them.

Whoever walks through looks as they like: a picture, a search for barriers. The states are
brought about at the pretend hosts and by presses of buttons, as in life. This module must
not know what is looked for.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from playwright.sync_api import Browser

from permsync.cli.demo.site import Site
from tests.journeys.chromium import Person, watch, window

TITLES = ("GitHub", "GitLab", "Bitbucket Cloud", "Bitbucket Data Center")
SLOW_MS = 8_000

Scene = tuple[str, Person]


def scenes(browser: Browser, site: Site) -> Iterator[Scene]:
    """
    The name of each state and the person who looks at it.

    The page stays as it is until the next one is asked for.
    """
    with window(browser, site, "ada") as person:
        for name, play in SCENES.items():
            play(person)
            yield name, person


def _welcome(person: Person) -> None:
    person.open()


def _signed_out(person: Person) -> None:
    person.open("/accounts/1/disconnect")


def _arrived(person: Person, *, at: str = "", not_at: str = "#") -> None:
    """
    Wait for a page of ours whose address ends like this, and not like that.

    A press ends before the page that it leads to is there.
    """
    ours = person.site.permsync_url
    person.page.wait_for_url(
        lambda url: url.startswith(ours) and url.endswith(at) and not url.endswith(not_at)
    )


def _empty(person: Person) -> None:
    person.sign_in()
    _arrived(person)


def _denied(person: Person) -> None:
    person.press("Link GitLab")
    person.page.get_by_label(person.name).check()
    person.press("Deny")
    _arrived(person)


def _missing(person: Person) -> None:
    page = f"{person.site.simulator_url}/gitlab/research/api-00"
    person.open(f"/missing?repository={quote(page, safe='')}")


def _first_sync(person: Person) -> None:
    person.open()
    person.link("GitHub")
    watch(person, person.card("GitHub").get_by_text("Working"))
    person.site.control("gitlab/latency", api_ms=SLOW_MS)
    person.link("GitLab")
    watch(person, person.card("GitLab").get_by_text("Permissions are being read"))


def _healthy(person: Person) -> None:
    person.site.control("gitlab/latency", api_ms=0)
    for title in TITLES[2:]:
        person.link(title)
    for title in TITLES:
        watch(person, person.card(title).get_by_text("Working"))
    person.open()


def _single_sign_on(person: Person) -> None:
    person.site.control("github/single-sign-on", organisations=["acme"])
    watch(person, person.card("GitHub").get_by_text("Left out until"))


def _disconnect(person: Person) -> None:
    person.site.control("github/single-sign-on", organisations=[])
    watch(person, person.card("GitHub").get_by_text("Working"))
    person.card("GitLab").get_by_role("link", name="Disconnect").click()
    _arrived(person, at="/disconnect")


def _disconnected(person: Person) -> None:
    person.press("Disconnect")
    _arrived(person, not_at="/disconnect")


def _reconnect(person: Person) -> None:
    person.link("GitLab")
    watch(person, person.card("GitLab").get_by_text("Working"))
    person.open()
    person.site.control("gitlab/refuse-refreshes", on=True)
    watch(person, person.card("GitLab").get_by_text("Token refresh failed"))


def _scope_missing(person: Person) -> None:
    person.site.control("gitlab/refuse-refreshes", on=False)
    person.press("Reconnect GitLab")
    person.consent()
    watch(person, person.card("GitLab").get_by_text("Working"))
    person.open()
    person.site.control("bitbucket/shrink-scopes", scopes=["account"], person=person.login)
    watch(person, person.card("Bitbucket Cloud").get_by_text("Needs you"))


def _troubles(person: Person) -> None:
    """One account in each state that is not well."""
    person.site.control("github/revoke-tokens", person=person.login)
    person.site.control("gitlab/set-account-state", person=person.login, state="blocked")
    person.site.control("bitbucket-dc/outage", on=True)
    watch(person, person.card("GitHub").get_by_text("Needs you"))
    watch(person, person.card("GitLab").get_by_text("Disabled at host"))
    watch(person, person.card("Bitbucket Data Center").get_by_text("Trying again"))


def _history(person: Person) -> None:
    """What became of an account that is being tried again."""
    title, before = "Bitbucket Data Center", person.page.url
    person.card(title).get_by_role("link", name=f"History of {title}").click()
    _arrived(person, not_at=before)


def _error(person: Person) -> None:
    person.open("/accounts/999/disconnect")


SCENES: dict[str, Callable[[Person], None]] = {
    "welcome": _welcome,
    "signed-out": _signed_out,
    "empty": _empty,
    "link-denied": _denied,
    "missing": _missing,
    "first-sync": _first_sync,
    "accounts": _healthy,
    "single-sign-on": _single_sign_on,
    "disconnect": _disconnect,
    "disconnected": _disconnected,
    "needs-reconnect": _reconnect,
    "scope-missing": _scope_missing,
    "troubles": _troubles,
    "history": _history,
    "error": _error,
}
