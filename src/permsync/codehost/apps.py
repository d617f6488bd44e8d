"""
What a host says besides where it can be asked in the name of an app, and not of a person.

An app states who it is with a short-lived statement that its own key signs. Owners install it,
and for each installation it is given a token that lives for an hour or so. A host that knows
apps carries ``apps``; the others leave it absent, and :func:`apps_of` tells. This module must
not know a key, a host or the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from permsync.codehost import CodeHost
from permsync.codehost.exchange import Ask, Failure, Request, Response

Statement = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Installation:
    """
    An owner who let the app in; ``external_id`` is the installation's own.

    ``owner_id`` and ``owner`` are as in ``ListedRepository``. A suspended one answers nobody.
    """

    external_id: str
    owner_id: str
    owner: str
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class InstallationsPage:
    """What the answer to one ask for installations said; ``follow`` is what it leads to."""

    installations: tuple[Installation, ...] = ()
    follow: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """A token of one installation; it may have any form and length."""

    access_token: str = field(repr=False)
    expires_in: timedelta


class Apps(Protocol):
    """How apps are spoken for at one configured host. Every method is pure."""

    def statement(self, app_id: str, *, now: datetime) -> Statement:
        """The claims that the app's key signs; whoever holds them is the app for minutes."""

    def installations_ask(self) -> Ask:
        """Ask, as the app, who let it in."""

    def parse_installations(self, ask: Ask, response: Response) -> InstallationsPage | Failure:
        """Read one page of installations."""

    def token_request(self, installation: Installation) -> Request:
        """Ask, as the app, for a token of one installation."""

    def parse_token(self, response: Response, *, asked_at: datetime) -> InstallationToken | Failure:
        """Read it; its life counts from when the host says it answered, or from ``asked_at``."""

    def listing_ask(self, installation: Installation) -> Ask:
        """Ask, with an installation's token, what it covers; ``parse_page`` reads the answer."""


@runtime_checkable
class KnowsApps(Protocol):
    """A host that can be asked in the name of an app."""

    @property
    def apps(self) -> Apps:
        """What it says then."""


def apps_of(host: CodeHost) -> Apps | None:
    """What this host says in the name of an app; ``None`` where it knows none."""
    return host.apps if isinstance(host, KnowsApps) else None
