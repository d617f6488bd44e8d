"""
Refreshes in flight: shielded, bounded, one per account, people's own before all others.

What is decided here: who gets room first, and that work that was begun ends in a commit
whoever stops waiting for it (REFRESH I9). The bounds are the most that a SIGKILL can cost,
and what a host is asked at once. This module must not know what a refresh does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Wish:
    """For a place; ``urgent`` may become true while it waits, once a person waits as well."""

    urgent: bool


class Room:
    """Places for so many at once; who is urgent takes the next one, others queue in order."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line: dict[asyncio.Future[None], Wish] = {}

    @asynccontextmanager
    async def place(self, wish: Wish) -> AsyncIterator[None]:
        """A place for as long as the block lasts."""
        await self.enter(wish)
        try:
            yield
        finally:
            self.leave()

    async def enter(self, wish: Wish) -> None:
        """Take a place, waiting for one where none is free."""
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line[turn] = wish
        try:
            await turn
        except asyncio.CancelledError:
            self._line.pop(turn, None)
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given to somebody who left
            raise

    def leave(self) -> None:
        """Give the place to whoever waits for it."""
        waiting = [turn for turn in self._line if not turn.done()]
        urgent = (turn for turn in waiting if self._line[turn].urgent)
        turn = next(urgent, waiting[0] if waiting else None)
        if turn is None:
            self._free += 1
            return
        del self._line[turn]
        turn.set_result(None)


@dataclass(slots=True, eq=False)
class _Look:
    """A look at a refresh of another process, and how many wait for what it sees."""

    task: asyncio.Task[None]
    waiting: int = 0


class InFlight:
    """
    Work that must end in a commit (REFRESH I9), at most ``limit`` at once in this process.

    At most ``limit_each`` of it goes to one host; ``None`` leaves only the other bound.
    """

    def __init__(self, *, limit: int, limit_each: int | None = None) -> None:
        self._room = Room(limit)
        self._limit_each = limit_each or limit
        self._rooms: dict[str, Room] = {}
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._wishes: dict[int, Wish] = {}
        self._begun: set[int] = set()
        self._looks: dict[int, _Look] = {}

    @property
    def limit_each(self) -> int:
        """How much may go to one host at once."""
        return self._limit_each

    async def run(
        self,
        account_id: int,
        work: Callable[[], Coroutine[Any, Any, T]],
        *,
        host: str,
        urgent: bool = True,
    ) -> T | None:
        """
        Wait for ``work``, or for what is under way for this account already: then ``None``.

        A cancelled caller leaves it running, and an urgent one hastens what waits for a place.
        """
        running = self._tasks.get(account_id)
        if running is not None:
            self._wishes[account_id].urgent |= urgent
            await asyncio.wait({running})
            return None
        wish = self._wishes[account_id] = Wish(urgent)
        task = asyncio.create_task(self._bounded(account_id, work, host, wish))
        self._tasks[account_id] = task
        task.add_done_callback(lambda done: self._forget(account_id, done))
        return await asyncio.shield(task)

    async def _bounded(
        self,
        account_id: int,
        work: Callable[[], Coroutine[Any, Any, T]],
        host: str,
        wish: Wish,
    ) -> T:
        own = self._rooms.setdefault(host, Room(self._limit_each))
        # The host's place first: who waits for a slow host must not keep others waiting.
        async with own.place(wish), self._room.place(wish):
            self._begun.add(account_id)
            return await work()

    async def watch(self, account_id: int, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """
        Wait for what is under way for this account: here, or elsewhere until ``look`` ends.

        However many wait, there is one look; it ends with the last who waits for it.
        """
        if account_id in self._begun:
            await asyncio.wait({self._tasks[account_id]})
            return
        shared = self._looks.get(account_id)
        if shared is None or shared.task.done():
            shared = self._looks[account_id] = _Look(asyncio.create_task(look()))
        shared.waiting += 1
        try:
            await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if shared.waiting == 0:
                shared.task.cancel()
                if self._looks.get(account_id) is shared:
                    del self._looks[account_id]

    def _forget(self, account_id: int, task: asyncio.Task[Any]) -> None:
        del self._tasks[account_id], self._wishes[account_id]
        self._begun.discard(account_id)
        if not task.cancelled():
            task.exception()

    async def drain(self) -> None:
        """
        Wait until everything that was begun has ended; what waits for a place begins no more.

        It lost nothing: no token left, and another process or the next start does it.
        """
        for account_id, task in self._tasks.items():
            if account_id not in self._begun:
                task.cancel()
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))
