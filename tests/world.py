"""
A whole small world for one test: simulator, database, services and people.

What is decided here: durations short enough for a test and long enough for a slow machine,
and how a person links an account in a test: through the consent page, as in life. This
module must not know what a test asks.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import CLOCK_BOOTTIME, clock_gettime
from urllib.parse import urlsplit

import pytest

from permsync import hosts
from permsync.codehost import HostSettings
from permsync.flows.deps import (
    Chance,
    Clock,
    ConfiguredHost,
    Services,
    SignIn,
)
from permsync.flows.in_flight import InFlight
from permsync.flows.link_account import finish_link, start_link
from permsync.model import Account, Durations, User
from permsync.simulator.browser import consent
from permsync.simulator.host import Host
from permsync.simulator.samples import (
    client_id_of,
    client_secret_of,
    sample_hosts,
    sample_world,
)
from permsync.simulator.server import RunningSimulator, serve
from permsync.store import sealing_keys, users
from permsync.store.engine import Database
from permsync.telemetry import Metrics
from permsync.transport import Transport
from permsync.vault import Vault

PUBLIC_URL = "http://127.0.0.1:8080"
KINDS = {name: kind for name, (kind, _) in sample_hosts().items()}
BROWSER = "the secret of one browser"

QUICK = replace(
    Durations(),
    refresh_deadline=timedelta(seconds=5),
    refresh_settle=timedelta(milliseconds=300),
    refresh_skew=timedelta(milliseconds=500),
    refresh_lease=timedelta(seconds=6),
    refresh_retry_first=timedelta(seconds=1),
    refresh_retry_second=timedelta(milliseconds=100),
    refresh_retry_third=timedelta(milliseconds=100),
    refresh_backoff=timedelta(milliseconds=100),
    refresh_poll=timedelta(milliseconds=20),
    refresh_wait=timedelta(seconds=10),
    api_backoff=timedelta(milliseconds=20),
    settle=timedelta(milliseconds=100),
    sync_backoff=timedelta(milliseconds=100),
)


@dataclass(frozen=True, slots=True)
class World:
    """The services under test and the world they live in."""

    services: Services
    simulator: RunningSimulator

    def host(self, name: str) -> Host:
        """One simulated host, to break or to look at."""
        return self.simulator.world.hosts[name]

    async def user(self, login: str) -> User:
        """A person who has signed in."""
        async with self.services.database.begin() as connection:
            user, _ = await users.save_signed_in(
                connection, issuer="test", subject=login, name=login, email=None
            )
        return user

    async def link(self, login: str, host: str, *, user: User | None = None) -> Account:
        """Link ``login``'s account at a host through its consent page."""
        owner = user or await self.user(login)
        return await self.arrive(await self.consent(login, host, user=owner), host, user=owner)

    async def arrive(self, query: str, host: str, *, user: User) -> Account:
        """Come back from the consent page with this query."""
        linked = await finish_link(
            self.services, host_name=host, query=query, user=user, browser=BROWSER
        )
        return linked.account

    async def consent(self, login: str, host: str, *, user: User, decision: str = "approve") -> str:
        """Go to the consent page and come back with the callback's query."""
        url = await start_link(
            self.services, host_name=host, user=user, browser=BROWSER, return_to="/"
        )
        location = await asyncio.to_thread(consent, url, person=login, decision=decision)
        return urlsplit(location).query


def host_settings(simulator: RunningSimulator, name: str) -> HostSettings:
    """How an operator would configure a simulated host."""
    return HostSettings(
        name=name,
        kind=KINDS[name],
        base_url=simulator.host_url(name),
        client_id=client_id_of(name),
        client_secret=client_secret_of(name),
        redirect_uri=f"{PUBLIC_URL}/link/{name}/callback",
        options=dict(sample_hosts()[name][1].options),
    )


def configured_hosts(
    simulator: RunningSimulator, include: frozenset[str] = frozenset({"*"})
) -> dict[str, ConfiguredHost]:
    """Every simulated host, configured."""
    made = {}
    for name in KINDS:
        settings = host_settings(simulator, name)
        host = hosts.create(settings)
        digest = f"client of {name}".encode()
        made[name] = ConfiguredHost(name, host, include, settings.redirect_uri, digest)
    return made


@asynccontextmanager
async def running_services(
    database: Database, simulator: RunningSimulator, durations: Durations = QUICK
) -> AsyncIterator[Services]:
    """Services as the composition root would build them, over this database and world."""
    vault = Vault([b"k" * 32])
    async with database.begin() as connection:
        await sealing_keys.admit(connection, vault.key_ids, primary=vault.primary_key_id)
    async with Transport() as transport:
        yield Services(
            database=database,
            transport=transport,
            vault=vault,
            hosts=configured_hosts(simulator),
            durations=durations,
            clock=Clock(
                now=lambda: datetime.now(UTC),
                boottime=lambda: clock_gettime(CLOCK_BOOTTIME),
            ),
            chance=Chance(secret=lambda: secrets.token_urlsafe(32), jitter=lambda: 0.5),
            in_flight=InFlight(limit=10),
            metrics=Metrics(),
            sign_in=SignIn(
                issuer=simulator.host_url("sso"),
                client_id=client_id_of("sso"),
                client_secret=client_secret_of("sso"),
                redirect_uri=f"{PUBLIC_URL}/signin/callback",
                scopes=("openid", "profile", "email"),
            ),
            owner="00000000-0000-4000-8000-000000000001",
        )


@pytest.fixture(scope="module")
def served() -> Iterator[RunningSimulator]:
    """Return a simulator for the tests of one module; each test gets a world of its own."""
    with serve(sample_world(public_url=PUBLIC_URL)) as simulator:
        yield simulator


@pytest.fixture
def simulator(served: RunningSimulator) -> RunningSimulator:
    """Return the simulator showing a new sample world."""
    served.show(sample_world(public_url=PUBLIC_URL))
    return served


@pytest.fixture
async def world(pool: Database, simulator: RunningSimulator) -> AsyncIterator[World]:
    """Return services over a fresh database and a new sample world."""
    async with running_services(pool, simulator) as services:
        yield World(services, simulator)
        await services.in_flight.drain()
