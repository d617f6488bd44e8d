"""
``permsync serve``: the API and the browser routes, and by default a worker beside them.

What is decided here: the address is taken before anything else starts, so that a taken one
is a clear message and leaves nothing running. This module must not know a route.
"""

import asyncio
import socket
from typing import Annotated

import typer

from permsync.app import open_services
from permsync.cli.lifetime import stop_on_signals
from permsync.cli.listening import InheritedSocket, listening
from permsync.cli.running import SettingsFile, read_settings, run
from permsync.cli.serving import server_of
from permsync.config.settings import Settings
from permsync.telemetry import Event, logger
from permsync.web.application import create_application
from permsync.worker.kinds import KINDS
from permsync.worker.run import work

log = logger(__name__)
CURE = ", or name another port in [listen] or PERMSYNC_LISTEN__PORT"


def serve(
    settings: SettingsFile = None,
    worker: Annotated[
        bool, typer.Option(help="Do background work in this process as well.")
    ] = True,
    fd: InheritedSocket = None,
) -> None:
    """Serve until SIGTERM; refreshes in flight end in a commit first."""
    read = read_settings(settings)
    address = read.listen
    with listening(address.host, address.port, fd=fd, cure=CURE) as listener:
        run(_serve(read, listener, worker=worker))


async def _serve(settings: Settings, listener: socket.socket, *, worker: bool) -> None:
    stop = stop_on_signals()
    async with open_services(settings) as services, asyncio.TaskGroup() as tasks:
        application = create_application(
            services, public_url=settings.public_url, webhook_limit=settings.webhook_bytes
        )
        server = server_of(application, drain_in=settings.durations.drain)
        tasks.create_task(server.serve(sockets=[listener]))
        if worker:
            concurrency = settings.worker.concurrency
            tasks.create_task(work(services, kinds=KINDS, concurrency=concurrency, stop=stop))
        host, port = listener.getsockname()[:2]
        log.info(Event.SERVICE_STARTED, address=f"{host}:{port}", public_url=settings.public_url)
        await stop.wait()
        log.info(Event.SERVICE_DRAINING)
        server.should_exit = True
    log.info(Event.SERVICE_STOPPED)
