"""
``permsync worker``: background work only; any number of them may come and go.

What is decided here: with a port in the settings the process answers there how it is and what
it counted, which no other process knows. This module must not know a job.
"""

import asyncio
import socket
from contextlib import ExitStack

from permsync.app import open_services
from permsync.cli.lifetime import stop_on_signals
from permsync.cli.listening import listening
from permsync.cli.running import SettingsFile, read_settings, run
from permsync.cli.serving import server_of
from permsync.config.settings import Settings
from permsync.telemetry import Event, logger
from permsync.web.application import create_probe_application
from permsync.worker.kinds import KINDS
from permsync.worker.run import work

log = logger(__name__)
CURE = ", or name another port in [worker] or PERMSYNC_WORKER__PORT"


def worker(settings: SettingsFile = None) -> None:
    """Do background work until SIGTERM; what runs ends first."""
    read = read_settings(settings)
    host, port = read.worker.host, read.worker.port
    with ExitStack() as stack:
        listener = None
        if port is not None:
            listener = stack.enter_context(listening(host, port, fd=None, cure=CURE))
        run(_work(read, listener))


async def _work(settings: Settings, listener: socket.socket | None) -> None:
    stop = stop_on_signals()
    concurrency = settings.worker.concurrency
    async with open_services(settings) as services, asyncio.TaskGroup() as tasks:
        server = server_of(create_probe_application(services), drain_in=settings.durations.drain)
        if listener is not None:
            tasks.create_task(server.serve(sockets=[listener]))
        where = None if listener is None else "{}:{}".format(*listener.getsockname()[:2])
        log.info(Event.SERVICE_STARTED, concurrency=concurrency, address=where)
        await work(services, kinds=KINDS, concurrency=concurrency, stop=stop)
        server.should_exit = True
    log.info(Event.SERVICE_STOPPED)
