"""
The queue's loop: claim what is due, keep hold of it, end it, and leave in order.

What is decided here: when a worker looks for jobs, that it beats for what it holds and
returns what others stopped beating for, and that it leaves by ending its jobs. Of which
hosts it takes jobs, and how many, is for ``rules.places``. A lost database ends nothing:
jobs go on, and their ends are written when it is back. This module must not know what a
job does, or a signal.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

from permsync.errors import DatabaseUnavailableError
from permsync.rules.places import Places, share_places
from permsync.store import queue, queue_claims
from permsync.store.queue_claims import Job, JobEnd
from permsync.store.queue_line import QueueLine, queue_line
from permsync.telemetry import Event, logger
from permsync.worker.attempt_job import attempt_job
from permsync.worker.kinds import JobKind, Round, S

log = logger(__name__)


async def work(
    services: S, *, kinds: Mapping[str, JobKind[S]], concurrency: int, stop: asyncio.Event
) -> None:
    """
    Do jobs until ``stop``, at most ``concurrency`` about accounts at once.

    Then nothing new is claimed, what runs has ``Durations.drain`` to end, and what does not
    end by then is cancelled and returned to the queue. Any number of workers may come and
    go; each takes one connection besides the pool's.
    """
    await _Worker(services, kinds, concurrency=concurrency, stop=stop).work()


@dataclass(slots=True, eq=False)
class _Hold:
    """A job in hand; ``ending`` means that only its end is still to be written."""

    job: Job
    task: asyncio.Task[None] | None = None
    ending: bool = False

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


class _Worker(Generic[S]):
    def __init__(
        self,
        services: S,
        kinds: Mapping[str, JobKind[S]],
        *,
        concurrency: int,
        stop: asyncio.Event,
    ) -> None:
        self._services = services
        self._database = services.database
        self._durations = services.durations
        self._kinds = kinds
        self._rounds = frozenset(name for name, kind in kinds.items() if isinstance(kind, Round))
        self._names = {
            host: [
                queue.name_of(kind, host=host) if host else kind
                for kind in kinds
                if kind not in self._rounds
            ]
            for host in ("", *services.hosts)
        }
        self._concurrency = concurrency
        self._stop = stop
        self._id = queue_claims.new_worker_id()
        self._held: set[_Hold] = set()
        self._wake = asyncio.Event()
        self._tasks = asyncio.TaskGroup()

    async def work(self) -> None:
        async with self._tasks:
            claiming = self._tasks.create_task(self._claim_until_stopped())
            beating = self._tasks.create_task(self._beat())
            await self._stop.wait()
            self._wake.set()
            await self._drain(claiming)
            beating.cancel()

    async def _claim_until_stopped(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                async with queue_line(
                    self._database,
                    self._id,
                    on_queued=self._wake.set,
                    reply_in=self._durations.database_start,
                ) as line:
                    await self._start_rounds()
                    failures = 0
                    await self._claim_from(line)
            except DatabaseUnavailableError as error:
                retry_in = min(self._durations.job_poll * 2**failures, self._durations.job_stalled)
                log.warning(Event.QUEUE_UNREACHABLE, place=error.place, retry_in=str(retry_in))
                failures += 1
                await _wait_for(self._stop, at_most_in=retry_in)

    async def _start_rounds(self) -> None:
        async with self._database.begin() as connection:
            await queue.enqueue_rounds(connection, self._rounds)

    async def _claim_from(self, line: QueueLine) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            await self._claim_rounds(line)
            await self._claim_subjects(line)
            await self._rest(line)

    async def _claim_rounds(self, line: QueueLine) -> None:
        """Short work, which long work must not keep waiting: it has places of its own."""
        rounds = self._idle_rounds()
        if rounds:
            for job in await line.claim(rounds, most=len(rounds)):
                self._take(job)

    async def _claim_subjects(self, line: QueueLine) -> None:
        places = self._places()
        if places.common:
            jobs = await line.claim(self._every_name(), most=places.common)
            for job in jobs:
                self._take(job)
            if len(jobs) < places.common:
                return  # nothing else is due, at any host
        for host in self._places().kept_for:
            for job in await line.claim(self._names[host], most=1):
                self._take(job)

    def _idle_rounds(self) -> frozenset[str]:
        return self._rounds - {hold.job.kind for hold in self._held}

    def _held_by_host(self) -> Counter[str]:
        return Counter(hold.job.host for hold in self._held if hold.job.kind not in self._rounds)

    def _places(self) -> Places:
        return share_places(
            most=self._concurrency, held=self._held_by_host(), hosts=self._services.hosts
        )

    def _every_name(self) -> list[str]:
        return [name for names in self._names.values() for name in names]

    def _take(self, job: Job) -> None:
        hold = _Hold(job)
        self._held.add(hold)
        hold.task = self._tasks.create_task(self._keep(hold))

    async def _rest(self, line: QueueLine) -> None:
        """Sleep until a job is queued, is due or has ended; without a word, look anyway."""
        names = [*self._idle_rounds()]
        if self._held_by_host().total() < self._concurrency:
            names += self._every_name()
        due_in = await line.next_due_in(names) if names else None
        poll_in = self._durations.job_poll
        await _wait_for(self._wake, at_most_in=poll_in if due_in is None else min(due_in, poll_in))

    async def _keep(self, hold: _Hold) -> None:
        try:
            end = await attempt_job(self._services, self._kinds[hold.job.kind], hold.job)
            hold.ending = True
            await self._write_end(hold.job, end)
        except asyncio.CancelledError:
            await self._return(hold.job)
            raise
        finally:
            self._held.remove(hold)
            self._wake.set()

    async def _write_end(self, job: Job, end: JobEnd | None) -> None:
        """Write what became of a job as soon as the database takes it."""
        kind = self._kinds[job.kind]
        again_in = kind.every(self._durations) if isinstance(kind, Round) else None
        while True:
            with suppress(DatabaseUnavailableError):
                async with self._database.begin() as connection:
                    if end is None:
                        await queue_claims.put_back(connection, job)
                    else:
                        await queue_claims.finish(connection, job, end=end, again_in=again_in)
                    return
            await asyncio.sleep(self._durations.job_poll.total_seconds())

    async def _return(self, job: Job) -> None:
        """Give a job back at once; where that cannot be written, it stalls and is reset."""
        with suppress(DatabaseUnavailableError, TimeoutError):
            async with (
                asyncio.timeout(self._durations.job_stalled.total_seconds()),
                self._database.begin() as connection,
            ):
                if await queue_claims.put_back(connection, job):
                    log.info(Event.JOB_RETURNED, kind=job.kind, account_id=job.account_id)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._durations.job_heartbeat.total_seconds())
            with suppress(DatabaseUnavailableError):
                await self._beat_once()

    async def _beat_once(self) -> None:
        """Beat before reclaiming: a worker that wakes from a pause must not reset itself."""
        held = frozenset(self._held)
        async with self._database.begin() as connection:
            kept = await queue_claims.beat(connection, self._id, {hold.job for hold in held})
            reclaimed = await queue_claims.reclaim_stalled(
                connection, stalled_in=self._durations.job_stalled
            )
        self._let_go(hold for hold in held if hold.job not in kept)
        if reclaimed:
            log.warning(Event.JOBS_RECLAIMED, jobs=reclaimed)
            self._wake.set()

    def _let_go(self, lost: Iterable[_Hold]) -> None:
        """Stop what another worker does by now: its end counts, and ours would not."""
        for hold in lost:
            if hold in self._held and not hold.ending:
                log.warning(Event.JOB_LOST, kind=hold.job.kind, account_id=hold.job.account_id)
                hold.cancel()

    async def _drain(self, claiming: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(self._durations.drain.total_seconds()):
                await asyncio.wait({claiming})
                await self._wait_for_jobs()
        except TimeoutError:
            claiming.cancel()
            for hold in self._held:
                hold.cancel()
            await self._wait_for_jobs()

    async def _wait_for_jobs(self) -> None:
        while self._held:
            await asyncio.wait({hold.task for hold in self._held if hold.task is not None})


async def _wait_for(event: asyncio.Event, *, at_most_in: timedelta) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most_in.total_seconds()):
            await event.wait()
