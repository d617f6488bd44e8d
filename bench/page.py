"""
How long until the first byte of Linked accounts, with many accounts in the database.

The real service in a process of its own over the embedded database; one person holds an
account at every host, with ``--repositories`` visible through each, and ``--accounts`` of
other people fill the tables, each with runs and grants. One kept connection asks again and
again: warm, one at a time. It prints a table and, with ``--json FILE``, the same figures.
The service's own processor time stands beside, because it does not hang on what else runs.
It must not be read as absolute speed: the machine is shared, so compare within one run. The
aim is a p50 below 50 ms.
"""

import argparse
import asyncio
import http.client
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from sqlalchemy import text

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.flows.own_secrets import hash_of
from permsync.simulator.samples import sample_hosts
from permsync.store.engine import Database
from tests.journeys.places import database_of, own_folder

SESSION = "the secret of the person who looks"
WARM_UP = 30
RUNS_EACH = 5
GRANTS_EACH = 20

FILL = (
    """INSERT INTO "user" (name) SELECT 'person ' || n FROM generate_series(1, :accounts) AS n""",
    """INSERT INTO account (id, user_id, host, external_id, login, state, link_id, token_version,
           redirect_uri, issued_at, listed_at, listed_to)
       SELECT nextval(pg_get_serial_sequence('account', 'id')), id, 'gitlab', 'filler-' || id, name,
           'active', gen_random_uuid(), 1, 'http://127.0.0.1/', now(), now(), now()
       FROM "user" WHERE name LIKE 'person %'""",
    """INSERT INTO repository (host, external_id, owner_id, full_name, visibility, visibility_at)
       SELECT 'gitlab', 'filler-' || n, '1', 'filler/' || n, 'private', now()
       FROM generate_series(1, :repositories) AS n""",
    """INSERT INTO "grant" (account_id, repository_id, source, level)
       SELECT account.id, repository.id, 'account_listing', 'read'
       FROM (SELECT id, row_number() OVER (ORDER BY id) AS row FROM account
             WHERE external_id LIKE 'filler-%') AS account
       CROSS JOIN generate_series(1, :grants) AS step
       JOIN (SELECT id, row_number() OVER (ORDER BY id) AS row FROM repository
             WHERE external_id LIKE 'filler-%') AS repository
         ON repository.row = 1 + (account.row * 31 + step * 7) % :repositories
       ON CONFLICT DO NOTHING""",
    """INSERT INTO "grant" (account_id, repository_id, source, level)
       SELECT account.id, repository.id, 'account_listing', 'read' FROM account, repository
       WHERE account.external_id NOT LIKE 'filler-%' AND repository.external_id LIKE 'filler-%'
       ON CONFLICT DO NOTHING""",
    """INSERT INTO run (account_id, trigger, state, started_at, finished_at)
       SELECT id, 'schedule', 'succeeded', now(), now()
       FROM account CROSS JOIN generate_series(1, :runs)""",
    """INSERT INTO session (token_hash, user_id, expires_at)
       SELECT :session, user_id, now() + interval '1 day' FROM identity LIMIT 1""",
    "ANALYZE",
)
COUNTS = """SELECT (SELECT count(*) FROM account) AS accounts,
    (SELECT count(*) FROM "grant") AS grants, (SELECT count(*) FROM run) AS runs"""


async def fill(site: Site, *, accounts: int, repositories: int) -> dict[str, int]:
    """Other people's rows, and a session for the one who looks; returns how many there are."""
    database = Database(await database_of(site.folder))
    values = {
        "accounts": accounts,
        "repositories": repositories,
        "grants": GRANTS_EACH,
        "runs": RUNS_EACH,
        "session": hash_of(SESSION),
    }
    async with database.begin() as connection:
        for statement in FILL:
            wanted = re.findall(r"(?<!:):(\w+)", statement)
            await connection.execute(text(statement), {name: values[name] for name in wanted})
        counted = (await connection.execute(text(COUNTS))).mappings().one()
    await database.close()
    return dict(counted)


def link_everywhere(site: Site) -> None:
    """One person links every host, as in life; then the worker goes, and nothing moves."""
    person = Visitor(site.permsync_url, person="ada")
    person.sign_in()
    for host in sample_hosts():
        person.link(host)
    site.processes[-1].popen.terminate()
    site.processes[-1].popen.wait()


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, int, bytes]:
    """The milliseconds until the first byte, the status and the body."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"cookie": f"permsync-session={SESSION}"})
    answer = connection.getresponse()
    took = (time.perf_counter() - began) * 1000
    return took, answer.status, answer.read()


def percentile(sorted_ms: list[float], share: float) -> float:
    """The value below which this share lies."""
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


def cpu_ms(service: psutil.Process) -> float:
    """The processor time that the service has used."""
    used = service.cpu_times()
    return (used.user + used.system) * 1000


def time_page(
    service: psutil.Process,
    connection: http.client.HTTPConnection,
    what: str,
    path: str,
    *,
    count: int,
    status: int,
) -> dict[str, Any]:
    """One row of the table."""
    for _ in range(WARM_UP):
        ask(connection, path)
    before = cpu_ms(service)
    answers = [ask(connection, path) for _ in range(count)]
    used = cpu_ms(service) - before
    assert {answer[1] for answer in answers} == {status}, path
    times = sorted(answer[0] for answer in answers)
    return {
        "page": what,
        "cpu_ms": used / count,
        "p50_ms": percentile(times, 0.50),
        "p99_ms": percentile(times, 0.99),
        "max_ms": times[-1],
        "bytes": len(answers[-1][2]),
    }


def measure(*, accounts: int, repositories: int, count: int) -> dict[str, Any]:
    """Fill, and look at the page in three ways, and at a route that does nothing."""
    with own_folder() as folder, running(DemoPlan(folder=folder, access_seconds=3_600)) as site:
        link_everywhere(site)
        rows = asyncio.run(fill(site, accounts=accounts, repositories=repositories))
        connection = http.client.HTTPConnection(urlsplit(site.permsync_url).netloc)
        page = ask(connection, "/")[2].decode()
        assert page.count('<article class="card') == len(sample_hosts())
        (unchanged,) = re.findall(r'hx-get="([^"]+)"', page)
        service = psutil.Process(site.processes[1].popen.pid)
        found = [
            time_page(service, connection, what, path, count=count, status=status)
            for what, path, status in (
                ("nothing (/healthz)", "/healthz", 200),
                ("Linked accounts", "/", 200),
                ("open page, unchanged", unchanged, 204),
                ("open page, changed", "/accounts", 200),
            )
        ]
    return {"rows": rows, "pages": found}


def main() -> None:
    """Measure, print, and write JSON where a file is named."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--accounts", type=int, default=10_000)
    arguments.add_argument("--repositories", type=int, default=2_000)
    arguments.add_argument("--requests", type=int, default=400)
    chosen = arguments.parse_args()
    found = measure(
        accounts=chosen.accounts, repositories=chosen.repositories, count=chosen.requests
    )
    print(", ".join(f"{count:,} {name}" for name, count in found["rows"].items()))
    print(f"{'page':24}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}{'CPU ms':>10}{'bytes':>10}")
    for row in found["pages"]:
        figures = (row["p50_ms"], row["p99_ms"], row["max_ms"], row["cpu_ms"])
        print(
            f"{row['page']:24}" + "".join(f"{one:10.2f}" for one in figures) + f"{row['bytes']:10}"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
