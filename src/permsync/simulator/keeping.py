"""
A world in a file, so that pretend hosts are tomorrow what they were today.

The file holds tokens and secrets of pretend hosts and is its owner's alone all the same. It is
replaced in one step: who is killed while writing leaves the older world. Knows nothing of HTTP.
"""

import json
import os
from pathlib import Path

from permsync.simulator.kinds import roles
from permsync.simulator.samples import callback_of
from permsync.simulator.world import World

# What a host received is for looking at; a demo that runs for days must not carry it along.
REQUESTS_KEPT = 200


class UnreadableWorldError(Exception):
    """The file holds no world that this version understands."""


def load(file: Path, *, public_url: str) -> World | None:
    """
    The world that was kept, None where there is no file.

    Its clients may call back to `public_url` as well: the port may be another one today.
    Raises UnreadableWorldError.
    """
    try:
        world = World.load(json.loads(file.read_bytes()), roles())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UnreadableWorldError(str(file)) from error
    for host in world.hosts.values():
        callback = callback_of(host, public_url=public_url)
        for client in host.tokens.clients.values():
            if callback not in client.redirect_uris:
                client.redirect_uris.insert(0, callback)
    return world


def save(world: World, file: Path) -> None:
    """Keep the world, with the newest requests of each host."""
    dumped = world.dump()
    for host in dumped["hosts"].values():
        host["log"]["records"] = host["log"]["records"][-REQUESTS_KEPT:]
    beside = file.with_name(f"{file.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(dumped, opened)
    beside.replace(file)
