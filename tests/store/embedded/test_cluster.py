"""
The files of the embedded PostgreSQL: private, complete, of the right version, without secrets.

Users are refused by a real server, which is asked in its own protocol.
"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from permsync.errors import DatabaseUnavailableError
from permsync.store.embedded import EmbeddedPostgres, ensure_running
from permsync.store.embedded.owner import find_owner
from permsync.store.embedded.server import EmbeddedServer
from tests.databases import TEST_SETTINGS, TEST_WAITS

# The first words of the protocol, said by hand: no client library is needed to be refused.
_KNOCK = """
import os, socket, struct, sys
path, role, uid = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
if uid != os.geteuid():
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
door = socket.socket(socket.AF_UNIX)
try:
    door.connect(path)
except PermissionError:
    sys.exit("no way in")
words = b"user\\0" + role + b"\\0database\\0permsync\\0\\0"
door.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
print(door.recv(4096).decode(errors="replace"))
"""
_NOBODY = 65534


def entered(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, waits=TEST_WAITS, settings=TEST_SETTINGS)


def make_private_no_more(server: EmbeddedServer) -> None:
    """Take the fence of the modes away, so that only the next one stands."""
    server.data_folder.chmod(0o755)
    server.socket_folder.chmod(0o755)
    socket_of(server).chmod(0o777)


def locks_and_logs(folder: Path) -> list[Path]:
    return [*folder.glob("*.lock"), *(folder / "log").iterdir()]


def moved(folder: Path, name: str) -> Path:
    return folder.rename(folder.with_name(name))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def socket_of(server: EmbeddedServer) -> Path:
    return server.socket_folder / f".s.PGSQL.{server.port}"


def answer_to(server: EmbeddedServer, *, role: str, uid: int) -> str:
    """Connect as this user of the machine and that role, and return how far it got."""
    command = [sys.executable, "-c", _KNOCK, str(socket_of(server)), role, str(uid)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


async def test_every_folder_and_lock_is_the_owners_alone(data_folder: Path) -> None:
    owner = await find_owner()
    async with entered(data_folder) as server:
        folders = [data_folder, server.socket_folder]
        folders += [data_folder / name for name in ("cluster", "log")]
        assert {mode_of(folder) for folder in folders} == {0o700}
        files = [*locks_and_logs(data_folder), socket_of(server)]
        assert {mode_of(file) for file in files} <= {0o600, 0o700}
        assert {path.stat().st_uid for path in [*folders, *files]} == {owner.uid}


async def test_a_folder_that_was_opened_is_closed_again(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        make_private_no_more(server)
        await ensure_running(data_folder, waits=TEST_WAITS)
        assert mode_of(data_folder) == 0o700


async def test_no_address_is_listened_on(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        assert not psutil.Process(server.pid).net_connections(kind="inet")
        assert psutil.Process(server.pid).net_connections(kind="unix")


async def test_a_role_that_we_were_not_given_is_refused(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        refused = answer_to(server, role="stranger", uid=os.geteuid())
        assert "Peer authentication failed" in refused
        let_in = answer_to(server, role="permsync", uid=os.geteuid())
        assert "Peer authentication failed" not in let_in


async def test_another_user_is_refused_by_the_folder_and_behind_it(data_folder: Path) -> None:
    # Only root can become somebody else; for others the role test above knocks at the map.
    uid, role = (_NOBODY, "permsync") if os.geteuid() == 0 else (os.geteuid(), "stranger")
    async with entered(data_folder) as server:
        if uid != os.geteuid():
            assert "no way in" in answer_to(server, role=role, uid=uid)
        make_private_no_more(server)
        assert "Peer authentication failed" in answer_to(server, role=role, uid=uid)


@pytest.mark.parametrize("name", ["n" * 120, "a,b:c", 'quoted "twice"', "it's $(here)"])
async def test_a_path_that_is_long_or_strange_works(data_folder: Path, name: str) -> None:
    async with entered(moved(data_folder, name)) as server:
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_a_socket_folder_elsewhere_is_private_and_removed_at_the_stop(
    data_folder: Path,
) -> None:
    async with entered(moved(data_folder, "n" * 120)) as server:
        assert server.socket_folder.parent != server.data_folder
        assert mode_of(server.socket_folder) == 0o700
    assert not server.socket_folder.exists()


async def test_a_folder_of_another_major_version_is_refused_with_the_cure(
    data_folder: Path,
) -> None:
    (data_folder / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(DatabaseUnavailableError, match="PostgreSQL 16") as refused:
        await ensure_running(data_folder, waits=TEST_WAITS)
    assert "pg_dump" in refused.value.cure


async def test_a_folder_that_initdb_left_half_made_is_made_again(empty_folder: Path) -> None:
    (empty_folder / "cluster.unfinished" / "base").mkdir(parents=True)
    owner = await find_owner()
    os.chown(empty_folder, owner.uid, owner.gid)
    async with entered(empty_folder) as server:
        assert psutil.pid_exists(server.pid)


async def test_a_bound_secret_never_reaches_the_log(data_folder: Path) -> None:
    async with entered(data_folder) as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("CREATE TABLE t (v text PRIMARY KEY CHECK (v <> 'ghs_b'))")
        await connection.execute("INSERT INTO t VALUES ($1)", "ghs_a")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO t VALUES ($1)", "ghs_a")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("INSERT INTO t VALUES ($1)", "ghs_b")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await connection.execute("SELECT ($1::text)::int", "ghs_c")
        with pytest.raises(asyncpg.UndefinedTableError):
            await connection.execute("INSERT INTO missing VALUES ('ghs_d')")
        await connection.close()
    logged = "".join(path.read_text() for path in (data_folder / "log").iterdir())
    assert "ready to accept connections" in logged
    assert "ghs_" not in logged


async def test_few_logs_are_kept(data_folder: Path) -> None:
    for day in range(10, 20):
        (data_folder / "log" / f"postgres-202601{day}-000000.log").touch()
    async with entered(data_folder):
        kept = sorted(path.name for path in (data_folder / "log").glob("postgres-2026*"))
    assert len(kept) <= 6
    assert "postgres-20260110-000000.log" not in kept
