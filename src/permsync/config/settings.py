"""
Every setting: its type, its default, and the reason why it exists.

What is decided here: the shape of ``Settings`` and what a single value may be. The
descriptions are the documentation (``docs/settings.md``). This module must not find out where
a value was written; a refusal is a ``ValueError`` whose text is the cure.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from permsync.config.addresses import parse_base_url
from permsync.config.places import Written
from permsync.config.tables import Connection, Host, Table
from permsync.config.values import (
    DatabaseUrl,
    Issuer,
    Name,
    Port,
    ProxyUrl,
    SealingKeys,
    Secret,
    Words,
)
from permsync.model import Durations

HOST_NAME = re.compile(r"[a-z0-9-]{1,40}")


class Listen(Table):
    """Where the service listens."""

    host: Name = Field(
        default="127.0.0.1",
        description="The address to listen on. The default is this machine only: put a proxy"
        " that speaks TLS in front, or name `0.0.0.0` inside a container.",
    )
    port: Port = Field(default=8080, description="The port to listen on; 0 takes a free one.")


class Admin(Table):
    """A person who may do everything."""

    issuer: Name = Field(
        examples=["https://login.example"],
        description="The issuer who vouches for the person, letter by letter.",
    )
    subject: Name = Field(
        examples=["248289761001"], description="The person's immutable id (`sub`) at that issuer."
    )


class Oidc(Table):
    """How people sign in: one OpenID Connect provider."""

    issuer: Issuer = Field(
        examples=["https://login.example"],
        description="The provider's issuer, letter by letter: a slash at the end matters.",
    )
    client_id: Name = Field(
        examples=["permsync"], description="The id of permsync's client at the provider."
    )
    client_secret: Secret = Field(
        examples=["secret"], description="The secret of permsync's client at the provider."
    )
    client_secret_file: Path | None = Field(
        default=None,
        examples=["client-secret"],
        description="A private file that holds it instead.",
    )
    scopes: Words = Field(
        default=("openid", "email", "profile"), description="The scopes to ask for at sign-in."
    )


class Worker(Table):
    """The background work of one process."""

    concurrency: int = Field(
        default=8, ge=1, le=256, description="How many jobs one process runs side by side."
    )
    host: Name = Field(
        default="127.0.0.1", description="The address at which `port` is; only you should reach it."
    )
    port: Port | None = Field(
        default=None,
        examples=[9464],
        description="Where a process of `permsync worker` answers `/healthz`, `/readyz` and"
        " `/metrics`, without a key. Each such process counts what it does itself; `permsync serve`"
        " tells its own at `/metrics` of the service.",
    )


class Settings(Table):
    """Every setting of the service, read once and never changed."""

    public_url: str = Field(
        examples=["https://permsync.example"],
        description="The address people and code hosts reach permsync by. Callback addresses"
        " begin with it, so it must be what was registered at the hosts.",
    )
    listen: Listen = Field(default=Listen(), description="Where the service listens.")
    data_folder: Path = Field(
        default=Path("/var/lib/permsync"),
        description="Where the embedded PostgreSQL lives. The default is root's; for others it is"
        " `permsync` in `$XDG_DATA_HOME` (`~/.local/share`).",
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        examples=["postgresql://permsync:secret@db.example:5432/permsync?sslmode=require"],
        description="An external PostgreSQL, 14 or newer; without it permsync runs its own. The"
        " certificates for `sslmode=verify-full` are named by the variable `PGSSLROOTCERT`.",
    )
    database_url_file: Path | None = Field(
        default=None, examples=["database-url"], description="A private file that holds it instead."
    )
    sealing_keys: SealingKeys = Field(
        examples=[["32 random bytes in base64"]],
        description="The keys of 32 bytes, in base64. The first one seals tokens, the others open.",
    )
    sealing_keys_file: Path | None = Field(
        default=None, examples=["sealing-keys"], description="A private file of keys, one a line."
    )
    sealing_keys_command: Words | None = Field(
        default=None,
        examples=[["vault", "kv", "get", "-field=keys", "secret/permsync"]],
        description="A program that prints the keys instead, one a line. It runs without a shell.",
    )
    oidc: Oidc | None = Field(default=None, description="How people sign in.")
    admins: tuple[Admin, ...] = Field(default=(), description="The people who may do everything.")
    hosts: dict[str, Host] = Field(default_factory=dict, description="The code hosts, by name.")
    connections: dict[str, Connection] = Field(
        default_factory=dict,
        description="Tokens and apps that list who may read a repository, by name.",
    )
    fold_above: int = Field(
        default=50,
        ge=1,
        description="More repositories than this that a listing misses at once are held until a"
        " second one says the same; more questions about one account become one listing.",
    )
    worker: Worker = Field(default=Worker(), description="The background work.")
    refresh_in_flight: int = Field(
        default=16,
        ge=1,
        le=256,
        description="How many refreshes one process runs at once. It is the most that a killed"
        " process can cost.",
    )
    refresh_in_flight_each: int = Field(
        default=8,
        ge=1,
        le=256,
        description="How many of them one host is sent at once, however many are due.",
    )
    max_answer_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1024 * 1024,
        description="Bytes of a host's answer that are read, unpacked; a longer one is a fault.",
    )
    webhook_bytes: int = Field(
        default=5 * 1024 * 1024,
        ge=64 * 1024,
        description="Bytes of a webhook's body that are read; a longer one is refused. Those about"
        " permissions are small, but for an installation on thousands of repositories.",
    )
    webhook_backlog: int = Field(
        default=10_000,
        ge=100,
        description="How many webhooks of a host may wait. Beyond it only those that take access"
        " away are kept; what the others are about comes with the next listing.",
    )
    host_connections: int = Field(
        default=100, ge=1, description="How many API requests one process has in flight to a host."
    )
    database_connections: int = Field(
        default=10, ge=2, description="How many database connections one process keeps."
    )
    proxy_url: ProxyUrl | None = Field(
        default=None,
        examples=["http://proxy.example:3128"],
        description="A proxy for all requests to hosts. The usual variables are not read.",
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Log lines for people, or for machines."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important lines that are written."
    )
    durations: Durations = Field(
        default=Durations(), description="Every duration, and one factor that scales them all."
    )

    @field_validator("public_url")
    @classmethod
    def _as_base_url(cls, url: str) -> str:
        return parse_base_url(url)

    @field_validator("hosts")
    @classmethod
    def _named(cls, hosts: dict[str, Host]) -> dict[str, Host]:
        if wrong := [name for name in hosts if not HOST_NAME.fullmatch(name)]:
            raise ValueError(f"name the host {wrong[0]!r} with 1 to 40 of a-z, 0-9 and -")
        return hosts

    @field_validator("hosts")
    @classmethod
    def _healing(cls, hosts: dict[str, Host], given: ValidationInfo) -> dict[str, Host]:
        """Tokens of a sign-in are refreshed with the host's client, so it must be the same."""
        oidc: Oidc | None = given.data.get("oidc")
        for name, host in hosts.items():
            if host.sign_in_heals and not _is_provider(host, oidc):
                raise ValueError(
                    f"sign_in_heals of {name!r} needs oidc.issuer to be its base_url, and"
                    " oidc.client_id to be its client_id"
                )
        return hosts

    @field_validator("connections")
    @classmethod
    def _to_a_host(
        cls, connections: dict[str, Connection], given: ValidationInfo
    ) -> dict[str, Connection]:
        known = given.data.get("hosts", {})
        if wrong := [one.host for one in connections.values() if one.host not in known]:
            raise ValueError(f"{wrong[0]!r} is no host of these settings; add it to [hosts]")
        return connections

    _written: Written = PrivateAttr(default=Written())

    def remember(self, written: Written) -> None:
        """Keep where all of this stands, for what is found wrong with it later."""
        self._written = written

    def place_of(self, key: str) -> str | None:
        """Where a setting, or the nearest table around it, was written; ``None`` if nowhere."""
        return self._written.place_of(key)

    def redirect_uri(self, host: str) -> str:
        """Where a code host sends people back to."""
        return f"{self.public_url}/link/{host}/callback"


def _is_provider(host: Host, oidc: Oidc | None) -> bool:
    """Whether people sign in at this host, through the client that links accounts there."""
    if oidc is None or oidc.client_id != host.client_id:
        return False
    return oidc.issuer.rstrip("/") == host.base_url.rstrip("/")
