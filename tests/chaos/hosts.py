"""
The pretend hosts of the chaos suite as a process: one host for each lane's policy.

``python -m tests.chaos.hosts FD LANE...`` serves on an inherited listening socket until it is
told to stop; everything else is done through the simulator's own levers. This module must not
know permsync.
"""

import socket
import sys

from permsync.simulator.kinds import roles
from permsync.simulator.server import run
from permsync.simulator.world import World
from tests.chaos.lanes import BY_NAME, GRACE_SECONDS, PUBLIC_URL, Lane

LIFETIME_SECONDS = 3600.0


def world_of(lanes: list[Lane]) -> World:
    """A world with one host and one client for each lane, and nobody in it yet."""
    world = World(roles())
    for lane in lanes:
        host = world.add_host(lane.name, kind=lane.kind, path=lane.path)
        host.policy.rotation = lane.policy
        host.policy.grace_seconds = GRACE_SECONDS
        host.policy.access_ttl_seconds = LIFETIME_SECONDS
        world.add_client(
            lane.name,
            client_id=lane.client_id,
            secret=lane.client_secret,
            redirect_uris=[f"{PUBLIC_URL}/link/{lane.name}/callback"],
            kind="github_app" if lane.kind == "github" else "oauth",
            scopes=list(lane.scopes),
        )
    return world


if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv[1]))
    run(world_of([BY_NAME[name] for name in sys.argv[2:]]), listener)
