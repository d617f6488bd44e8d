"""
The files of the embedded PostgreSQL: made, configured, started, stopped, read.

What is decided here: how the data folder is laid out and how the server's programs are
called. What this module must not know: when to start or stop (``embedded``), or SQL.

    data folder/            0700, the owner's, as is everything below
        cluster/            what initdb made; complete, because it is renamed into place
        socket/             the only way in, unless its path is too long
        log/                startup.log, and what the server says later
        start.lock          held while one permsync starts or stops the server
        server.lock         held by the server's processes for as long as one of them lives
        users.lock          shared by every permsync that uses the server

``server.lock`` answers what ``postmaster.pid`` cannot: that file outlives a killed server,
and after a container's restart its number may belong to another process of the same user.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.binaries import MAJOR_VERSION, Ended, Programs
from permsync.store.embedded.configuration import (
    LOG_FOLDER,
    PORT,
    entry_rules,
    known_people,
    server_settings,
)
from permsync.store.embedded.locks import HeldLock
from permsync.store.embedded.owner import ServerOwner, make_private_folder

ADMIN_ROLE = "postgres"
SERVICE_ROLE = "permsync"

# The kernel's limit for the path of a socket is 107 bytes on Linux and 103 elsewhere.
_LONGEST_SOCKET_PATH = 103
# They separate hosts, and hosts from ports, in a connection string.
_SEPARATORS = ",:"

_STARTUP_LOG = f"{LOG_FOLDER}/startup.log"
_LOGS_KEPT = 5
_LINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says of a server that runs, or that ran and was killed."""

    pid: int
    socket_folder: Path
    port: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data folder and the server on it."""

    folder: Path
    owner: ServerOwner
    programs: Programs

    @property
    def start_lock(self) -> Path:
        """Held while one permsync starts or stops the server."""
        return self.folder / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the processes of the server."""
        return self.folder / "server.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by everyone who uses the server."""
        return self.folder / "users.lock"

    def postmaster(self) -> Postmaster | None:
        """Read who the server says it is, or None while it says nothing complete."""
        try:
            said = self._pid_file.read_text("utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return None
        # Process, folder, start, port, socket folder, and lines that we do not need.
        pid, _, _, port, socket_folder = (said.split("\n") + [""] * 5)[:5]
        if not socket_folder:
            return None
        return Postmaster(pid=int(pid), socket_folder=Path(socket_folder), port=int(port))

    def check_version(self) -> None:
        """Refuse the files of another major version, which these programs cannot read."""
        with suppress(FileNotFoundError):
            found = (self._files / "PG_VERSION").read_text().strip()
            if found != MAJOR_VERSION:
                raise DatabaseUnavailableError(
                    place=f"{self.folder} holds a database of PostgreSQL {found}, "
                    f"and this permsync brings PostgreSQL {MAJOR_VERSION}",
                    cure=f"dump it with pg_dump of version {found} and load it into an empty "
                    "folder, or name an external PostgreSQL with PERMSYNC_DATABASE_URL",
                )

    async def start(
        self,
        *,
        settings: Mapping[str, str],
        start_lock: HeldLock,
        server_lock: HeldLock,
        ends_in: timedelta,
    ) -> None:
        """
        Start the server in a session of its own; it is not ready yet when this returns.

        Both locks are held by the caller; the server inherits ``server_lock``.
        """
        await self.programs.check_access(ends_in=ends_in)
        if not self._files.exists():
            await self._init(settings=settings, start_lock=start_lock, ends_in=ends_in)
        make_private_folder(self.folder / LOG_FOLDER, self.owner)
        self._drop_old_logs()
        socket_folder = self._choose_socket_folder()
        make_private_folder(socket_folder, self.owner)
        self._save_configuration(socket_folder, settings)
        # Nobody holds server.lock but us, so no server lives that these could speak of.
        self._pid_file.unlink(missing_ok=True)
        (socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        self._check(
            await self.programs.run(
                *("pg_ctl", "start", "--no-wait", "--silent"),
                *("--pgdata", self._files.name, "--log", _STARTUP_LOG),
                ends_in=ends_in,
                inherited_lock=server_lock.descriptor,
            )
        )

    async def stop(self, *, ends_in: timedelta) -> None:
        """Tell the server to end its sessions and stop; it lives on when this returns."""
        self._check(
            await self.programs.run(
                *("pg_ctl", "stop", "--no-wait", "--silent", "--mode", "fast"),
                *("--pgdata", self._files.name),
                ends_in=ends_in,
            )
        )

    def remove_socket_folder(self, socket_folder: Path) -> None:
        """Leave no folder of a stopped server outside the data folder."""
        if socket_folder.parent != self.folder:
            with suppress(OSError):
                socket_folder.rmdir()

    def last_words(self) -> str:
        """Return the last lines that the server logged, for the operator."""
        lines: list[str] = []
        for path in (self.folder / _STARTUP_LOG, *self._logs()[-1:]):
            # The server's user may write here and we may be root: follow no link of theirs.
            with suppress(OSError), open(path, opener=_open_no_link, errors="replace") as log:
                lines += log.read().splitlines()[-_LINES_SHOWN:]
        return "\n".join(lines) or "nothing"

    @property
    def _files(self) -> Path:
        return self.folder / "cluster"

    @property
    def _pid_file(self) -> Path:
        return self._files / "postmaster.pid"

    async def _init(
        self, *, settings: Mapping[str, str], start_lock: HeldLock, ends_in: timedelta
    ) -> None:
        unfinished = self.folder / "cluster.unfinished"
        if unfinished.exists():
            await asyncio.to_thread(shutil.rmtree, unfinished)
        ended = await self.programs.run(
            *("initdb", "--pgdata", unfinished.name, "--username", ADMIN_ROLE),
            *("--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--data-checksums", "--auth", "peer", "--set", "huge_pages=off"),
            *(("--no-sync",) if settings.get("fsync") == "off" else ()),
            ends_in=ends_in,
            # Killed now, we leave an initdb at work: the next permsync waits for its end.
            inherited_lock=start_lock.descriptor,
        )
        self._check(ended)
        unfinished.rename(self._files)

    def _check(self, ended: Ended) -> None:
        if ended.code != 0:
            raise DatabaseUnavailableError(
                place=f"the embedded PostgreSQL in {self.folder} said {ended.said!r}",
                cure="mend what it names, or choose another folder",
            )

    def _choose_socket_folder(self) -> Path:
        inside = self.folder / "socket"
        too_long = len(os.fsencode(inside / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET_PATH
        if not too_long and not any(mark in str(inside) for mark in _SEPARATORS):
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return self._short_parent() / f"permsync-{digest}"

    def _short_parent(self) -> Path:
        # Whatever is chosen here, others read it from postmaster.pid.
        if self.owner.is_somebody_else:
            return Path("/run")
        session = Path("/run/user") / str(self.owner.uid)
        # S108: the folder made in there is 0700 and refused unless it is ours.
        return session if os.access(session, os.W_OK) else Path("/tmp")  # noqa: S108

    def _save_configuration(self, socket_folder: Path, settings: Mapping[str, str]) -> None:
        roles = (ADMIN_ROLE, SERVICE_ROLE)
        self._save(
            "postgresql.conf", server_settings(socket_folder=socket_folder, changed=settings)
        )
        self._save("pg_hba.conf", entry_rules())
        self._save("pg_ident.conf", known_people(owner=self.owner, roles=roles))

    def _save(self, name: str, text: str) -> None:
        new = self._files / f"{name}.new"
        new.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            self.owner.give(file.fileno())
            file.write(os.fsencode(text))
        new.replace(self._files / name)

    def _logs(self) -> list[Path]:
        return sorted((self.folder / LOG_FOLDER).glob("postgres-*.log"))

    def _drop_old_logs(self) -> None:
        for path in (self.folder / _STARTUP_LOG, *self._logs()[:-_LOGS_KEPT]):
            path.unlink(missing_ok=True)


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
