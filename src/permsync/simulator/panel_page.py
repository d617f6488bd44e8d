"""
What the panel shows: facts of the world, prepared for its templates, and the templates' rendering.

Decides which words stand for what is broken, how much is listed, and what happened after a form.
Changes nothing and knows no route. Templates escape everything: names at a host may hold markup.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from permsync.simulator.faults import Faults
from permsync.simulator.host import Host
from permsync.simulator.panel_actions import LIVES_SECONDS, USUAL, VISIBILITIES, Done
from permsync.simulator.repositories import Account
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.world import World

ROWS = 30
# A world filled for a benchmark must not make a page of a hundred thousand rows.
MOST_PEOPLE = 40
MOST_REPOSITORIES = 300
MOST_BADGES = 8
MOST_PLACES = 12
REFUSED = 400
UNAVAILABLE = 500

FAULT_WORDS = {
    "outage": "Outage",
    "api_latency_seconds": "Slow API",
    "slow_down_seconds": "Asks for slower questions",
    "token_latency_seconds": "Slow refreshes",
    "rate_limit": "Rate limited",
    "quota": "Request quota",
    "refuse_refreshes": "Refuses refreshes",
    "next_answers": "Spoiled answers",
    "omit_expires_in": "Tells no expiry",
    "omit_refresh_token": "Gives no refresh token",
    "token_padding": "Long tokens",
    "duplicate_ids": "Repeats rows",
    "foreign_next": "Points elsewhere",
    "next_by_id": "Odd page links",
    "sso_partial": "Single sign-on hides rows",
    "forbidden_namespaces": "Forbids an organisation",
    "failing_pages": "A page fails",
    "empty_page": "A page is empty",
    "id_token_claims": "Wrong id tokens",
    "hooks": "Spoils webhooks",
}
NOTICES: dict[Done, str] = {
    "expired": "All access tokens are expired.",
    "revoked": "All tokens of this person are revoked.",
    "refuses": "Refreshes are refused from now on.",
    "refreshes": "Refreshes work again.",
    "away": "The outage has begun.",
    "back": "The outage is over.",
    "taken": "The membership is gone.",
    "given": "The membership is back.",
    "shown": "The visibility is changed.",
    "blocked": "The person is blocked.",
    "unblocked": "The person is not blocked any more.",
    "life": "Tokens issued from now on live that long.",
    "healed": "Everything works again. Who was asked to reconnect still has to.",
}


@dataclass(frozen=True, slots=True)
class Membership:
    """A place in an organisation, held or taken away."""

    namespace: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person at a host; `is_linked` says that some program holds a living token."""

    account: Account
    is_linked: bool
    memberships: tuple[Membership, ...]


