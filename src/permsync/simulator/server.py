"""
Runs the simulator as a real server on 127.0.0.1: in a thread for tests, blocking for the demo.

Knows nothing of what is served beyond the ASGI application.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from permsync.simulator.application import SimulatorApplication
from permsync.simulator.postman import Postman
from permsync.simulator.world import World

STOP_WITHIN_SECONDS = 10
BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class RunningSimulator:
    """A world being served. `url` has no last slash."""

    application: SimulatorApplication
    url: str

    @property
    def world(self) -> World:
        """The world that answers just now."""
        return self.application.world

    def show(self, world: World) -> None:
        """Let another world answer from now on, at the same address."""
        self.application.world = world

    def host_url(self, name: str) -> str:
        """The base URL of a host, context path included."""
        return self.url + self.world.hosts[name].path


@contextmanager
def serve(world: World) -> Iterator[RunningSimulator]:
    """Serve a world from a background thread, at a free port, until the block ends."""
    world.remember_start()
    # It queues connections already, so that nobody has to wait for the server.
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    application = SimulatorApplication(world)
    server = uvicorn.Server(_configured(application))
    postman = Postman(lambda: application.world)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True
    )
    thread.start()
    postman.start()
    try:
        yield RunningSimulator(application, f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        postman.stop()
        server.should_exit = True
        server.force_exit = True
        thread.join(STOP_WITHIN_SECONDS)
        listener.close()


def run(world: World, listener: socket.socket) -> None:
    """Serve a world on a listening socket until the process is told to stop."""
    world.remember_start()
    application = SimulatorApplication(world)
    postman = Postman(lambda: application.world)
    postman.start()
    uvicorn.Server(_configured(application)).run(sockets=[listener])
    postman.stop()


def _configured(application: SimulatorApplication) -> uvicorn.Config:
    """It leaves the levels of loggers alone: in tests they are the service's as well."""
    return uvicorn.Config(
        application,
        log_config=None,
        log_level=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
