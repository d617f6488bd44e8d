"""
The composition root: settings become the services that everything else is handed.

What is decided here: the order of starting and stopping, and that only this module owns a
clock and a source of chance. Nothing here knows a rule; a reader who asks "where does this
come from" ends here.
"""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import CLOCK_BOOTTIME, clock_gettime
from urllib.parse import urlsplit
from uuid import uuid4

from permsync import hosts
from permsync.codehost import CodeHost, HostSettings
from permsync.codehost.apps import apps_of
from permsync.config.settings import Settings
from permsync.config.tables import Connection, Host
from permsync.errors import ConfigurationError
from permsync.flows.admit_keys import admit_keys
from permsync.flows.app_memory import AppMemory
from permsync.flows.deps import (
    Chance,
    Clock,
    ConfiguredApp,
    ConfiguredConnection,
    ConfiguredHost,
    Services,
    SignIn,
)
from permsync.flows.in_flight import InFlight
from permsync.flows.long_waits import LongWaits
from permsync.flows.note_policies import note_policies
from permsync.rules.openness import PublicTo
from permsync.store import queue_schema
from permsync.store.embedded import EmbeddedPostgres, EmbeddedWaits
from permsync.store.engine import Database
from permsync.store.migrate import migrate
from permsync.telemetry import Metrics
from permsync.transport import Exchange, Transport
from permsync.transport.wire import origin_of
from permsync.vault import Vault
from permsync.vault.app_key import AppKey