@cache
def environment() -> Environment:
    """The templates; an unknown name is an error and not an empty text."""
    return Environment(
        loader=PackageLoader("permsync.simulator"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style() -> str:
    """The one style sheet."""
    file = resources.files("permsync.simulator") / "templates" / "panel" / "panel.css"
    return file.read_text(encoding="utf-8")


def overview(world: World, *, done: str = "") -> str:
    """The page with every host."""
    return _rendered(
        "overview",
        world,
        hosts=list(world.hosts.values()),
        broken={name: broken(host) for name, host in world.hosts.items()},
        notice=_notice(done),
    )


def host_page(world: World, host: Host, *, done: str = "") -> str:
    """The page of one host, with everything that can be done to it."""
    repositories = host.by_id()
    has_internal = world.roles[host.kind].has_internal
    return _rendered(
        "host",
        world,
        host=host,
        broken=broken(host),
        notice=_notice(done),
        people=list(_people(host, now=world.now())),
        unlisted_people=max(0, len(host.accounts) - MOST_PEOPLE),
        repositories=repositories[:MOST_REPOSITORIES],
        visibilities=[each for each in VISIBILITIES if each != "internal" or has_internal],
        changed=[each for each in repositories if each.id in host.damage.visibility][:ROWS],
        lives=LIVES_SECONDS,
        usual=USUAL,
    )


def requests(world: World, host: Host | None, *, notable_only: bool, paused: bool) -> str:
    """The newest requests of one host or of all, newest first; it asks to be loaded again."""
    chosen = list(world.hosts.values()) if host is None else [host]
    # Only the ends of the logs are read: they grow long, and every open page asks each 2 s.
    newest = heapq.merge(
        *(reversed(each.log.records) for each in chosen), key=lambda each: each.at, reverse=True
    )
    found = (record for record in newest if not notable_only or _is_notable(record))
    return _rendered(
        "requests",
        world,
        host=host,
        rows=list(islice(found, ROWS)),
        grant_of=_grant,
        notable_only=notable_only,
        paused=paused,
    )


def trouble(world: World, text: str) -> str:
    """The page that says what is wrong with a request."""
    return _rendered("trouble", world, text=text)


def broken(host: Host) -> list[str]:
    """What is broken at a host just now, in words, the worst first."""
    found = [*_faults(host), *_changes(host)]
    more = len(found) - MOST_BADGES
    return found if more <= 0 else [*found[:MOST_BADGES], f"{more} more"]


def _faults(host: Host) -> Iterator[str]:
    sound = Faults()
    for each in fields(Faults):
        if getattr(host.faults, each.name) != getattr(sound, each.name):
            yield FAULT_WORDS[each.name]


def _changes(host: Host) -> Iterator[str]:
    life = host.policy.access_ttl_seconds
    if host.damage.has_other_life and life != host.damage.life_seconds:
        yield f"Tokens live {_span(life)}"
    for account in host.accounts.values():
        if account.state != "active":
            yield f"{account.login} is {account.state}"
    for namespace, people in host.damage.memberships.items():
        for person in people:
            yield f"{person} is out of {namespace}"
    for number in host.damage.visibility:
        if (repository := host.repositories.get(number)) is not None:
            yield f"{repository.full_name} is {repository.visibility}"


def _people(host: Host, *, now: float) -> Iterator[PersonRow]:
    holders = {
        pair.person
        for pair in host.tokens.of(None)
        if pair.access_lives(now) or not (pair.refresh_revoked or pair.spent_at)
    }
    for account in list(host.accounts.values())[:MOST_PEOPLE]:
        yield PersonRow(account, account.person in holders, tuple(_memberships(host, account)))


def _memberships(host: Host, account: Account) -> Iterator[Membership]:
    """The first places of a person: an owner per repository would make a page of its own."""
    return islice(_all_memberships(host, account), MOST_PLACES)


def _all_memberships(host: Host, account: Account) -> Iterator[Membership]:
    for name, namespace in host.namespaces.items():
        if account.person in host.damage.memberships.get(name, {}):
            yield Membership(name, is_held=False)
        elif namespace.members.get(account.person) and not namespace.personal:
            yield Membership(name, is_held=True)


def _is_notable(record: RequestRecord) -> bool:
    return record.grant is not None or record.status >= REFUSED


def _grant(record: RequestRecord) -> str:
    """What a token request was for and whether it was refused, which GitHub says with a 200."""
    if record.grant is None:
        return ""
    wanted = "refresh" if record.grant == "refresh_token" else "sign-in"
    is_refused = record.person is None and 0 < record.status < UNAVAILABLE
    return f"{wanted} refused" if is_refused else wanted


def _notice(done: str) -> str:
    return next((text for word, text in NOTICES.items() if word == done), "")


def _rendered(name: str, world: World, **shown: Any) -> str:
    template = environment().get_template(f"panel/{name}.html")
    return template.render(roles=world.roles, site=_site(world), clock=_clock, span=_span, **shown)


def _site(world: World) -> str:
    """Where permsync is, as far as the registered callback addresses tell; else empty."""
    for host in world.hosts.values():
        for client in host.tokens.clients.values():
            parts = urlsplit(client.redirect_uris[0])
            if parts.scheme in {"http", "https"}:
                return f"{parts.scheme}://{parts.netloc}/"
    return ""


def _clock(at: float) -> tuple[str, str]:
    """An instant for machines, and as a clock on this machine's wall shows it."""
    instant = datetime.fromtimestamp(at, UTC)
    return instant.isoformat(timespec="seconds"), instant.astimezone().strftime("%H:%M:%S")


def _span(seconds: float | None) -> str:
    """A token's life in the largest unit that divides it."""
    if seconds is None:
        return "for ever"
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
