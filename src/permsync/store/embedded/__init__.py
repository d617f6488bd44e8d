"""
The embedded PostgreSQL: one server per data folder, shared by every permsync on it.

What is decided here: when the server is started, joined and stopped. What this module must
not know: tables, and where its settings come from; it reads no environment.

Who starts it: the first who needs it. Two who come at once take turns (``start.lock``), and
the second joins. The server lives in a session of its own, so a killed permsync hurts it
as little as a closed terminal. Who is called off in the middle of a start stops it again.

Who stops it: the last who leaves. Everyone shares ``users.lock``, which the kernel takes
back from the dead; who leaves in order and finds it shared by nobody else stops the server.
When the last one was killed the server goes on, and the next one joins it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded.binaries import Programs, find_binaries
from permsync.store.embedded.cluster import Cluster
from permsync.store.embedded.locks import HeldLock, claim, claim_in_turn
from permsync.store.embedded.owner import (
    SYSTEM_USER,
    ServerOwner,
    find_owner,
    make_private_folder,
)
from permsync.store.embedded.server import EmbeddedServer, join

_NOTHING_CHANGED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedWaits:
    """
    How long the embedded PostgreSQL may take.

    ``start_in``: until it is ready, from an empty folder and waiting for one's turn
    included. ``stop_in``: until it has stopped. ``look_again_in``: between two looks at
    whether it is so.
    """

    start_in: timedelta
    stop_in: timedelta
    look_again_in: timedelta


class EmbeddedPostgres:
    """
    Uses the server of a data folder: started or joined on entry, stopped by the last to leave.

    A process that forks while it is inside leaves its share to the child as well.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        waits: EmbeddedWaits,
        settings: Mapping[str, str] = _NOTHING_CHANGED,
        system_user: str = SYSTEM_USER,
    ) -> None:
        self._data_folder = data_folder
        self._waits = waits
        self._settings = settings
        self._system_user = system_user
        self._inside: tuple[Cluster, HeldLock] | None = None

    async def __aenter__(self) -> EmbeddedServer:
        owner = await find_owner(system_user=self._system_user)
        cluster = _open_cluster(self._data_folder, owner)
        async with _taking_turns(cluster, self._waits, ends_in=self._waits.start_in) as lock:
            users = await claim_in_turn(
                cluster.users_lock,
                owner=cluster.owner,
                look_again_in=self._waits.look_again_in,
                shared=True,
            )
            try:
                server = await _join_or_start(cluster, lock, self._waits, self._settings)
            except BaseException:
                with users:
                    if users.is_last():
                        await _stop_half_started(cluster, self._waits)
                raise
        self._inside = (cluster, users)
        return server

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._inside is None:
            return
        cluster, users = self._inside
        self._inside = None
        with users:
            async with _taking_turns(cluster, self._waits, ends_in=self._waits.stop_in):
                if users.is_last():
                    await _stop(cluster, self._waits)


async def ensure_running(
    data_folder: Path,
    *,
    waits: EmbeddedWaits,
    settings: Mapping[str, str] = _NOTHING_CHANGED,
    system_user: str = SYSTEM_USER,
) -> EmbeddedServer:
    """
    Start the server of this folder, or join the one that runs, without becoming its user.

    ``settings`` override ours in ``postgresql.conf`` where this call starts the server.

    Raises:
        DatabaseUnavailableError: there is no server to be had; it names the place and the cure.

    """
    cluster = _open_cluster(data_folder, await find_owner(system_user=system_user))
    async with _taking_turns(cluster, waits, ends_in=waits.start_in) as lock:
        return await _join_or_start(cluster, lock, waits, settings)


async def stop(
    server: EmbeddedServer, *, waits: EmbeddedWaits, system_user: str = SYSTEM_USER
) -> None:
    """
    Stop the server, whoever uses it; one that is gone already is fine.

    Raises:
        DatabaseUnavailableError: it did not stop in time.

    """
    cluster = _open_cluster(server.data_folder, await find_owner(system_user=system_user))
    async with _taking_turns(cluster, waits, ends_in=waits.stop_in):
        await _stop(cluster, waits)


def _open_cluster(data_folder: Path, owner: ServerOwner) -> Cluster:
    folder = data_folder.resolve()
    make_private_folder(folder, owner)
    programs = Programs(binaries=find_binaries(), owner=owner, folder=folder)
    cluster = Cluster(folder=folder, owner=owner, programs=programs)
    cluster.check_version()
    return cluster


@asynccontextmanager
async def _taking_turns(
    cluster: Cluster, waits: EmbeddedWaits, *, ends_in: timedelta
) -> AsyncIterator[HeldLock]:
    try:
        async with asyncio.timeout(ends_in.total_seconds()):
            with await claim_in_turn(
                cluster.start_lock, owner=cluster.owner, look_again_in=waits.look_again_in
            ) as lock:
                yield lock
    except TimeoutError as error:
        raise DatabaseUnavailableError(
            place=f"the embedded PostgreSQL in {cluster.folder} did not start or stop within "
            f"{ends_in}; it last said: {cluster.last_words()}",
            cure="mend what it names, or allow it more time",
        ) from error
    except OSError as error:
        raise DatabaseUnavailableError(
            place=f"{error.filename or cluster.folder} ({error.strerror})",
            cure=f"give {cluster.folder} and what is in it to {cluster.owner.name}, "
            "and look for a full or read-only disk",
        ) from error


async def _join_or_start(
    cluster: Cluster, start_lock: HeldLock, waits: EmbeddedWaits, settings: Mapping[str, str]
) -> EmbeddedServer:
    started = False
    while True:
        server = await join(cluster)
        if server is not None:
            return server
        server_lock = claim(cluster.server_lock, owner=cluster.owner)
        if server_lock is None:
            # A process of the server lives: it starts, recovers, stops or dies just now.
            await asyncio.sleep(waits.look_again_in.total_seconds())
            continue
        with server_lock:
            if started:
                raise DatabaseUnavailableError(
                    place=f"the embedded PostgreSQL in {cluster.folder} ended as soon as it "
                    f"started; it last said: {cluster.last_words()}",
                    cure="mend what it names, or choose another folder",
                )
            await cluster.start(
                settings=settings,
                start_lock=start_lock,
                server_lock=server_lock,
                ends_in=waits.start_in,
            )
            started = True


async def _stop_half_started(cluster: Cluster, waits: EmbeddedWaits) -> None:
    """Stop a server that may not have said yet where it is; what hinders that is no news."""
    with suppress(DatabaseUnavailableError, TimeoutError):
        async with asyncio.timeout(waits.stop_in.total_seconds()):
            while cluster.postmaster() is None:
                idle = claim(cluster.server_lock, owner=cluster.owner)
                if idle is not None:
                    idle.release()
                    return
                await asyncio.sleep(waits.look_again_in.total_seconds())
            await _stop(cluster, waits)


async def _stop(cluster: Cluster, waits: EmbeddedWaits) -> None:
    postmaster = cluster.postmaster()
    idle = claim(cluster.server_lock, owner=cluster.owner)
    if idle is None:
        await cluster.stop(ends_in=waits.stop_in)
        idle = await claim_in_turn(
            cluster.server_lock, owner=cluster.owner, look_again_in=waits.look_again_in
        )
    with idle:
        if postmaster is not None:
            cluster.remove_socket_folder(postmaster.socket_folder)
