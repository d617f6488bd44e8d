"""
A sync as its users know it: what is listed becomes access, and doubt changes nothing.

These tests go through the real hosts' files, the simulator and PostgreSQL. They must not
know how a listing is stored, except where a rule is about that.
"""

import pytest

from permsync.flows.check import RepositoryName, check
from permsync.flows.sync_account import sync_account
from permsync.model import Reason, RunState, Trigger, Verdict
from tests.world import KINDS, World


@pytest.mark.parametrize("host", KINDS)
async def test_what_a_host_lists_becomes_access(world: World, host: str) -> None:
    account = await world.link("ada", host)

    state = await sync_account(world.services, account.id, Trigger.LINKED)

    assert state is RunState.SUCCEEDED
    readable = world.host(host).memberships("ada")[0]
    answer = await check(
        world.services, account.user_id, RepositoryName(host, full_name=readable.full_name)
    )
    assert answer.decision.verdict is Verdict.ALLOW
    assert answer.decision.reason is Reason.GRANT
