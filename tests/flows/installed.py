"""
A connection by a GitHub App in the sample world: its key, and what its host was asked.

What is decided here: the key is made once, because making one takes a while. This module must
not know what a test asks.
"""

from dataclasses import replace
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from permsync.codehost.apps import apps_of
from permsync.flows.app_memory import AppMemory
from permsync.flows.deps import ConfiguredApp, ConfiguredConnection, Services
from permsync.flows.discover_repositories import discover_repositories
from permsync.simulator.host import Host
from permsync.simulator.repositories import Installation
from permsync.simulator.samples import client_id_of
from permsync.vault.app_key import AppKey
from tests.world import World

HOST = "github"
MINTS = "/access_tokens"
LISTS = "/app/installations"


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65_537, 2048)


def private_key() -> str:
    """The key as the operator has it in a file."""
    return (
        _key()
        .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        .decode()
    )


def by_app(world: World, *owners: str, registered: bool = True) -> World:
    """The same world with a connection by its GitHub App, whose key the host knows."""
    host = world.services.host(HOST).host
    apps = apps_of(host)
    assert apps is not None
    if registered:
        public = _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        world.host(HOST).tokens.clients[client_id_of(HOST)].public_keys = [public.decode()]
    app = ConfiguredApp(client_id_of(HOST), apps, AppKey(private_key()), AppMemory())
    connection = ConfiguredConnection(
        name="app", host=HOST, owners=frozenset(owners or {"*"}), app=app
    )
    return replace(world, services=replace(world.services, connections=(connection,)))


async def discovered(world: World, *owners: str) -> World:
    """The same, looked through."""
    connected = by_app(world, *owners)
    assert await discover_repositories(connected.services) > 0
    return connected


def app_of(services: Services) -> ConfiguredApp:
    """The app of the one connection."""
    (connection,) = services.connections
    assert connection.app is not None
    return connection.app


def installation(host: Host, owner: str) -> Installation:
    """The installation on this owner."""
    return next(one for one in host.installations.values() if one.namespace == owner)


def mints(host: Host) -> int:
    """How many tokens of installations the host was asked for."""
    return len(host.log.to_path(MINTS))


def lists(host: Host) -> int:
    """How often the host was asked who installed the app."""
    return len([one for one in host.log.to_path(LISTS) if one.path.endswith(LISTS)])
