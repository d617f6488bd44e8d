"""
``permsync simulator``: pretend code hosts and an OpenID provider, for trying things out.

This module must not know how a host behaves.
"""

from typing import Annotated

import typer

from permsync.cli.running import console
from permsync.errors import AddressInUseError
from permsync.simulator.samples import sample_world
from permsync.simulator.server import run


def simulator(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8090,
    public_url: Annotated[
        str, typer.Option(help="The permsync that people are sent back to.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Play GitHub, GitLab, both Bitbuckets and a sign-in provider on 127.0.0.1."""
    world = sample_world(public_url=public_url)
    console.print(f"simulator on http://127.0.0.1:{port}, levers at /control")
    try:
        run(world, port=port)
    except OSError as error:
        raise AddressInUseError(
            place=f"127.0.0.1:{port}",
            cure=f"{error.strerror}; stop the other program, or name another --port",
        ) from error
