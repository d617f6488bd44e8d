"""
What one process knows of an app: who installed it, and a token for each of them.

What is decided here: one caller fetches and the others wait for what comes of it, a fault
included, so that a host that is down is not asked once by each of them. Nothing of it is ever
stored: a token is had again for one request, so a copy at rest would be a risk for nothing.
This module must not know how anything is fetched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from permsync.codehost import Failure
from permsync.codehost.apps import Installation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Installed:
    """Everybody who installed an app, by the owner's id, as of ``began_seconds``."""

    by_owner: Mapping[str, Installation]
    began_seconds: float


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token of one installation; ``version`` tells it from the one before."""

    access_token: str = field(repr=False)
    version: int
    until_seconds: float


class Kept(Generic[T]):
    """One thing that is fetched by one caller at a time, and kept while it is good."""

    def __init__(self) -> None:
        self._fetching = asyncio.Lock()
        self._outcome: T | Failure | None = None
        self._fetched_at_seconds = 0.0

    def forget(self) -> None:
        """Whoever asks next fetches it anew."""
        self._outcome = None

    async def get(
        self,
        fetch: Callable[[], Awaitable[T | Failure]],
        *,
        is_good: Callable[[T], bool],
        clock: Callable[[], float],
    ) -> T | Failure:
        """What is kept, if it is good or came while this caller waited; else what is fetched."""
        asked_at_seconds = clock()
        async with self._fetching:
            known = self._outcome
            came_meanwhile = self._fetched_at_seconds > asked_at_seconds
            if known is not None and (came_meanwhile or _is_kept(known, is_good)):
                return known
            self._outcome = fetched = await fetch()
            self._fetched_at_seconds = clock()
            return fetched


def _is_kept(known: T | Failure, is_good: Callable[[T], bool]) -> bool:
    return not isinstance(known, Failure) and is_good(known)


class AppMemory:
    """Of one app: its installations, and by owner what was last had from each."""

    def __init__(self) -> None:
        self.installed: Kept[Installed] = Kept()
        self._tokens: dict[str, Kept[HeldToken]] = {}
        self._versions = 0

    def token_of(self, owner_id: str) -> Kept[HeldToken]:
        """The place for the token of this owner's installation."""
        return self._tokens.setdefault(owner_id, Kept())

    def next_version(self) -> int:
        """A number that no token had before."""
        self._versions += 1
        return self._versions
