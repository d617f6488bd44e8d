"""
The contract of one host kind: its routes, and how it words what every kind has to say.

application.py knows hosts through this only, so that it names no kind.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator.exchange import Exchange, Reason, Standing
from permsync.simulator.faults import RateLimit
from permsync.simulator.repositories import AccountState


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    One kind of host.

    Route endpoints take an Exchange and return a Response. Paths are below the host's own path;
    `who_path` is one that every person with a token may ask, and nobody else. Paths of the API
    begin with `api_prefix`, or have `api_part` in them where each owner has an API of its own.
    `error` wraps a status and a text in the kind's envelope; `finish` adds the headers that every
    API answer carries.
    """

    routes: tuple[Route, ...]
    authorize_path: str
    token_path: str
    who_path: str
    api_prefix: str
    refuse: Callable[[Exchange, Reason], Response]
    unauthorized: Callable[[Exchange, Standing], Response]
    blocked: Callable[[Exchange, AccountState], Response]
    rate_limited: Callable[[Exchange, RateLimit], Response]
    error: Callable[[Exchange, int, str], Response]
    finish: Callable[[Exchange, Response], Response] | None = None
    api_part: str | None = None

    def is_api(self, path: str) -> bool:
        """Whether a path below the host's own belongs to its API."""
        below_owner = self.api_part is not None and self.api_part in path
        return path.startswith(self.api_prefix) or below_owner
