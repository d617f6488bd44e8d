"""
Carries a host's webhooks to whom they are for: in a thread of its own, in order, over loopback.

What goes wrong on the way is put in here: copies, bursts, lateness, a wrong order, losses. It
tries once, as GitHub does. Knows no kind of host.
"""

import http.client
import threading
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from permsync.simulator.happenings import Happening
from permsync.simulator.hooks import Outgoing, compose, renamed
from permsync.simulator.host import Host
from permsync.simulator.world import World

LOOK_SECONDS = 0.01
ANSWER_SECONDS = 10.0


class Postman:
    """Sends what the hosts of a world have to tell, from `start` to `stop`."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="postman", daemon=True)
        self._held: list[tuple[float, Host, Outgoing]] = []

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def stop(self) -> None:
        """Carry no more; what is on its way is ended first."""
        self._ended.set()
        self._thread.join(ANSWER_SECONDS)

    def _walk(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            world = self._world()
            for host in list(world.hosts.values()):
                self._collect(world, host)
            now = world.now()
            due = [each for each in self._held if each[0] <= now]
            self._held = [each for each in self._held if each[0] > now]
            for _, host, outgoing in due:
                carry(host, outgoing)

    def _collect(self, world: World, host: Host) -> None:
        """Take what the host has to tell, unless it holds more back to mix up the order."""
        faults = host.faults.hooks
        if len(host.happened) < faults.held_back:
            return
        told: list[Outgoing] = []
        while host.happened:
            told += composed(world, host, host.happened.popleft())
        while host.resent:
            told.append(host.resent.popleft())
        if faults.held_back:
            told.reverse()
        due_at = world.now() + faults.late_seconds
        self._held += [(due_at, host, each) for each in told]


def composed(world: World, host: Host, happening: Happening) -> list[Outgoing]:
    """The deliveries of one happening to every hook of its host, as often as faults say."""
    faults, role = host.faults.hooks, world.roles[host.kind]
    made: list[Outgoing] = []
    for event, content in role.says(happening):
        for hook in host.hooks:
            if faults.lost > 0:
                faults.lost -= 1
                continue
            one = compose(
                hook,
                head=role.letterhead,
                event=event,
                content=content,
                at_seconds=int(world.now()),
                faults=faults,
            )
            burst = [one, *(renamed(one) for _ in range(faults.burst - 1))]
            made += [replace(each) for each in burst for _ in range(faults.copies)]
    return made


def carry(host: Host, outgoing: Outgoing) -> None:
    """Send one delivery and keep it with the status of its answer."""
    parts = urlsplit(outgoing.url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=ANSWER_SECONDS
    )
    try:
        connection.request("POST", parts.path, outgoing.body, outgoing.headers)
        outgoing.status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        outgoing.status = 0
    finally:
        connection.close()
        host.delivered.append(outgoing)
