"""
A fleet for the benchmarks: pretend hosts with many people, and a database that links them all.

What is decided here: everybody reads one owner's repositories at each host, and tokens live
longer than any benchmark. This module must not measure.
"""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import insert, text

from permsync.flows.admit_keys import admit_keys
from permsync.flows.seal_tokens import binding
from permsync.simulator.kinds import roles
from permsync.simulator.samples import bulk_accounts, sample_hosts, sample_world
from permsync.simulator.server import RunningSimulator, serve
from permsync.store import schema
from permsync.store.engine import Database
from permsync.vault import Vault
from tests.world import PUBLIC_URL

LIFE_SECONDS = 86_400
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Linked:
    """What the fleet needs of one person at one host."""

    host: str
    external_id: str
    login: str
    access: str
    refresh: str | None


def play(pipe: Connection, each: int) -> None:
    """The pretend hosts, in a process of their own: their work is not ours."""
    world = sample_world(public_url=PUBLIC_URL, access_seconds=LIFE_SECONDS)
    people = []
    for name, (kind, sample) in sample_hosts().items():
        host, role = world.hosts[name], world.roles[kind]
        for pair in bulk_accounts(world, name, each):
            host.join(pair.person, namespace=sample.owners[0])
            account = host.accounts[pair.person]
            known = role.id_of(account).lower()
            people.append(Linked(name, known, account.login, pair.access, pair.refresh))
    with serve(world) as simulator:
        pipe.send((simulator.url, people))
        pipe.recv()


@contextmanager
def played(each: int) -> Iterator[tuple[str, list[Linked]]]:
    """Pretend hosts with ``each`` people at every one; their URL and those people."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=play, args=(theirs, each))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def simulator_at(url: str) -> RunningSimulator:
    """What the tests' services need to know of pretend hosts that run elsewhere."""
    paths = {role.sample.host: role.sample.path for role in roles().values()}
    return cast(
        "RunningSimulator",
        SimpleNamespace(url=url, host_url=lambda name: url + paths[name]),
    )


async def fill(database: Database, vault: Vault, people: list[Linked]) -> None:
    """Link everybody; the people of one number at all hosts are one person of ours."""
    await admit_keys(database, vault)
    now = datetime.now(UTC)
    logins = sorted({one.login for one in people})
    users = {login: number for number, login in enumerate(logins, start=1)}
    rows = [row(vault, number, one, users[one.login], now) for number, one in enumerate(people, 1)]
    async with database.begin() as connection:
        names = [{"name": login} for login in logins]
        await connection.execute(text('INSERT INTO "user" (name) VALUES (:name)'), names)
        for first in range(0, len(rows), CHUNK):
            await connection.execute(insert(schema.account), rows[first : first + CHUNK])
        await connection.execute(
            text("SELECT setval(pg_get_serial_sequence('account', 'id'), :last)"),
            {"last": len(rows)},
        )


def row(vault: Vault, number: int, one: Linked, user_id: int, now: datetime) -> dict[str, Any]:
    """One linked account, its tokens sealed to it."""
    link_id = str(uuid4())

    def sealed(field: str, token: str) -> bytes:
        place = binding(account_id=number, link_id=link_id, field=field, version=1)
        return vault.seal(token, binding=place).ciphertext

    return {
        "id": number,
        "user_id": user_id,
        "host": one.host,
        "external_id": one.external_id,
        "login": one.login,
        "state": "active",
        "link_id": link_id,
        "token_version": 1,
        "access_sealed": sealed("access", one.access),
        "refresh_sealed": sealed("refresh", one.refresh) if one.refresh else None,
        "key_id": vault.primary_key_id,
        "redirect_uri": f"{PUBLIC_URL}/link/{one.host}/callback",
        "scopes": None,
        "issued_at": now,
        "access_expires_at": now + timedelta(seconds=LIFE_SECONDS),
    }
