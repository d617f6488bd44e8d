"""
Asks a host who a token belongs to, before anything it lists is believed.

This module must not compare the answer with an account; its callers do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    FailureKind,
    Identity,
    Request,
    Response,
)
from permsync.flows.deps import ConfiguredHost

T = TypeVar("T")
MOST_STEPS = 4


class Asker(Protocol):
    """Somebody who can ask one host with one token."""

    configured: ConfiguredHost

    async def ask(self, request: Request, read: Callable[[Response], T | Failure]) -> T | Failure:
        """Send the request and read the answer."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who the token belongs to; ``scopes`` is ``None`` where the host does not say."""

    identity: Identity
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class _Said:
    meaning: Identity | Ask
    scopes: frozenset[str] | None


async def confirm_identity(asker: Asker) -> Confirmed | Failure:
    """
    The identity behind the asker's token.

    A host may need a few questions for it (Data Center: a name, then the user).
    """
    host = asker.configured.host
    ask = host.identity_ask()
    scopes: frozenset[str] | None = None
    for _ in range(MOST_STEPS):
        said = await asker.ask(ask.request, _reader(host, ask))
        if isinstance(said, Failure):
            return said
        scopes = said.scopes if said.scopes is not None else scopes
        if isinstance(said.meaning, Identity):
            return Confirmed(said.meaning, scopes)
        ask = said.meaning
    return Failure(FailureKind.UNREADABLE, detail="the identity takes too many questions")


def _reader(host: CodeHost, ask: Ask) -> Callable[[Response], _Said | Failure]:
    def read(response: Response) -> _Said | Failure:
        meaning = host.parse_identity(ask, response)
        if isinstance(meaning, Failure):
            return meaning
        return _Said(meaning, host.granted_scopes(response))

    return read
