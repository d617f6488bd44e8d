"""
``permsync simulator``: pretend code hosts and an OpenID provider, for trying things out.

What is decided here: a kept world is written when the process is told to stop. This module
must not know how a host behaves.
"""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from permsync.cli.listening import InheritedSocket, listening
from permsync.cli.running import console
from permsync.errors import ConfigurationError
from permsync.simulator import keeping
from permsync.simulator.samples import sample_world
from permsync.simulator.server import run
from permsync.simulator.world import World


def simulator(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8090,
    public_url: Annotated[
        str, typer.Option(help="The permsync that people are sent back to.")
    ] = "http://127.0.0.1:8080",
    keep: Annotated[
        Path | None, typer.Option(help="A file in which the world lives on between starts.")
    ] = None,
    access_seconds: Annotated[
        float | None, typer.Option(help="How long access tokens live in a new world.", min=0.1)
    ] = None,
    fd: InheritedSocket = None,
) -> None:
    """Play GitHub, GitLab, both Bitbuckets and a sign-in provider on 127.0.0.1."""
    kept = _kept(keep, public_url=public_url) if keep is not None else None
    world = kept or sample_world(public_url=public_url, access_seconds=access_seconds)
    # The server hands the signal on when it has ended, and the world is kept after that.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        listening("127.0.0.1", port, fd=fd, cure=", or name another --port") as listener,
        suppress(KeyboardInterrupt),
    ):
        where = listener.getsockname()[1]
        console.print(f"simulator on http://127.0.0.1:{where}: a panel, and levers at /control")
        run(world, listener)
    if keep is not None:
        keeping.save(world, keep)


def _kept(file: Path, *, public_url: str) -> World | None:
    """The world of the last start, if there was one, and a place to keep this one's."""
    if not file.parent.is_dir():
        raise ConfigurationError(key="--keep", place=str(file), cure="there is no such folder")
    try:
        return keeping.load(file, public_url=public_url)
    except keeping.UnreadableWorldError:
        raise ConfigurationError(
            key="--keep",
            place=str(file),
            cure="it holds no world of this version; remove it, and people link again",
        ) from None
