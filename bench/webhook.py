"""
How long from a host's word that a member was removed until a program is denied.

The whole way with real processes: this one plays the host and the program, ``permsync serve
--no-worker`` answers both, and one ``permsync worker`` carries it out, over the embedded
PostgreSQL. Three times: with nothing else to do, behind listings of slow hosts that fill every
job slot, and behind a burst of other deliveries. Beside it: how long the host waits for its
answer, how long a change that another process has committed takes to be seen, and what a check
costs at all, because it is in both. It prints a table and, with ``--json FILE``, the same
figures. It must not be read as absolute speed: the machine is shared, so compare within one
run. The aim is a p95 below one second.
"""

import argparse
import asyncio
import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.simulator.samples import sample_hosts, webhook_secret_of
from permsync.store import changes, pairs
from permsync.store.engine import Database
from permsync.store.pairs import Scope
from tests.journeys.places import database_of, own_folder

HOST, PERSON = "gitlab", "ada"
SLOW_HOSTS, SLOW_MS = ("github", "bitbucket", "bitbucket-dc"), 2_000
OTHERS = ("ada", "grace", "linus", "margaret")
PATIENCE_SECONDS = 60
SETTLED_SECONDS = 5
READABLE = """
    SELECT repository.id, repository.external_id, repository.full_name
    FROM "grant" JOIN account ON account.id = account_id
    JOIN repository ON repository.id = repository_id
    WHERE account.host = :host AND account.login = :person AND visibility = 'private'
    ORDER BY repository.id LIMIT :count
"""
PERSON_AT_HOST = "SELECT external_id FROM account WHERE host = :host AND login = :person"
RUNNING = "SELECT id FROM pgqueuer WHERE status = 'picked' AND entrypoint LIKE 'sync_account@%'"
# Of a worker's eight places one is kept for each host that has no job in hand.
SLOTS = 8 - len(sample_hosts().keys() - set(SLOW_HOSTS))
Figures = dict[str, Any]
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """The running site, one open connection to it, and who is removed from what."""

    site: Site
    connection: http.client.HTTPConnection
    user: str
    external_id: str
    repositories: list[tuple[int, str, str]]

    def tell(self, event: str, **content: int) -> float:
        """Send a delivery as GitLab does; the milliseconds until it is answered."""
        body = json.dumps({"event_name": event, **content}).encode()
        headers = {
            "content-type": "application/json",
            "x-gitlab-event": "System Hook",
            "x-gitlab-token": webhook_secret_of(HOST),
            "idempotency-key": f"bench-{next(_numbers)}",
        }
        began = time.perf_counter()
        self.connection.request("POST", f"/webhooks/{HOST}", body, headers)
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 202, answer.status
        return (time.perf_counter() - began) * 1000

    def allowed(self, full_name: str) -> bool:
        """What a program is answered."""
        question = {
            "subject": {"type": "user", "id": self.user},
            "repo": {"host": HOST, "full_name": full_name},
        }
        headers = {
            "authorization": f"Bearer {self.site.service_key}",
            "content-type": "application/json",
        }
        self.connection.request("POST", "/v1/check", json.dumps(question).encode(), headers)
        answer = self.connection.getresponse()
        read = json.loads(answer.read())
        assert answer.status == 200, read
        return bool(read["allowed"])

    def until_denied(self, full_name: str, *, began: float) -> float:
        """The milliseconds since ``began`` when a program is first denied."""
        while self.allowed(full_name):
            assert time.perf_counter() - began < PATIENCE_SECONDS, full_name
        return (time.perf_counter() - began) * 1000


def removals(stage: Stage, *, before: Callable[[], object] | None = None) -> Figures:
    """Remove the person from each repository, one after the other."""
    answered, denied = [], []
    for _, external_id, full_name in stage.repositories:
        assert stage.allowed(full_name)
        if before is not None:
            before()
        began = time.perf_counter()
        about = {"user_id": int(stage.external_id), "project_id": int(external_id)}
        answered.append(stage.tell("user_remove_from_team", **about))
        denied.append(stage.until_denied(full_name, began=began))
    return {"answered_ms": sorted(answered), "denied_ms": sorted(denied)}


def burst(stage: Stage, size: int) -> None:
    """Other deliveries that wait already."""
    for number in range(size):
        stage.tell("project_rename", project_id=10_000_000 + number)


async def commits(stage: Stage, url: str) -> list[float]:
    """Take each pair away in this process, and see when the other one knows."""
    database, seen = Database(url), []
    for repository_id, _, full_name in stage.repositories:
        assert stage.allowed(full_name)
        async with database.begin() as connection:
            scope = Scope(HOST, external_id=stage.external_id, repository_id=repository_id)
            now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            _, changed = await pairs.remove(connection, scope, aged_to=now)
            await changes.append(connection, changed)
        seen.append(stage.until_denied(full_name, began=time.perf_counter()))
    await database.close()
    return sorted(seen)


