"""
Whatever breaks on our side when an answer is to be written: no token of it is lost.

The database breaks as the test orders it. This module must not know what an answer means.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from permsync.flows.refresh_account import refresh_account
from permsync.store.engine import Database
from tests.flows.faulty_doors import FaultyDatabase
from tests.flows.scenes import column, expire, read, refreshes, rows, spoil, until
from tests.flows.test_refresh_protocol import OUTCOMES
from tests.world import World

REFUSE = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'nothing is written'; END $$"
)


@asynccontextmanager
async def refusing(world: World, *tables: str) -> AsyncIterator[None]:
    """Let these tables take no change for as long as the block lasts."""
    await rows(world.services.database, REFUSE)
    for table in tables:
        await rows(
            world.services.database,
            f"CREATE TRIGGER refuse BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
    yield
    for table in tables:
        await rows(world.services.database, f"DROP TRIGGER refuse ON {table}")


async def test_tokens_that_can_be_written_nowhere_are_held_until_they_can(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)

    with capture_logs() as lines:
        async with refusing(world, "account", "refresh_attempt"):
            running = asyncio.create_task(refresh_account(world.services, account.id))
            await until(lambda: len([one for one in lines if one["event"] == "defect"]) >= 3)
            assert not running.done()
        await running

    assert (await read(world, account)).token_version == 2
    assert refreshes(world, "gitlab") == 1
    assert await column(world.services.database, OUTCOMES) == ["adopted"]


async def test_a_refusal_that_cannot_be_written_is_told_and_the_attempt_stays(
    world: World,
) -> None:
    """No token is at stake: whoever waits hears of it, and the sweep presents it again."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    before = await read(world, account)
    spoil(world, "gitlab", "token", "rejection")

    async with refusing(world, "account"):
        with pytest.raises(DBAPIError, match="nothing is written"):
            await refresh_account(world.services, account.id)

    assert await read(world, account) == before
    states = "SELECT state FROM refresh_attempt"
    assert await column(world.services.database, states) == ["armed"]


async def test_a_commit_whose_acknowledgement_was_lost_is_found_done(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    # What opens first: the reading, the claim, and the commit.
    lossy = FaultyDatabase(world.services.database, [None, None, "after_commit"])
    services = replace(world.services, database=cast("Database", lossy))

    await refresh_account(services, account.id)

    assert (await read(world, account)).token_version == 2
    assert await column(world.services.database, OUTCOMES) == ["adopted"]
    counted = world.services.metrics.render().decode()
    assert 'permsync_refresh_attempts_total{host="gitlab",outcome="adopted"}' not in counted
