"""
The whole story on real processes: the demo's walk, and afterwards no secret anywhere.

What is searched is what an operator, a thief of a dump or a caller of the API would have;
``test_canaries`` goes the ways that this walk does not. This module must not know how a step
is taken.
"""

import json
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from permsync.cli.demo.journey import STEPS, walk
from permsync.cli.demo.site import DemoPlan, Site, running
from permsync.cli.demo.visitor import Visitor
from permsync.simulator.samples import sample_hosts
from permsync.store.engine import Database
from tests.flows.scenes import everything_stored
from tests.journeys.places import database_of, own_folder
from tests.search import found_in

# What the operator keeps by hand, and what belongs to the pretend hosts.
KEPT = {"permsync.toml", "sealing-keys", "service-key", "simulator.json", "simulator.log"}


@dataclass(frozen=True, slots=True)
class Walked:
    """A site whose story has been walked on every host."""

    site: Site
    rows: list[dict[str, object]]
    secrets: set[str | bytes]
    canaries: list[str]


@pytest.fixture(scope="module")
def walked() -> Iterator[Walked]:
    """Walk once for all tests of this module."""
    with own_folder() as folder, running(DemoPlan(folder=folder, access_seconds=8)) as site:
        rows = walk(site)
        with urllib.request.urlopen(f"{site.simulator_url}/control/secrets") as answer:
            known: dict[str, Any] = json.load(answer)
        key = b64decode((folder / "sealing-keys").read_text())
        secrets = {*known["secrets"], site.service_key, key}
        yield Walked(site, rows, secrets, known["canaries"])


@pytest.fixture
async def stored(walked: Walked) -> str:
    """Everything in the site's database, as text."""
    database = Database(await database_of(walked.site.folder))
    try:
        return await everything_stored(database)
    finally:
        await database.close()


def test_every_step_is_seen_on_every_host(walked: Walked) -> None:
    assert [row["host"] for row in walked.rows] == list(sample_hosts())
    unseen = [(row["host"], step) for row in walked.rows for step in STEPS if not row[step]]
    assert not unseen
    assert all(str(row["told"]).endswith("please reconnect.") for row in walked.rows)


async def test_no_secret_and_no_word_of_a_host_is_in_a_dump(walked: Walked, stored: str) -> None:
    assert len(walked.secrets) > 50
    assert not found_in(stored, walked.secrets)
    assert not found_in(stored, walked.canaries)


async def test_the_search_finds_what_is_there(stored: str) -> None:
    assert found_in(stored, ["acme-labs/api-00"])


def test_no_secret_is_in_a_log(walked: Walked) -> None:
    logs = [one for one in walked.site.folder.rglob("*log*") if one.is_file()]
    said = {one: one.read_text(errors="replace") for one in logs if one.name not in KEPT}
    assert {"serve.log", "worker.log"} <= {one.name for one in said}
    assert not [one.name for one, text in said.items() if found_in(text, walked.secrets)]


def test_files_of_the_site_are_closed_to_others(walked: Walked) -> None:
    for name in ("permsync.toml", "sealing-keys", "service-key"):
        assert (walked.site.folder / name).stat().st_mode & 0o077 == 0


def test_no_page_and_no_answer_holds_a_secret(walked: Walked) -> None:
    person = Visitor(walked.site.permsync_url, person="linus")
    person.sign_in()
    told = json.dumps(person.me()) + person.page("/")
    for path in ("/v1/accounts", "/metrics", "/openapi.json"):
        request = urllib.request.Request(f"{walked.site.permsync_url}{path}")
        request.add_header("authorization", f"Bearer {walked.site.service_key}")
        with urllib.request.urlopen(request) as answer:
            told += answer.read().decode()
    assert "linus" in told
    assert not found_in(told, walked.secrets)
    assert not found_in(told, walked.canaries)


def test_a_folder_of_ones_own_is_removed_afterwards() -> None:
    with own_folder() as folder:
        assert folder.is_dir()
    assert not Path(folder).exists()
