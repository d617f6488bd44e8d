"""
An embedded PostgreSQL that runs: its address, and the first handshake with it.

What is decided here: how the service reaches the server and what must be there before it
does: its role and its database. What this module must not know: how servers start and
stop, or tables.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.cluster import ADMIN_ROLE, SERVICE_ROLE, Cluster

MAINTENANCE_DATABASE = "postgres"
SERVICE_DATABASE = "permsync"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A server that runs: where to reach it, and which it is."""

    data_folder: Path
    socket_folder: Path
    port: int
    pid: int
    postgres_version: str

    @property
    def dsn(self) -> str:
        """The service's database, for asyncpg itself."""
        return self.dsn_of(SERVICE_DATABASE)

    @property
    def database_url(self) -> str:
        """The service's database, for SQLAlchemy on asyncpg."""
        return self.database_url_of(SERVICE_DATABASE)

    def dsn_of(self, database: str) -> str:
        """Return the address of one database for asyncpg itself."""
        return f"postgresql://{self._rest_of_address(database)}"

    def database_url_of(self, database: str) -> str:
        """Return the address of one database for SQLAlchemy on asyncpg."""
        return f"postgresql+asyncpg://{self._rest_of_address(database)}"

    def _rest_of_address(self, database: str) -> str:
        socket = urlencode({"host": self.socket_folder, "port": self.port}, quote_via=quote)
        return f"{SERVICE_ROLE}@/{quote(database, safe='')}?{socket}"


async def join(cluster: Cluster) -> EmbeddedServer | None:
    """
    Return the server of these files, or None while it does not answer.

    Raises:
        DatabaseUnavailableError: it answers, but does not let us in.

    """
    postmaster = cluster.postmaster()
    if postmaster is None:
        return None
    try:
        connection = await asyncpg.connect(
            host=str(postmaster.socket_folder),
            port=postmaster.port,
            # The administrator's sessions are reserved: a full server can still be joined.
            user=ADMIN_ROLE,
            database=MAINTENANCE_DATABASE,
        )
    except (FileNotFoundError, ConnectionError, asyncpg.PostgresConnectionError):
        return None  # there is only a file: nobody listens, or no longer
    except asyncpg.CannotConnectNowError:
        return None  # it starts, recovers or stops
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise DatabaseUnavailableError(
            place=f"the embedded PostgreSQL in {cluster.folder} does not know us ({error})",
            cure=f"stop it, and let permsync start it as {cluster.owner.name} or root",
        ) from error
    try:
        await _ensure_service_database(connection)
        version = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return EmbeddedServer(
        data_folder=cluster.folder,
        socket_folder=postmaster.socket_folder,
        port=postmaster.port,
        pid=postmaster.pid,
        postgres_version=version,
    )


async def _ensure_service_database(connection: asyncpg.Connection) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", SERVICE_ROLE):
        await connection.execute(f"CREATE ROLE {SERVICE_ROLE} LOGIN CREATEDB")
    known = "SELECT 1 FROM pg_database WHERE datname = $1"
    if not await connection.fetchval(known, SERVICE_DATABASE):
        await connection.execute(f"CREATE DATABASE {SERVICE_DATABASE} OWNER {SERVICE_ROLE}")
