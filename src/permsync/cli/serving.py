"""
One ASGI application on one socket, inside a process whose signals somebody else takes.

This module must not know what is served.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn

from permsync.web.openapi import Application


class Server(uvicorn.Server):
    """A server that leaves the signals to :mod:`permsync.cli.lifetime`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def server_of(application: Application, *, drain_in: timedelta) -> Server:
    """A server that lets requests end for ``drain_in`` once ``should_exit`` is set."""
    return Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=max(1, int(drain_in.total_seconds())),
        )
    )
