"""
A worker that a test drives by hand: it claims one job, and may be held or killed in the midst.

Jobs are claimed, run and ended as ``worker.run`` does it, by the product's own statements
and its table of kinds. A held job waits at one of its questions to the host, before it is
sent or with the answer in hand; meanwhile anything may happen. A killed one leaves its row
behind. This module must not know what a job does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

from permsync.codehost import Request
from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services
from permsync.flows.in_flight import InFlight
from permsync.store import queue_claims
from permsync.store.queue import Kind, name_of
from permsync.store.queue_claims import Job, JobEnd
from permsync.store.queue_line import QueueLine, queue_line
from permsync.transport import Answer, Transport
from permsync.worker.kinds import KINDS, SubjectJob
from tests.flows.faulty_doors import Broken, FaultyDatabase

JOBS = (Kind.SYNC_ACCOUNT, Kind.ASK_ACCOUNT, Kind.SYNC_REPOSITORY)
STALLED = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Mishap:
    """
    What happens to a job.

    It is held at its question number ``hold_at``, before it is sent or, if ``late``, with the
    answer in hand; or its transaction number ``commit`` is ``broken``.
    """

    hold_at: int | None = None
    late: bool = False
    commit: int = 0
    broken: Broken | None = None


@dataclass(slots=True)
class HoldingTransport:
    """Sends like the transport it stands before, and holds one question."""

    real: Transport
    mishap: Mishap
    sent: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, request: Request, **how: Any) -> Answer:
        """Send, or wait first, or wait with the answer."""
        number, self.sent = self.sent, self.sent + 1
        if number != self.mishap.hold_at:
            return await self.real.send(request, **how)
        answer = await self.real.send(request, **how) if self.mishap.late else None
        self.arrived.set()
        await self.released.wait()
        return answer if answer is not None else await self.real.send(request, **how)


@dataclass(slots=True)
class Shift:
    """One job being done by a process of its own."""

    job: Job
    transport: HoldingTransport
    task: asyncio.Task[None]

    @property
    def subject(self) -> int:
        """The account or repository that the job is about."""
        return self.job.account_id or self.job.repository_id or 0


class Labour:
    """Workers of one database; each job that is held is a process that sleeps."""

    def __init__(self, services: Services, line: QueueLine, worker: Any) -> None:
        self.services = services
        self._line = line
        self._worker = worker

    async def begin(self, mishap: Mishap) -> Shift | None:
        """Claim the strongest job that is due and do it, or come to where it is held."""
        names = [name_of(kind, host=host) for host in self.services.hosts for kind in JOBS]
        claimed = await self._line.claim(names, most=1)
        if not claimed:
            return None
        transport = HoldingTransport(self.services.transport, mishap)
        orders: list[Broken | None] = [None] * mishap.commit
        orders += [mishap.broken] if mishap.broken else []
        services = replace(
            self.services,
            transport=cast("Any", transport),
            database=cast("Any", FaultyDatabase(self.services.database, orders)),
            in_flight=InFlight(limit=10),
        )
        task = asyncio.create_task(self._do(services, claimed[0]))
        arrived = asyncio.create_task(transport.arrived.wait())
        await asyncio.wait({task, arrived}, return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()
        return Shift(claimed[0], transport, task)

    async def _do(self, services: Services, job: Job) -> None:
        kind = KINDS[job.kind]
        assert isinstance(kind, SubjectJob)
        subject = job.account_id or job.repository_id
        assert subject is not None
        try:
            await kind.run(services, subject, job.trigger)
        except DatabaseUnavailableError:
            async with self.services.database.begin() as connection:
                await queue_claims.put_back(connection, job)
            return
        async with self.services.database.begin() as connection:
            await queue_claims.finish(connection, job, end=JobEnd.SUCCESSFUL)

    async def resume(self, shift: Shift) -> None:
        """Let a held job come to its end."""
        shift.transport.released.set()
        await shift.task

    async def kill(self, shift: Shift) -> None:
        """The process of a held job dies where it stands."""
        shift.task.cancel()
        with suppress(asyncio.CancelledError):
            await shift.task

    async def reclaim(self, alive: list[Shift]) -> None:
        """Queue again what no worker has beaten for; those ``alive`` beat first."""
        async with self.services.database.begin() as connection:
            await queue_claims.beat(connection, self._worker, [one.job for one in alive])
            await queue_claims.reclaim_stalled(connection, stalled_in=STALLED)


@asynccontextmanager
async def labour(services: Services) -> AsyncIterator[Labour]:
    """Open a line to the queue."""
    worker = queue_claims.new_worker_id()
    reply_in = timedelta(seconds=30)
    async with queue_line(
        services.database, worker, on_queued=lambda: None, reply_in=reply_in
    ) as line:
        yield Labour(services, line, worker)
