"""
The two doors of a refresh, spoiled on order or counted: to the host and to the database.

Each order is for one use. An answer may be lost before the host got the request or after it
committed, or held back until it is released; a transaction may fail before or after its
commit. A door may also let something happen before it opens, so that a test needs no luck to
have others act in the middle. This module must not know what is asked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from permsync.codehost import Request, Response
from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services
from permsync.store.engine import Connection, Database
from permsync.transport import (
    Answer,
    NotSent,
    Transport,
    Unanswered,
    UnansweredReason,
    UnsentReason,
)

Spoiled = Literal["unsent", "lost_before", "lost_after", "late"]
Broken = Literal["before_commit", "after_commit"]


@dataclass(slots=True)
class FaultyTransport:
    """
    Sends like the transport it stands before, but for what was ordered.

    A late answer has ``arrived`` and is handed over when it is ``released``.
    """

    real: Transport
    orders: list[Spoiled | None] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    lost_tokens: int = 0

    async def send(self, request: Request, **how: Any) -> Answer:
        """Send, or spoil the sending."""
        order = self.orders.pop(0) if self.orders else None
        if order == "unsent":
            return NotSent(UnsentReason.UNREACHABLE)
        if order == "lost_before":
            return Unanswered(UnansweredReason.RESET)
        answer = await self.real.send(request, **how)
        if order == "lost_after":
            self.lost_tokens += isinstance(answer, Response) and answer.status == 200
            return Unanswered(UnansweredReason.RESET)
        if order == "late":
            self.arrived.set()
            await self.released.wait()
        return answer


@dataclass(slots=True)
class CountingDatabase:
    """The same database, which counts the statements that are transactions of their own."""

    real: Database
    singles: int = 0

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction."""
        return self.real.begin()

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Connection]:
        """A statement of its own, counted when it was carried out."""
        async with self.real.single() as connection:
            yield connection
        self.singles += 1


@dataclass(slots=True)
class FaultyDatabase:
    """The same database, which fails on order at the next commit that writes an outcome."""

    real: Database
    orders: list[Broken | None] = field(default_factory=list)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        """A transaction, which may be rolled back or whose commit may not be heard of."""
        order = self.orders.pop(0) if self.orders else None
        async with self.real.begin() as connection:
            yield connection
            if order == "before_commit":
                raise DatabaseUnavailableError(place="a test", cure="none")
        if order == "after_commit":
            raise DatabaseUnavailableError(place="a test", cure="none")

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Connection]:
        """A statement of its own: it fails before it is sent, or after it was carried out."""
        order = self.orders.pop(0) if self.orders else None
        if order == "before_commit":
            raise DatabaseUnavailableError(place="a test", cure="none")
        async with self.real.single() as connection:
            yield connection
        if order == "after_commit":
            raise DatabaseUnavailableError(place="a test", cure="none")


@dataclass(slots=True)
class InterruptedDatabase:
    """The same database; before its transactions numbered ``before``, something happens."""

    real: Database
    happens: Callable[[], Awaitable[object]]
    before: frozenset[int]
    begun: int = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        """A transaction; the first one has the number 1."""
        self.begun += 1
        if self.begun in self.before:
            await self.happens()
        async with self.real.begin() as connection:
            yield connection

    @asynccontextmanager
    async def single(self) -> AsyncIterator[Connection]:
        """A statement of its own, which nothing comes before."""
        async with self.real.single() as connection:
            yield connection


def behind(services: Services, *orders: Spoiled | None) -> Services:
    """The same services, whose next sendings are spoiled so; ``None`` is sent as it is."""
    spoiled = FaultyTransport(services.transport, list(orders))
    return replace(services, transport=cast("Transport", spoiled))


def interrupted(
    services: Services, happens: Callable[[], Awaitable[object]], *before: int
) -> Services:
    """The same services, where something happens before the transactions with these numbers."""
    door = InterruptedDatabase(services.database, happens, frozenset(before))
    return replace(services, database=cast("Database", door))
