"""
A host tells, and a program's next answer knows it: real web and worker processes, real HTTP.

Listings are far apart here, so that what changes was told. What is looked at is the API,
what the pretend host was answered, and the rows that say why something changed. This module
must not know how a delivery is carried out.
"""

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import Any

import pytest

from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.store.engine import Database
from tests.flows.scenes import rows
from tests.journeys.places import database_of, own_folder

PATIENCE_SECONDS = 120
# Of the demo's hosts: who is removed where, and what is gone with it.
OWNERS = {"github": "acme-labs", "gitlab": "research"}
PERSON = "linus"
REMOVED = (
    "SELECT change.run_id FROM change JOIN repository ON repository.id = change.repository_id"
    " WHERE change.kind = 'grant' AND change.became IS NULL AND repository.full_name = :name"
    " ORDER BY revision"
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One site whose hosts tell what happens, and whose listings are rare."""
    with own_folder() as folder:
        plan = DemoPlan(
            folder=folder,
            access_seconds=3_600,
            sync_every="20m",
            sync_every_asked="20m",
            hooks=True,
        )
        with running(plan) as started:
            yield started


def control(site: Site, path: str, **arguments: object) -> Any:
    """Pull a lever and read its result."""
    request = urllib.request.Request(
        f"{site.simulator_url}/control/{path}", data=json.dumps(arguments).encode()
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["result"]


def check(site: Site, user: str, host: str, name: str) -> dict[str, Any]:
    """What a program is answered."""
    question = {
        "subject": {"type": "user", "id": user},
        "repo": {"host": host, "full_name": name},
    }
    request = urllib.request.Request(
        f"{site.permsync_url}/v1/check",
        data=json.dumps(question).encode(),
        headers={
            "authorization": f"Bearer {site.service_key}",
            "content-type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def until(met: Callable[[], object]) -> None:
    """Look again until it is so."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not met():
        assert monotonic() < give_up_at, "it never came to that"
        sleep(0.05)


def statuses(site: Site, host: str) -> list[int]:
    """How the host's deliveries were answered, oldest first."""
    return [each["status"] for each in control(site, f"{host}/show-deliveries")]


def stored(site: Site, statement: str, **values: object) -> list[dict[str, Any]]:
    """What the site's database says."""

    async def ask() -> list[dict[str, Any]]:
        database = Database(await database_of(site.folder))
        try:
            return await rows(database, statement, **values)
        finally:
            await database.close()

    return asyncio.run(ask())


def linked(site: Site, host: str) -> str:
    """Linus with a synced account at the host; returns who that is here."""
    person = Visitor(site.permsync_url, person=PERSON)
    person.sign_in()
    person.link(host)
    user = str(person.me()["user"]["id"])
    until(lambda: check(site, user, host, f"{OWNERS[host]}/api-00")["allowed"])
    return user


@pytest.mark.parametrize("host", OWNERS)
def test_a_member_removed_at_the_host_is_denied_without_a_listing(site: Site, host: str) -> None:
    name = f"{OWNERS[host]}/api-00"
    user = linked(site, host)
    control(site, f"{host}/leave", person=PERSON, namespace=OWNERS[host])
    control(site, f"{host}/revoke", person=PERSON, repository=name)
    until(lambda: not check(site, user, host, name)["allowed"])

    assert check(site, user, host, name)["reason"] == "no_access"
    first = stored(site, REMOVED, name=name)[0]
    assert first["run_id"] is None  # a notice took it away, and no run
    assert statuses(site, host)[:1] == [202]
    # Verified: what the host is asked afterwards brings nothing back.
    until(lambda: not stored(site, "SELECT 1 FROM webhook_delivery WHERE waits"))
    until(lambda: not stored(site, "SELECT 1 FROM ask WHERE due_at < now()"))
    assert not check(site, user, host, name)["allowed"]


def test_where_another_path_remains_the_person_has_it_again(site: Site) -> None:
    host, name = "gitlab", "research/web-01"
    control(site, f"{host}/join", person=PERSON, namespace="research")
    control(site, f"{host}/grant", person=PERSON, repository=name)
    user = linked(site, host)
    until(lambda: check(site, user, host, name)["allowed"])
    control(site, f"{host}/revoke", person=PERSON, repository=name)
    until(lambda: stored(site, REMOVED, name=name))
    until(lambda: check(site, user, host, name)["allowed"])


def test_what_is_wrong_with_a_delivery_is_answered_and_changes_nothing(site: Site) -> None:
    """Wrong, empty and missing proofs, another host's traffic, and a body beyond measure."""
    host, name = "gitlab", "research/api-00"
    control(site, f"{host}/join", person=PERSON, namespace="research")
    user = linked(site, host)
    before = len(statuses(site, host))
    until(lambda: 0 not in statuses(site, host))
    content = {"user_id": 1, "project_id": 2}
    spoiled: list[tuple[dict[str, object], int]] = [
        ({"signature": "wrong"}, 401),
        ({"signature": "empty"}, 401),
        ({"signature": "missing"}, 401),
        ({"as_gitea": True}, 401),
        ({"padding_bytes": 25_000_000}, 413),
        ({}, 202),
    ]
    for number, (faults, status) in enumerate(spoiled, 1):
        control(site, f"{host}/spoil-hooks", **faults)
        control(site, f"{host}/send-hook", event="user_remove_from_team", content=content)
        until(lambda: len(statuses(site, host)) >= before + number)  # noqa: B023 - at once
        assert statuses(site, host)[-1] in {status, 0 if status == 413 else status}
    assert check(site, user, host, name)["allowed"]


def test_a_burst_with_copies_in_a_wrong_order_is_carried_out_once(site: Site) -> None:
    host, name = "gitlab", "research/api-00"
    control(site, f"{host}/join", person=PERSON, namespace="research")
    user = linked(site, host)
    control(site, f"{host}/spoil-hooks", copies=2, burst=10, held_back=2)
    control(site, f"{host}/leave", person=PERSON, namespace="research")
    control(site, f"{host}/join", person=PERSON, namespace="research")
    until(lambda: len(stored(site, "SELECT 1 FROM webhook_delivery WHERE seen > 1")) >= 20)
    control(site, f"{host}/spoil-hooks")
    until(lambda: not stored(site, "SELECT 1 FROM webhook_delivery WHERE waits"))
    # The host has the last word: a member all the time, but for a moment.
    until(lambda: check(site, user, host, name)["allowed"])

    replayed = control(site, f"{host}/redeliver")
    until(lambda: 202 not in statuses(site, host)[-replayed:])
    assert check(site, user, host, name)["allowed"]
