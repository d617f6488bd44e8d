"""
The whole pretend world: every host instance, the clock, the canary; saved to and read from JSON.

Tests change it in plain Python while a server answers from it. Knows nothing of HTTP.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from permsync.simulator.faults import Faults
from permsync.simulator.host import Host
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.role import Role
from permsync.simulator.tokens import Client, ClientKind, Policy


@dataclass(slots=True)
class Snapshot:
    """What `World.dump` writes and `World.load` reads: everything but the clock itself."""

    hosts: dict[str, Host]
    canaries: list[str]
    advanced_seconds: float


_SNAPSHOT = TypeAdapter(Snapshot)


class World:
    """
    Hosts by name, and the time they live in.

    `roles` are the kinds that hosts can be of.

    `clock` returns epoch seconds; `advance` moves this world's time ahead of it. Every error
    text that a host sends carries `canary`.
    """

    def __init__(
        self, roles: Mapping[str, Role], *, clock: Callable[[], float] = time.time
    ) -> None:
        self.roles = roles
        self.hosts: dict[str, Host] = {}
        self.canaries = [f"host-words-{secrets.token_hex(6)}"]
        self.clock = clock
        self.advanced_seconds = 0.0
        self._start: bytes | None = None

    @property
    def canary(self) -> str:
        """The marker that every error text of this world carries."""
        return self.canaries[-1]

    def now(self) -> float:
        """This world's time, in epoch seconds."""
        return self.clock() + self.advanced_seconds

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.advanced_seconds += seconds

    def add_host(self, name: str, *, kind: str, path: str | None = None) -> Host:
        """Create a host instance with its kind's usual token policy, mounted at `/{name}`."""
        mounted = path or f"/{name}"
        host = Host(name=name, kind=kind, path=mounted, policy=Policy(**self.roles[kind].policy))
        self.hosts[name] = host
        return host

    def add_client(
        self,
        host: str,
        *,
        client_id: str,
        secret: str,
        redirect_uris: list[str],
        kind: ClientKind = "oauth",
        scopes: list[str] | None = None,
    ) -> Client:
        """Register an OAuth client at a host."""
        client = Client(client_id, secret, redirect_uris, kind=kind, scopes=scopes or [])
        self.hosts[host].tokens.clients[client_id] = client
        return client

    def requests(self, host: str | None = None, limit: int | None = None) -> list[RequestRecord]:
        """The newest requests of one host or of all, oldest first."""
        chosen = [each for each in self.hosts.values() if host in {None, each.name}]
        records = [record for each in chosen for record in list(each.log.records)]
        records.sort(key=lambda record: record.at)
        return records if limit is None else records[max(0, len(records) - limit) :]

    def secrets(self) -> set[str]:
        """Every secret, code, PKCE verifier and token that this world has known."""
        hooks = {hook.secret for host in self.hosts.values() for hook in host.hooks}
        tokens = {each for host in self.hosts.values() for each in host.tokens.every_secret()}
        return hooks | tokens

    def clear_faults(self) -> None:
        """End every fault at every host; tokens, time and repositories stay."""
        for host in self.hosts.values():
            host.faults = Faults()

    def remember_start(self) -> None:
        """Take this moment as what `reset` returns to, unless an earlier one was taken."""
        if self._start is None:
            self._start = _SNAPSHOT.dump_json(self._snapshot())

    def reset(self) -> None:
        """Go back to the remembered moment, time and records included."""
        if self._start is not None:
            self._become(_SNAPSHOT.validate_json(self._start))

    def dump(self) -> dict[str, Any]:
        """The whole world as JSON values, secrets included."""
        dumped: dict[str, Any] = _SNAPSHOT.dump_python(self._snapshot(), mode="json")
        return dumped

    def restore(self, dumped: dict[str, Any]) -> None:
        """Become the world that was dumped, clock apart; raises ValueError on a wrong shape."""
        self._become(_SNAPSHOT.validate_python(dumped))

    @classmethod
    def load(
        cls,
        dumped: dict[str, Any],
        roles: Mapping[str, Role],
        *,
        clock: Callable[[], float] = time.time,
    ) -> "World":
        """A new world from what `dump` returned."""
        world = cls(roles, clock=clock)
        world.restore(dumped)
        return world

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.hosts, self.canaries, self.advanced_seconds)

    def _become(self, snapshot: Snapshot) -> None:
        self.hosts = snapshot.hosts
        self.canaries = snapshot.canaries
        self.advanced_seconds = snapshot.advanced_seconds
