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
    `who_path` is one that every person with a token may ask, and nobody else.
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
