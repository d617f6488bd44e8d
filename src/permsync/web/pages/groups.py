"""
What Linked accounts shows as a whole: two groups, one banner, and when to look again.

What is decided here: which hosts are linked and which are available, what the banner says
(what needs the person before what merely takes a while), and a name for everything that is
shown, so that a page that is still current is not drawn again. This module must not know
HTML.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.show_accounts import ShownAccount
from permsync.model import AccountState
from permsync.web.pages.cards import Action, Card, card_of


@dataclass(frozen=True, slots=True)
class Available:
    """A host at which nothing is linked yet; ``needs`` are the scopes, as people read them."""

    name: str
    kind: str
    title: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Banner:
    """One sentence about all of it, and the account to look at first."""

    tone: str
    text: str
    account: int


@dataclass(frozen=True, slots=True)
class Groups:
    """Everything on the page."""

    cards: tuple[Card, ...]
    available: tuple[Available, ...]
    banner: Banner | None
    look_ms: int

    @property
    def is_running(self) -> bool:
        """Whether something is on its way."""
        return any(card.is_running for card in self.cards)

    @property
    def seen(self) -> str:
        """A name for exactly this content."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def groups_of(services: Services, shown: Sequence[ShownAccount]) -> Groups:
    """The page of a person who holds these accounts."""
    hosts = services.hosts
    alike = Counter(one.host.title for one in hosts.values())
    cards = tuple(
        card_of(one, host=host, title=title_of(host, alike, name=one.standing.account.host))
        for one in shown
        if one.standing.account.state is not AccountState.UNLINKED
        for host in [hosts.get(one.standing.account.host)]
    )
    linked = {card.host for card in cards}
    running = any(card.is_running for card in cards)
    durations = services.durations
    look = durations.page_look_running if running else durations.page_look
    return Groups(
        cards=cards,
        available=tuple(
            Available(
                name=one.name,
                kind=one.host.kind,
                title=title_of(one, alike, name=one.name),
                needs=tuple(map(one.host.scope_title, one.host.scopes)),
            )
            for one in hosts.values()
            if one.name not in linked
        ),
        banner=_banner(cards),
        look_ms=max(1, int(look.total_seconds() * 1000)),
    )


def title_of(host: ConfiguredHost | None, alike: Counter[str], *, name: str) -> str:
    """A host is called by its kind; where two are of one kind, its name follows."""
    if host is None:
        return name
    title = host.host.title
    return title if alike[title] == 1 else f"{title} ({name})"


def _banner(cards: Sequence[Card]) -> Banner | None:
    ended = [card for card in cards if card.has_ended]
    if ended:
        through = "it" if len(ended) == 1 else "them"
        hidden = f"what you saw through {through} is hidden until you act."
        return Banner("bad", f"{_joined(ended)}: {hidden}", ended[0].id)
    waiting = [card for card in cards if card.action is Action.APPROVE]
    if waiting:
        text = f"{_joined(waiting)}: part of it is left out until you approve single sign-on."
        return Banner("warn", text, waiting[0].id)
    first = [card for card in cards if card.is_first]
    if first:
        soon = "first sync under way; results follow soon."
        return Banner("busy", f"{_joined(first)}: {soon}", first[0].id)
    return None


def _joined(cards: Sequence[Card]) -> str:
    *most, last = [card.title for card in cards]
    return f"{', '.join(most)} and {last}" if most else last