def checks(stage: Stage) -> list[float]:
    """What one check costs, since every figure ends with one."""
    times = []
    for _, _, full_name in stage.repositories:
        began = time.perf_counter()
        stage.allowed(full_name)
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


async def ask(url: str, statement: str, **values: object) -> list[Any]:
    """Run one statement on the site's database."""
    database = Database(url)
    async with database.begin() as connection:
        found = list(await connection.execute(text(statement), values))
    await database.close()
    return found


def staged(site: Site, url: str, repositories: int) -> Stage:
    """A person with so many private repositories, all of which may be seen."""
    person = Visitor(site.permsync_url, person=PERSON)
    person.sign_in()
    person.link(HOST)
    about = {"host": HOST, "person": PERSON}
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while len(found := asyncio.run(ask(url, READABLE, **about, count=repositories))) < repositories:
        assert time.monotonic() < give_up_at, f"only {len(found)} repositories"
        time.sleep(0.2)
    ((external_id,),) = asyncio.run(ask(url, PERSON_AT_HOST, **about))
    connection = http.client.HTTPConnection(urlsplit(site.permsync_url).netloc)
    user = str(person.me()["user"]["id"])
    rows = [(row.id, row.external_id, row.full_name) for row in found]
    return Stage(site, connection, user, external_id, rows)


def healed(stage: Stage) -> None:
    """Wait until the host's own answers have brought everything back."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not all(stage.allowed(full_name) for _, _, full_name in stage.repositories):
        assert time.monotonic() < give_up_at, "not everything came back"
        time.sleep(0.2)


def fill_the_slots(site: Site, url: str) -> None:
    """More listings of slow hosts than a worker does side by side, so far as it lets them."""
    users = []
    for login in OTHERS:
        person = Visitor(site.permsync_url, person=login)
        person.sign_in()
        for host in SLOW_HOSTS:
            person.link(host)
        users.append(str(person.me()["user"]["id"]))
    time.sleep(SETTLED_SECONDS)
    for host in SLOW_HOSTS:
        site.control(f"{host}/latency", api_ms=SLOW_MS)
    for user in users:
        relist(site, user)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while len(asyncio.run(ask(url, RUNNING))) < SLOTS:
        assert time.monotonic() < give_up_at, "the slots never filled"


def relist(site: Site, user: str) -> None:
    """Have all accounts of a person listed."""
    connection = http.client.HTTPConnection(urlsplit(site.permsync_url).netloc)
    headers = {
        "authorization": f"Bearer {site.service_key}",
        "content-type": "application/json",
    }
    connection.request("POST", "/v1/refresh", json.dumps({"user": user}).encode(), headers)
    answer = connection.getresponse()
    assert answer.status < http.client.BAD_REQUEST, answer.read()
    connection.close()


def percentile(sorted_ms: list[float], share: float) -> float:
    """The value below which this share lies."""
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


def summary(what: str, sorted_ms: list[float]) -> Figures:
    """One row of the table."""
    return {
        "what": what,
        "p50_ms": percentile(sorted_ms, 0.50),
        "p95_ms": percentile(sorted_ms, 0.95),
        "max_ms": sorted_ms[-1],
        "count": len(sorted_ms),
    }


def measure(*, repositories: int, burst_of: int) -> list[Figures]:
    """Every row, in one site."""
    with own_folder() as folder:
        plan = DemoPlan(
            folder=folder, access_seconds=3_600, sync_every="20m", sync_every_asked="20m"
        )
        with running(plan) as site:
            url = asyncio.run(database_of(folder))
            stage = staged(site, url, repositories)
            rows = [summary("a check, nothing changes", checks(stage))]
            rows.append(
                summary("committed -> seen in the other process", asyncio.run(commits(stage, url)))
            )
            relist(site, stage.user)
            healed(stage)
            idle = removals(stage)
            rows.append(summary("delivery -> its answer", idle["answered_ms"]))
            rows.append(summary("removal told -> denied, idle worker", idle["denied_ms"]))
            healed(stage)
            behind = removals(stage, before=lambda: burst(stage, burst_of))["denied_ms"]
            rows.append(summary(f"... behind {burst_of} other deliveries", behind))
            healed(stage)
            fill_the_slots(site, url)
            stage.connection.close()  # it was idle for too long; the next request opens another
            busy = removals(stage)["denied_ms"]
            rows.append(summary("... behind slow listings of others", busy))
    return rows


def main() -> None:
    """Measure, print, and write JSON where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--repositories", type=int, default=40)
    arguments.add_argument("--burst", type=int, default=100)
    chosen = arguments.parse_args()
    rows = measure(repositories=chosen.repositories, burst_of=chosen.burst)
    print(f"{'what':44}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}{'n':>6}")
    for row in rows:
        figures = "".join(f"{row[name]:10.1f}" for name in ("p50_ms", "p95_ms", "max_ms"))
        print(f"{row['what']:44}{figures}{row['count']:6}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