@asynccontextmanager
async def open_services(
    settings: Settings, *, lost_key: str | None = None
) -> AsyncIterator[Services]:
    """
    Everything a flow needs, from the database up; closed in the opposite order.

    Leaving waits for refreshes in flight: they always end in a commit. ``lost_key`` is a
    sealing key that may be missing. Raises ``OperatorError`` where the settings or the machine
    are wrong.
    """
    vault = Vault([key.get_secret_value() for key in settings.sealing_keys])
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        with _placed(settings):
            configured = _hosts(settings, vault)
            connections = _connections(settings, configured)
        database = await stack.enter_async_context(open_database(settings))
        await migrate(database)
        await queue_schema.install(database)
        await admit_keys(database, vault, lost=lost_key)
        transport = await stack.enter_async_context(_transport(settings, configured, metrics))
        in_flight = InFlight(
            limit=settings.refresh_in_flight, limit_each=settings.refresh_in_flight_each
        )
        stack.push_async_callback(in_flight.drain)
        services = Services(
            database=database,
            transport=transport,
            vault=vault,
            hosts=configured,
            durations=settings.durations,
            clock=Clock(now=_now, boottime=_boottime),
            chance=Chance(secret=_secret, jitter=_jitter),
            in_flight=in_flight,
            metrics=metrics,
            sign_in=_sign_in(settings),
            owner=str(uuid4()),
            fold_above=settings.fold_above,
            webhook_backlog=settings.webhook_backlog,
            connections=connections,
            long_waits=LongWaits.among(settings.worker.concurrency),
        )
        await note_policies(services)
        yield services


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The external database of the settings, or the embedded one, running."""
    async with AsyncExitStack() as stack:
        url = settings.database_url.get_secret_value() if settings.database_url else None
        if url is None:
            embedded = EmbeddedPostgres(settings.data_folder / "postgres", waits=_waits(settings))
            url = (await stack.enter_async_context(embedded)).database_url
        database = Database(
            url,
            pool=settings.database_connections,
            silent_in=settings.durations.database_silent,
        )
        stack.push_async_callback(database.close)
        yield database


def _waits(settings: Settings) -> EmbeddedWaits:
    durations = settings.durations
    return EmbeddedWaits(
        start_in=durations.database_start,
        stop_in=durations.database_stop,
        look_again_in=durations.database_poll,
    )


def _transport(
    settings: Settings, configured: Mapping[str, ConfiguredHost], metrics: Metrics
) -> Transport:
    urls = {
        url: name
        for name, one in configured.items()
        for url in (settings.hosts[name].base_url, _token_url(one.host), *one.host.api_urls)
    }
    names = {origin_of(url): name for url, name in urls.items()}

    def count(exchange: Exchange) -> None:
        host = names.get(exchange.origin, exchange.origin)
        metrics.requests.labels(host, exchange.outcome).inc()

    authorities: Mapping[str, Path] = {
        url: file
        for url, name in urls.items()
        if (file := settings.hosts[name].ca_file) is not None
    }
    return Transport(
        authorities=authorities,
        proxy_url=settings.proxy_url.get_secret_value() if settings.proxy_url else None,
        page_bytes=settings.max_answer_bytes,
        connections=settings.host_connections,
        idle=settings.durations.api_idle,
        observe=count,
    )


def _token_url(host: CodeHost) -> str:
    """Where a host gives tokens, which may be neither at its base URL nor at its API."""
    return host.refresh_request(refresh_token="", redirect_uri="").url


@contextmanager
def _placed(settings: Settings) -> Iterator[None]:
    """What a kind refuses is named with the line that it stands in, like everything else."""
    try:
        yield
    except ConfigurationError as error:
        place = settings.place_of(error.key) or error.place
        raise ConfigurationError(key=error.key, place=place, cure=error.cure) from error


def _hosts(settings: Settings, vault: Vault) -> dict[str, ConfiguredHost]:
    made = {}
    for name, table in settings.hosts.items():
        redirect_uri = settings.redirect_uri(name)
        host = hosts.create(
            HostSettings(
                name=name,
                kind=table.kind,
                base_url=table.base_url,
                api_url=table.api_url,
                client_id=table.client_id,
                client_secret=table.client_secret.get_secret_value(),
                redirect_uri=redirect_uri,
                scopes=table.scopes,
                options=table.options,
            )
        )
        secret = table.client_secret.get_secret_value()
        made[name] = ConfiguredHost(
            name=name,
            host=host,
            include=_include(host, name, table),
            redirect_uri=redirect_uri,
            client_digest=vault.digest(f"{name}\n{table.client_id}\n{secret}"),
            lends=table.lend,
            settle=table.settle,
            webhook_secrets=tuple(one.get_secret_value() for one in table.webhook_secrets),
            sign_in_heals=table.sign_in_heals,
            public=PublicTo(table.public),
            opens_internal=table.internal == "as_at_host",
            enterprise=_enterprise(host, name, table),
        )
    return made


def _connections(
    settings: Settings, configured: Mapping[str, ConfiguredHost]
) -> tuple[ConfiguredConnection, ...]:
    """A connection asks who may read a repository: where that has no answer, it is refused."""
    for name, one in settings.connections.items():
        if configured[one.host].readers is None:
            title = configured[one.host].host.title
            raise ConfigurationError(
                key=f"connections.{name}.host",
                place="the settings",
                cure=f"remove the connection: {title} does not list who may read a repository",
            )
    return tuple(
        ConfiguredConnection(
            name=name,
            host=one.host,
            owners=frozenset(one.owners),
            token=one.token.get_secret_value() if one.token is not None else "",
            app=_app(name, one, configured[one.host].host),
            enforced=one.enforce,
        )
        for name, one in settings.connections.items()
    )


def _include(host: CodeHost, name: str, table: Host) -> frozenset[str]:
    """Where strangers have repositories as well, nothing is mirrored that was not named."""
    machine = urlsplit(table.base_url).hostname or ""
    if not table.include and machine.removeprefix("www.") in host.clouds:
        raise ConfigurationError(
            key=f"hosts.{name}.include",
            place="the settings",
            cure='name the organisations or groups to mirror, or ["*"] for all',
        )
    return frozenset(table.include or {"*"})


def _enterprise(host: CodeHost, name: str, table: Host) -> frozenset[str]:
    """Where no owners share what is internal, naming some would open what the host does not."""
    if table.enterprise and not host.shares_internal:
        whom = "to the whole instance" if host.opens_internal else "to no other organisation"
        raise ConfigurationError(
            key=f"hosts.{name}.enterprise",
            place="the settings",
            cure=f"remove it: internal at {host.title} opens {whom}",
        )
    return frozenset(table.enterprise)


def _app(name: str, table: Connection, host: CodeHost) -> ConfiguredApp | None:
    """The app that a connection speaks as; not every host knows apps, nor is every key fit."""
    if table.app_id is None or table.private_key is None:
        return None
    apps = apps_of(host)
    if apps is None:
        raise ConfigurationError(
            key=f"connections.{name}.app_id",
            place="the settings",
            cure=f"name a token instead: {host.title} knows no apps that could be asked as",
        )
    try:
        key = AppKey(table.private_key.get_secret_value())
    except ValueError as error:
        raise ConfigurationError(
            key=f"connections.{name}.private_key", place="the settings", cure=str(error)
        ) from None
    return ConfiguredApp(app_id=table.app_id, apps=apps, key=key, memory=AppMemory())


def _sign_in(settings: Settings) -> SignIn | None:
    if settings.oidc is None:
        return None
    return SignIn(
        issuer=settings.oidc.issuer,
        client_id=settings.oidc.client_id,
        client_secret=settings.oidc.client_secret.get_secret_value(),
        redirect_uri=f"{settings.public_url}/signin/callback",
        scopes=settings.oidc.scopes,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _boottime() -> float:
    return clock_gettime(CLOCK_BOOTTIME)


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _jitter() -> float:
    return secrets.randbits(53) / (1 << 53)
