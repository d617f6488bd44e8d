"""
The life of the embedded PostgreSQL: who starts it, joins it, stops it, kills it.

Everything here is real: servers on folders of their own, processes, signals.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil
import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded import EmbeddedPostgres, ensure_running, stop
from permsync.store.embedded.locks import claim
from permsync.store.embedded.owner import ServerOwner, find_owner
from permsync.store.embedded.server import EmbeddedServer
from tests.databases import TEST_SETTINGS, TEST_WAITS
from tests.store.embedded.embedded_user import another_user, is_running


def entered(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, waits=TEST_WAITS, settings=TEST_SETTINGS)


@asynccontextmanager
async def connected(server: EmbeddedServer) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(server.dsn)
    try:
        yield connection
    finally:
        await connection.close()


def cat_of(owner: ServerOwner) -> "subprocess.Popen[str]":
    """Start a process of the server's user that is no server; it ends with its input."""
    user = owner.uid if owner.is_somebody_else else None
    return subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, user=user, text=True)


async def appeared(path: Path) -> None:
    async with asyncio.timeout(TEST_WAITS.start_in.total_seconds()):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 (a file wakes nobody)
            await asyncio.sleep(0)


async def killed(pid: int, folder: Path) -> None:
    """SIGKILL the postmaster and wait until its children have gone after it."""
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(TEST_WAITS.stop_in.total_seconds()):
        while await is_running(folder):  # noqa: ASYNC110 (a lock wakes nobody)
            await asyncio.sleep(TEST_WAITS.look_again_in.total_seconds())


async def test_a_server_starts_from_an_empty_folder(empty_folder: Path) -> None:
    async with entered(empty_folder) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT current_user") == "permsync"
        assert server.postgres_version == await connection.fetchval("SHOW server_version")


async def test_a_second_start_joins_the_running_server(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        assert await ensure_running(data_folder, waits=TEST_WAITS) == server


async def test_a_symbolic_link_leads_to_the_same_server(data_folder: Path, place: Path) -> None:
    (place / "link").symlink_to(data_folder)
    async with entered(data_folder) as server:
        assert await ensure_running(place / "link", waits=TEST_WAITS) == server


async def test_two_processes_that_start_at_once_share_one_server(empty_folder: Path) -> None:
    with another_user(empty_folder) as one, another_user(empty_folder) as two:
        assert one.server_pid() == two.server_pid()
        one.leave()
        two.leave()


async def test_the_server_survives_the_sigkill_of_who_started_it(data_folder: Path) -> None:
    with another_user(data_folder) as starter:
        pid = starter.server_pid()
        starter.kill()
    async with entered(data_folder) as server:
        assert server.pid == pid


async def test_the_server_is_in_no_session_of_who_started_it(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        assert os.getsid(server.pid) != os.getsid(0)


async def test_a_killed_server_starts_again_with_what_was_committed(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        async with connected(server) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        await killed(server.pid, data_folder)
        again = await ensure_running(data_folder, waits=TEST_WAITS)
        async with connected(again) as connection:
            assert await connection.fetchval("SELECT number FROM kept") == 7


async def test_a_start_waits_for_the_children_of_a_killed_server(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        os.kill(server.pid, signal.SIGKILL)
        again = await ensure_running(data_folder, waits=TEST_WAITS)
        assert again.pid != server.pid


async def test_a_process_id_that_was_given_to_another_process_stops_no_start(
    data_folder: Path,
) -> None:
    owner = await find_owner()
    async with entered(data_folder) as server:
        pid_file = data_folder / "cluster" / "postmaster.pid"
        said = pid_file.read_text()
        await killed(server.pid, data_folder)
    with cat_of(owner) as stranger:
        pid_file.write_text(said.replace(str(server.pid), str(stranger.pid), 1))
        async with entered(data_folder) as again:
            assert again.pid != stranger.pid
        assert stranger.poll() is None
        stranger.communicate()


async def test_the_last_one_out_stops_the_server(data_folder: Path) -> None:
    async with entered(data_folder):
        pass
    assert not await is_running(data_folder)


async def test_an_earlier_one_leaves_the_server_to_the_others(data_folder: Path) -> None:
    with another_user(data_folder) as earlier:
        pid = earlier.server_pid()
        async with entered(data_folder) as server:
            earlier.leave()
            assert server.pid == pid
            async with connected(server) as connection:
                assert await connection.fetchval("SELECT 1") == 1
    assert not await is_running(data_folder)


async def test_a_killed_user_counts_no_more(data_folder: Path) -> None:
    with another_user(data_folder) as doomed:
        async with entered(data_folder):
            doomed.server_pid()
            doomed.kill()
    assert not await is_running(data_folder)


async def test_two_users_in_one_process_are_two(data_folder: Path) -> None:
    async with entered(data_folder):
        async with entered(data_folder):
            pass
        assert await is_running(data_folder)


async def test_looking_at_a_server_makes_nobody_its_user(data_folder: Path) -> None:
    async with entered(data_folder):
        await ensure_running(data_folder, waits=TEST_WAITS)
    assert not await is_running(data_folder)


async def test_an_explicit_stop_asks_nobody_and_may_be_repeated(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        await stop(server, waits=TEST_WAITS)
        assert not await is_running(data_folder)
        await stop(server, waits=TEST_WAITS)


async def test_a_cancelled_start_leaves_a_folder_that_starts(empty_folder: Path) -> None:
    first = asyncio.ensure_future(ensure_running(empty_folder, waits=TEST_WAITS))
    await appeared(empty_folder / "cluster.unfinished")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    async with entered(empty_folder) as server:
        assert psutil.pid_exists(server.pid)


async def test_who_is_called_off_in_the_middle_of_a_start_leaves_no_server(
    data_folder: Path,
) -> None:
    async with entered(data_folder):
        pass  # its files are there, so that the next start is nothing but a start
    entering = asyncio.create_task(entered(data_folder).__aenter__())
    await appeared(data_folder / "cluster" / "postmaster.pid")
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not await is_running(data_folder)


async def test_who_comes_after_a_sigkill_in_the_first_start_waits_for_its_initdb(
    empty_folder: Path,
) -> None:
    with another_user(empty_folder) as doomed:
        await appeared(empty_folder / "cluster.unfinished")
        doomed.kill()
    assert claim(empty_folder / "start.lock", owner=await find_owner()) is None
    async with entered(empty_folder) as server:
        assert psutil.pid_exists(server.pid)


async def test_waiting_for_ones_turn_ends(data_folder: Path) -> None:
    hurried = replace(TEST_WAITS, start_in=timedelta(milliseconds=30))
    lock = claim(data_folder / "start.lock", owner=await find_owner())
    assert lock is not None
    with lock, pytest.raises(DatabaseUnavailableError, match="did not start or stop within"):
        await ensure_running(data_folder, waits=hurried)


async def test_a_server_that_ends_at_once_is_quoted(data_folder: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="shared_buffers") as refused:
        await ensure_running(data_folder, waits=TEST_WAITS, settings={"shared_buffers": "much"})
    assert refused.value.cure


async def test_a_full_server_can_still_be_joined(data_folder: Path) -> None:
    few = {**TEST_SETTINGS, "max_connections": "4", "superuser_reserved_connections": "2"}
    postgres = EmbeddedPostgres(data_folder, waits=TEST_WAITS, settings=few)
    async with postgres as server, connected(server), connected(server):
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await asyncpg.connect(server.dsn)
        assert await ensure_running(data_folder, waits=TEST_WAITS) == server
