"""
The doors a flow may open: one frozen value, built by ``app`` and handed down.

This module must not decide anything or read a setting; the composition root fills it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from permsync.codehost import CodeHost, ListsReaders
from permsync.codehost.apps import Apps
from permsync.errors import UnknownError
from permsync.flows.app_memory import AppMemory
from permsync.flows.in_flight import InFlight
from permsync.flows.long_waits import LongWaits
from permsync.model import Durations
from permsync.rules.evidence import Limits
from permsync.rules.openness import InternalTo, Openness, PublicTo
from permsync.store.engine import Database
from permsync.telemetry import Metrics
from permsync.transport import Transport
from permsync.vault import Vault
from permsync.vault.app_key import AppKey


@dataclass(frozen=True, slots=True)
class Clock:
    """
    The only time a flow sees besides the database's.

    ``boottime`` counts on through a suspended machine, in seconds: deadlines stand on it.
    ``now`` is for what leaves the database's reach, such as the age of an id token.
    """

    now: Callable[[], datetime]
    boottime: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Chance:
    """Where randomness comes from: ``secret`` is unguessable, ``jitter`` is in [0, 1)."""

    secret: Callable[[], str]
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True)
class ConfiguredHost:
    """
    A host and what the operator allows it.

    ``include`` names the owners to mirror; ``lends`` opens its tokens to other programs;
    ``sign_in_heals`` says that the tokens of a sign-in may heal an account.
    ``public``, ``opens_internal`` and ``enterprise`` say what openness gives. ``client_digest``
    is a keyed digest of our OAuth client's credentials there. Each of the ``webhook_secrets``
    proves a webhook. ``settle`` is how long it may answer from before a change, where that is
    not what goes for all hosts.
    """

    name: str
    host: CodeHost
    include: frozenset[str]
    redirect_uri: str
    client_digest: bytes = b""
    lends: bool = False
    sign_in_heals: bool = False
    public: PublicTo = PublicTo.EVERYONE
    opens_internal: bool = True
    enterprise: frozenset[str] = frozenset()
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    settle: timedelta | None = None

    @property
    def readers(self) -> ListsReaders | None:
        """The same host, if it says who may read a repository: what connections are for."""
        return self.host if isinstance(self.host, ListsReaders) else None

    @property
    def openness(self) -> Openness:
        """What openness means at this host."""
        named = InternalTo.ENTERPRISE if self.enterprise else InternalTo.NEVER
        return Openness(
            public=self.public,
            opens_internal=self.opens_internal,
            internal_at_host=InternalTo.INSTANCE if self.host.opens_internal else named,
            enterprise=self.enterprise,
            hides_public=self.host.hides_public,
        )


@dataclass(frozen=True, slots=True)
class ConfiguredApp:
    """
    An app at one host: how it is spoken for, and the key that signs who it is.

    ``memory`` holds the tokens that it was given, for as long as this process lives.
    """

    app_id: str
    apps: Apps
    key: AppKey
    memory: AppMemory


@dataclass(frozen=True, slots=True)
class ConfiguredConnection:
    """
    A credential for one host that is no person's, and the owners whose repositories it lists.

    It is an administrator's ``token``, or an ``app`` and then that is empty. Where it is not
    ``enforced``, what it lists is stored and counts for nobody.
    """

    name: str
    host: str
    owners: frozenset[str]
    token: str = field(default="", repr=False)
    app: ConfiguredApp | None = None
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class SignIn:
    """The OpenID provider that people sign in with."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Services:
    """
    Everything a flow may use.

    ``fold_above`` is how many first noes at once are held for a second listing, and how
    many asks about one account fold into one listing (EVIDENCE R6). ``webhook_backlog`` is
    how many webhooks of a host may wait, ``long_waits`` how many runs may at a host.
    """

    database: Database
    transport: Transport
    vault: Vault
    hosts: Mapping[str, ConfiguredHost]
    durations: Durations
    clock: Clock
    chance: Chance
    in_flight: InFlight
    metrics: Metrics
    sign_in: SignIn | None
    owner: str
    fold_above: int = 50
    webhook_backlog: int = 10_000
    connections: tuple[ConfiguredConnection, ...] = ()
    long_waits: LongWaits = field(default_factory=lambda: LongWaits(most=2))

    @property
    def limits(self) -> Limits:
        """How old evidence may be."""
        return Limits(soft=self.durations.evidence_soft, hard=self.durations.evidence_hard)

    @property
    def client_digests(self) -> tuple[bytes, ...]:
        """The OAuth clients in use, one per host."""
        return tuple(one.client_digest for one in self.hosts.values())

    def host(self, name: str) -> ConfiguredHost:
        """The configured host of this name; raises ``UnknownError``."""
        configured = self.hosts.get(name)
        if configured is None:
            raise UnknownError(what="host", name=name)
        return configured

    def settle_at(self, name: str) -> timedelta:
        """How long the host of this name may still answer from before a change."""
        configured = self.hosts.get(name)
        own = configured.settle if configured is not None else None
        return own if own is not None else self.durations.settle


async def pause(duration: timedelta) -> None:
    """Let other work run for this long."""
    await asyncio.sleep(duration.total_seconds())
