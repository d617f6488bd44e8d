"""
Processes of their own that ask for one account's token, each several times at once.

A test starts it with a JSON object on standard input; it forks, lets all processes begin
together, and prints a digest of every token that was given. It builds its own services, as
the composition root would: nothing is shared with the test but the database and the host.
"""

import asyncio
import hashlib
import json
import multiprocessing
import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any
from uuid import uuid4

from permsync import hosts
from permsync.codehost import HostSettings
from permsync.flows.deps import Chance, Clock, ConfiguredHost, Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.in_flight import InFlight
from permsync.model import Durations
from permsync.store.engine import Database
from permsync.telemetry import Metrics, configure_logging
from permsync.transport import Transport
from permsync.vault import Vault

START_SECONDS = 60
QUICK = replace(Durations(), refresh_poll=timedelta(milliseconds=20))


async def ask(order: dict[str, Any], start: Barrier) -> list[str]:
    """Ask ``callers`` times at once for the account's token; digests of what was given."""
    database = Database(order["database_url"])
    settings = HostSettings(**order["host"])
    configured = ConfiguredHost(
        settings.name, hosts.create(settings), frozenset({"*"}), settings.redirect_uri
    )
    async with Transport() as transport:
        services = Services(
            database=database,
            transport=transport,
            vault=Vault([bytes.fromhex(order["key"])]),
            hosts={settings.name: configured},
            durations=QUICK,
            clock=Clock(lambda: datetime.now(UTC), lambda: clock_gettime(CLOCK_BOOTTIME)),
            chance=Chance(secret=secrets.token_urlsafe, jitter=lambda: 0.5),
            in_flight=InFlight(limit=10),
            metrics=Metrics(),
            sign_in=None,
            owner=str(uuid4()),
        )
        start.wait(timeout=START_SECONDS)
        callers = (fresh_token(services, order["account"]) for _ in range(order["callers"]))
        tokens = await asyncio.gather(*callers)
    await database.close()
    return [hashlib.sha256(one.access_token.encode()).hexdigest() for one in tokens]


def run(order: dict[str, Any], start: Barrier, given: "SimpleQueue[list[str]]") -> None:
    """The life of one process."""
    given.put(asyncio.run(ask(order, start)))


def run_all(order: dict[str, Any]) -> list[list[str]]:
    """Fork so many processes, and collect what each was given."""
    fork = multiprocessing.get_context("fork")
    start, given = fork.Barrier(order["processes"]), fork.SimpleQueue()
    processes = [
        fork.Process(target=run, args=(order, start, given), daemon=True)
        for _ in range(order["processes"])
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [given.get() for process in processes if process.exitcode == 0]


if __name__ == "__main__":
    configure_logging(log_format="json", level="ERROR")  # the answer has standard output
    json.dump(run_all(json.load(sys.stdin)), sys.stdout)
