"""
A sealing key is replaced on a running site, by the commands that an operator types.

Real processes: a service and a worker that refresh and sync all the while against hosts
whose tokens live for seconds, a rotation that is killed, two that run at once, and processes
with the settings of yesterday. This module must not know how a value is sealed.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import text

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.store.engine import Database
from permsync.store.sealed_values import REGISTRY
from tests.cli.program import Ended, permsync, started
from tests.flows.scenes import everything_stored, rows
from tests.journeys.places import database_of, own_folder

PEOPLE = ("ada", "linus")
# No token of this host is refreshed while the journey lasts.
AT_REST = "bitbucket-dc"
HOSTS = ("github", "gitlab", AT_REST)  # the first two are strict
PATIENCE_SECONDS = 90
LOOK_AGAIN_SECONDS = 0.2
IN_USE = 74
# The rotation at a row that somebody holds.
WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT%'"
    " AND query LIKE '%account.key_id !=%'"
)


@dataclass(slots=True)
class Life:
    """A site under load. ``failed`` collects what programs were answered otherwise than well."""

    site: Site
    processes: ExitStack
    stop: Event = field(default_factory=Event)
    pressed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def key_file(self) -> Path:
        """Where the site's sealing keys stand."""
        return self.site.folder / "sealing-keys"

    @property
    def settings(self) -> tuple[str, str]:
        """The arguments that name the site's settings."""
        return ("--settings", str(self.site.folder / "permsync.toml"))

    def keys(self, *arguments: str) -> Ended:
        """One of the commands about keys."""
        return permsync("keys", *arguments, *self.settings)

    def press(self) -> None:
        """Ask for syncs, as a program would, until it is time to stop."""
        while not self.stop.wait(LOOK_AGAIN_SECONDS):
            for user in range(1, len(PEOPLE) + 1):
                try:
                    self.api("/v1/refresh", {"user": str(user)})
                    self.pressed += 1
                except OSError as error:
                    # A service that starts again is away for a moment; what it says counts.
                    if isinstance(error, urllib.error.HTTPError):
                        self.failed.append(f"{error.code} {error.read()!r}")

    def api(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the service."""
        request = urllib.request.Request(
            f"{self.site.permsync_url}{path}",
            data=json.dumps(body).encode() if body is not None else None,
            headers={
                "authorization": f"Bearer {self.site.service_key}",
                "content-type": "application/json",
            },
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def start_again(self) -> None:
        """End the service and the worker in order, and start them with the settings of now."""
        self.processes.close()
        for earlier in self.site.processes[1:]:
            earlier.popen.terminate()
            earlier.popen.wait()
        for name in ("serve", "worker"):
            more = ("--no-worker",) if name == "serve" else ()
            log = self.site.folder / f"{name}.log"
            process = self.processes.enter_context(started(name, *more, *self.settings, log=log))
            self.processes.callback(process.wait)
            self.processes.callback(process.terminate)
        until(lambda: self.answers("/readyz"))

    def answers(self, path: str) -> bool:
        """Whether the service is there."""
        try:
            with urllib.request.urlopen(f"{self.site.permsync_url}{path}"):
                return True
        except OSError:
            return False

    def versions(self) -> dict[str, int]:
        """How often each account was refreshed, by the expiry that programs see."""
        return {
            one["id"]: one["access_expires_at"] for one in self.accounts() if one["host"] != AT_REST
        }

    def accounts(self) -> list[dict[str, Any]]:
        """Every account as programs see it."""
        found: list[dict[str, Any]] = self.api("/v1/accounts")["accounts"]
        return found


def until(met: Any) -> None:
    """Look again until it is met."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not met():
        assert monotonic() < give_up_at, "what was waited for did not happen"
        sleep(LOOK_AGAIN_SECONDS)


@pytest.fixture
def life() -> Iterator[Life]:
    """Two people with accounts at three hosts, whose tokens live for seconds, at one for hours."""
    with (
        own_folder() as folder,
        running(DemoPlan(folder=folder, access_seconds=12)) as site,
        ExitStack() as processes,
    ):
        site.control(f"{AT_REST}/set-lifetimes", access_seconds=36_000)
        life = Life(site, processes)
        with ThreadPoolExecutor(len(PEOPLE)) as people:
            list(people.map(lambda person: link_everywhere(site, person), PEOPLE))
        until(lambda: all(one["synced_at"] for one in life.accounts()))
        pressing = Thread(target=life.press)
        pressing.start()
        try:
            yield life
        finally:
            life.stop.set()
            pressing.join()


def link_everywhere(site: Site, person: str) -> None:
    """One person signs in and links every host."""
    visitor = Visitor(site.permsync_url, person=person)
    visitor.sign_in()
    for host in HOSTS:
        visitor.link(host)


async def stored(life: Life, statement: str) -> list[dict[str, Any]]:
    """Run one statement on the site's database."""
    database = Database(await database_of(life.site.folder))
    try:
        return await rows(database, statement)
    finally:
        await database.close()


async def dump(life: Life) -> str:
    """Everything in the site's database, as text."""
    database = Database(await database_of(life.site.folder))
    try:
        return await everything_stored(database)
    finally:
        await database.close()


async def key_ids(life: Life) -> set[str]:
    """The keys that any sealed value of the site is under."""
    union = " UNION ".join(
        f"SELECT key_id FROM {one.name} WHERE key_id IS NOT NULL" for one in REGISTRY
    )
    return {row["key_id"] for row in await stored(life, union)}


def begin_to_rotate(life: Life) -> "subprocess.Popen[bytes]":
    """A rotation that goes row by row."""
    return subprocess.Popen(
        [sys.executable, "-m", "permsync", "keys", "rotate", "--at-once", "1", *life.settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def rotate_and_die(life: Life) -> None:
    """Begin a rotation and kill it in the middle: it waits for a row that somebody holds."""
    database = Database(await database_of(life.site.folder))
    try:
        async with database.begin() as holding:
            # A refresh would seal the row anew before the rotation comes to it.
            held = "SELECT id FROM account WHERE host = :host LIMIT 1 FOR UPDATE"
            await holding.execute(text(held), {"host": AT_REST})
            rotating = begin_to_rotate(life)
            give_up_at = monotonic() + PATIENCE_SECONDS
            while not await rows(database, WAITING):
                # The database ends a transaction that says nothing for long.
                await holding.execute(text("SELECT 1"))
                assert monotonic() < give_up_at
                assert rotating.poll() is None
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            os.kill(rotating.pid, signal.SIGKILL)
            rotating.wait()
    finally:
        await database.close()


async def test_a_key_is_replaced_while_everything_runs_and_nothing_fails(life: Life) -> None:
    old = life.keys("list", "--json").json[0]["key"]
    before = life.versions()

    # A new key, which every process learns to open before any seals with it.
    new = life.keys("new", "--json").json["key_id"]
    life.start_again()
    first, second = life.key_file.read_text().splitlines()
    life.key_file.write_text(f"{second}\n{first}\n")
    life.start_again()

    await rotate_and_die(life)
    assert await key_ids(life) == {old, new}
    with ThreadPoolExecutor(2) as two:
        ends = list(two.map(lambda _: life.keys("rotate", "--json"), range(2)))
    assert [end.code for end in ends] == [0, 0], [end.err for end in ends]
    assert all(end.json["unopened"] == [] for end in ends)

    until(lambda: life.keys("retire", old).code == 0)
    assert await key_ids(life) == {new}
    assert "retired" in life.keys("list").out

    # The old key leaves the settings, and life goes on without it.
    life.key_file.write_text(f"{second}\n")
    life.start_again()
    until(lambda: all(before[one] != expiry for one, expiry in life.versions().items()))
    seen = life.versions()
    until(lambda: all(seen[one] != expiry for one, expiry in life.versions().items()))

    assert {one["state"] for one in life.accounts()} == {"active"}
    assert await stored(life, "SELECT * FROM run WHERE state IN ('failed', 'partial')") == []
    outcomes = await stored(life, "SELECT DISTINCT outcome FROM refresh_attempt")
    # A token that was not sent, on a machine too busy to connect, is as good as before.
    assert {row["outcome"] for row in outcomes} <= {"adopted", "unsent", None}
    actions = await stored(life, "SELECT action FROM audit_event WHERE account_id IS NOT NULL")
    assert {row["action"] for row in actions} == {"account_linked"}
    assert life.pressed > 0
    assert life.failed == []

    # Whoever comes with the settings of yesterday does not start, and changes nothing.
    life.stop.set()
    life.processes.close()
    life.key_file.write_text(f"{first}\n")
    standing = await dump(life)
    for command in (("serve",), ("worker",), ("keys", "rotate"), ("sync",)):
        ended = permsync(*command, *life.settings)
        told = [line for line in ended.err.splitlines() if line.startswith("permsync: ")]
        assert (ended.code, len(told)) == (77, 1), ended.err
        assert f"sealing_key_wrong: sealing_keys: stored tokens need the key {new}" in told[0]
    life.key_file.write_text(f"{first}\n{second}\n")
    assert "was retired at" in permsync("serve", *life.settings).err
    assert await dump(life) == standing


async def test_a_key_in_use_is_not_retired_and_says_what_needs_it(life: Life) -> None:
    old = life.keys("list", "--json").json[0]["key"]
    assert life.keys("new", "--first", "--json").code == 0
    refused = life.keys("retire", old)
    assert refused.code == IN_USE
    assert "in account" in refused.err
    assert "permsync keys rotate" in refused.err
