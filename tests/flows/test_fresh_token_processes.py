"""
Several processes ask for one expired token at once, over one database and one host.

The claim is a row, so it holds between processes as it does inside one.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict
from typing import Any

from tests.databases import FreshDatabase
from tests.flows.scenes import expire, refreshes
from tests.house.tree import ROOT
from tests.world import World, host_settings

PROCESSES = 4
CALLERS_EACH = 5
HOST = "github"  # strict, and the old access token dies too


async def ask_in_processes(order: dict[str, Any]) -> list[list[str]]:
    """Run the processes; what each of them was given, as digests."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.flows.callers",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=ROOT,
    )
    said, complaints = await parent.communicate(json.dumps(order).encode())
    assert parent.returncode == 0, complaints.decode()
    given: list[list[str]] = json.loads(said)
    assert len(given) == PROCESSES, complaints.decode()
    return given


async def test_twenty_callers_in_four_processes_cause_one_refresh(
    world: World, database: FreshDatabase
) -> None:
    account = await world.link("ada", HOST)
    await expire(world, account)
    world.host(HOST).faults.token_latency_seconds = 0.3

    given = await ask_in_processes(
        {
            "database_url": database.url,
            "host": asdict(host_settings(world.simulator, HOST)),
            "account": account.id,
            "key": (b"k" * 32).hex(),
            "processes": PROCESSES,
            "callers": CALLERS_EACH,
        }
    )

    tokens = [token for each in given for token in each]
    assert len(tokens) == PROCESSES * CALLERS_EACH
    assert len(set(tokens)) == 1
    assert refreshes(world, HOST) == 1
    assert list(world.host(HOST).log.presentations().values()) == [1]
