"""
Works through the outbox of revocations, host by host, as far as the hosts answer.

A host that is away keeps only its own revocations waiting, and is asked once a round. This
module must not decide when a revocation is due.
"""

import asyncio

from permsync.errors import SealingKeyError
from permsync.flows.deps import Services
from permsync.flows.revoke_tokens import revoke_next
from permsync.rules.revocation import Again
from permsync.store import revocations
from permsync.telemetry import Event, logger

MOST = 100
log = logger(__name__)


async def drain_revocations(services: Services) -> None:
    """Try what is due, at most ``MOST`` of each host."""
    async with services.database.begin() as connection:
        open_at = await revocations.count_open(connection)
    async with asyncio.TaskGroup() as tasks:
        for host in open_at:
            tasks.create_task(_drain(services, host))


async def _drain(services: Services, host: str) -> None:
    for _ in range(MOST):
        try:
            ended = await revoke_next(services, host=host)
        except SealingKeyError as error:
            log.exception(Event.JOB_FAILED, host=host, error_code=error.code)
            return
        if ended is None or isinstance(ended, Again):
            return
