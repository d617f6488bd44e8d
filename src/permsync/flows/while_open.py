"""
Work of a run that stops soon after somebody closed the run: cancelled, or claimed anew.

What such work would say no longer counts (EVIDENCE R2), so going on only spends the host's
budget. Refreshes on their way are not stopped by it (``flows.in_flight``). This module must
not know what a run does.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from permsync.errors import DatabaseUnavailableError
from permsync.flows.deps import Services, pause
from permsync.store import runs

T = TypeVar("T")


async def while_open(services: Services, run_id: int, work: Coroutine[Any, Any, T]) -> T | None:
    """What ``work`` returns or raises; ``None`` where the run was closed before it ended."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(_closed(services, run_id))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _closed(services: Services, run_id: int) -> None:
    """Return once the run is not open any more."""
    while True:
        await pause(services.durations.run_look)
        # A database that is away closes nothing: the work itself will meet it.
        with suppress(DatabaseUnavailableError):
            async with services.database.single() as connection:
                if not await runs.load_open(connection, run_id):
                    return
