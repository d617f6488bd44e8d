"""
The demo's two ports: free, the same at every start of a folder, and held from then on.

What is decided here: a free port is one that the system gives to nobody by itself. The links
and sign-ins in a folder name its ports, so that a later start must find them free; a port that
the system hands out for somebody's connection would be taken by then, now and again. The
sockets listen already, and are handed down, so that nobody takes them before a process is up.
This module must not know what listens there.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path

from permsync.cli.demo.folder import ports_of
from permsync.cli.listening import listen
from permsync.errors import AddressInUseError, ConfigurationError

__all__ = ["held", "port_of"]

# Below what Linux (from 32768) and macOS (from 49152) give to connections that go out.
UNASSIGNED = range(20_000, 32_000)
APART = 61
CURE = (
    " (perhaps another demo), or name other ports with --port and --simulator-port, and another"
    " --folder"
)


def held(folder: Path, *, asked: tuple[int, int]) -> tuple[socket.socket, socket.socket]:
    """
    Permsync's socket and the pretend hosts'. A port of 0 is the folder's own, else a free one.

    Raises ``AddressInUseError`` for a taken port, and ``ConfigurationError`` where the
    accounts of the folder were linked at others, or where it is not a demo's.
    """
    kept = ports_of(folder)
    if kept is not None and any(
        one not in {0, before} for one, before in zip(asked, kept, strict=True)
    ):
        raise ConfigurationError(
            key="--port",
            place=str(folder),
            cure=f"its accounts were linked at ports {kept[0]} and {kept[1]}: take those, name"
            " another --folder, or remove this one",
        )
    ours, theirs = kept or asked
    first = _held(ours)
    try:
        return first, _held(theirs)
    except AddressInUseError:
        first.close()
        raise


def port_of(listener: socket.socket) -> int:
    """Where it listens."""
    return int(listener.getsockname()[1])


def _held(port: int) -> socket.socket:
    return listen("127.0.0.1", port, cure=CURE) if port else _first_free()


def _first_free() -> socket.socket:
    """
    The search begins elsewhere in each process: two folders seldom get the same ports.

    Raises ``AddressInUseError`` where all are taken, with the last one's name.
    """
    begin = os.getpid() * APART % len(UNASSIGNED)
    *others, last = (*UNASSIGNED[begin:], *UNASSIGNED[:begin])
    for port in others:
        with suppress(AddressInUseError):
            return listen("127.0.0.1", port, cure=CURE)
    return listen("127.0.0.1", last, cure=CURE)
