"""
Where a command listens: at an address, or on a socket that whoever started it has opened.

What is decided here: a taken address, or a number that is no listening socket, is one clear
message before anything else starts. This module must not know what is served.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from permsync.errors import AddressInUseError, ConfigurationError

__all__ = ["InheritedSocket", "listen", "listening"]

BACKLOG = 1024
InheritedSocket = Annotated[
    int | None,
    typer.Option(
        "--fd",
        min=3,
        help="Serve on this inherited listening socket (systemd's first is 3) and on no other.",
    ),
]


@contextmanager
def listening(host: str, port: int, *, fd: int | None, cure: str) -> Iterator[socket.socket]:
    """
    A listening socket for as long as the block runs: the inherited one where ``fd`` names it.

    Raises ``AddressInUseError`` with this cure, and ``ConfigurationError`` for a wrong ``fd``.
    """
    with listen(host, port, cure=cure) if fd is None else _inherited(fd) as listener:
        yield listener


def listen(host: str, port: int, *, cure: str) -> socket.socket:
    """
    A socket that queues connections from now on. Port 0 takes a free one.

    Raises ``AddressInUseError`` where the address is taken or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise AddressInUseError(
            place=f"{host}:{port}", cure=f"{error.strerror}; stop the other program{cure}"
        ) from error


def _inherited(fd: int) -> socket.socket:
    try:
        inherited = socket.socket(fileno=fd)
    except OSError:
        raise _wrong(fd) from None
    if not inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        inherited.detach()
        raise _wrong(fd)
    return inherited


def _wrong(fd: int) -> ConfigurationError:
    return ConfigurationError(
        key="--fd",
        place=f"descriptor {fd}",
        cure="it is no listening socket; pass one on (Sockets= of systemd), or leave --fd away",
    )
