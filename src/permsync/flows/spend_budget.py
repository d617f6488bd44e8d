"""
A run's share of what its credential may still ask, kept with other processes.

What is decided here: how often the shared row is read and written. A host that says what is
left is believed, and written down when it matters; where none says it, requests are drawn
in lots, and first as many as the run is expected to need. Who may spend is decided by
``rules.budget``.
"""

import asyncio
from datetime import timedelta

from permsync.codehost import Response
from permsync.codehost.limits import parse_quota
from permsync.flows.deps import ConfiguredHost, Services
from permsync.model import Trigger
from permsync.rules.budget import Budget, Go, Wait, admit, latest, learn, limit, spend
from permsync.store import budgets
from permsync.store.engine import Connection, database_now

# One write for so many requests where we count ourselves, one read where the host does.
DRAWN_AT_ONCE = 20
READ_AT_ONCE = 100

SHARED = "client"


class Allowance:
    """
    The requests that one run may send; each is taken before it is sent.

    ``credential`` names in our words what the host counts them by; ``expected`` is how many
    the run will need, as far as anybody knows.
    """

    def __init__(
        self,
        services: Services,
        configured: ConfiguredHost,
        *,
        credential: str,
        trigger: Trigger,
        expected: int = 0,
    ) -> None:
        manners = configured.host.manners
        self._services = services
        self._host = configured.name
        self._credential = SHARED if manners.shared else credential
        self._hourly = manners.hourly
        self._trigger = trigger
        self._expected = expected
        self._left = 0
        self._told: Budget | None = None
        self._drawing = asyncio.Lock()

    async def take(self) -> timedelta | None:
        """Take one request; where none may be sent now, how long to wait instead."""
        async with self._drawing:
            while self._left == 0:  # an answer may say so again while they are drawn
                verdict = await self._draw_written()
                if isinstance(verdict, Wait):
                    return verdict.wait_in
            self._left -= 1
            return None

    def note(self, response: Response) -> None:
        """Learn what is left from an answer; background work stops at what is reserved."""
        said = parse_quota(response)
        if said is None:
            return
        now = self._services.clock.now()
        self._told = Budget(said.limit, said.remaining, now + said.resets_in)
        if isinstance(admit(self._told, trigger=self._trigger, now=now), Wait):
            self._left = 0

    async def stop(self, wait_in: timedelta) -> None:
        """The host refuses everything for so long: let all processes know."""
        self._left = 0
        async with self._services.database.begin() as connection:
            known = await self._load(connection)
            now = await database_now(connection)
            await self._save(connection, limit(known, wait_in=wait_in, now=now))

    async def settle(self) -> None:
        """At the end of a run: give back what was drawn, write what was said."""
        if self._told is None and (self._hourly is None or self._left == 0):
            return
        async with self._services.database.begin() as connection:
            await self._learn(connection)
            if self._hourly is not None and self._left > 0:
                await self._spend(connection, -self._left)
        self._left = 0

    async def _draw_written(self) -> Go | Wait:
        """A lot that nobody knows to be written down may not be spent, nor given back."""
        written = False
        try:
            async with self._services.database.begin() as connection:
                verdict = await self._draw(connection)
            written = True
        finally:
            if not written:
                self._left = 0
        return verdict

    async def _draw(self, connection: Connection) -> Go | Wait:
        await self._learn(connection)
        known = await self._load(connection)
        now = await database_now(connection)
        needed = 1 if self._hourly is None else self._expected
        left = latest(self._told, known, now=now)
        verdict = admit(left, trigger=self._trigger, now=now, needed=needed)
        if isinstance(verdict, Wait):
            return verdict
        most = READ_AT_ONCE if self._hourly is None else max(DRAWN_AT_ONCE, needed)
        self._left = most if verdict.requests is None else min(most, verdict.requests)
        self._expected = 0
        if self._hourly is not None:
            await self._spend(connection, self._left)
        return verdict

    async def _learn(self, connection: Connection) -> None:
        """Write what the host said last, if that is worth a write."""
        if self._told is None:
            return
        known, now = await self._load(connection), await database_now(connection)
        learned = learn(known, self._told, now=now)
        if learned is not None:
            await self._save(connection, learned)

    async def _spend(self, connection: Connection, requests: int) -> None:
        known, now = await self._load(connection), await database_now(connection)
        hourly = self._hourly or 0
        await self._save(connection, spend(known, requests=requests, hourly=hourly, now=now))

    async def _load(self, connection: Connection) -> Budget | None:
        lock = self._hourly is not None
        return await budgets.load(
            connection, host=self._host, credential=self._credential, lock=lock
        )

    async def _save(self, connection: Connection, budget: Budget) -> None:
        await budgets.save(connection, budget, host=self._host, credential=self._credential)
