"""
Webhooks carried out once, whatever fails in between, and those that close something first.

Deliveries come through the inbox. One that fails does so in the database, by a trigger. This
module must not know how a delivery is proved.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from permsync.codehost.notices import RepositoryChanged
from permsync.errors import DatabaseUnavailableError
from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.drain_webhooks import MOST_TRIES, _carry_out, drain_webhooks
from permsync.flows.measure import measure
from permsync.model import Reason, Trigger
from permsync.store.engine import Database
from permsync.store.webhook_deliveries import Waiting
from permsync.telemetry import Event
from tests.flows.scenes import (
    LOOKS,
    column,
    empty_queue,
    reason,
    rows,
    sync,
)
from tests.flows.test_apply_listing import linked, settle
from tests.flows.test_ask_pairs import lose, private
from tests.flows.test_remove_pair import unsettled
from tests.webhooks import (
    gitlab,
    heed,
    hooked,
    inbox,
    member,
    receive,
    waiting,
)
from tests.world import World

BREAK = """
CREATE FUNCTION refuse_fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.external_id = '666' THEN RAISE EXCEPTION 'not this one'; END IF;
    RETURN NEW;
END $$
"""
BROKEN = "CREATE TRIGGER broken BEFORE INSERT ON fence FOR EACH ROW EXECUTE FUNCTION refuse_fence()"


async def test_a_burst_folds_into_one_job(world: World) -> None:
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    await empty_queue(world.services.database)
    burst = [gitlab("user_add_to_group", {"user_id": int(account.external_id)}) for _ in range(60)]
    assert await heed(world, *burst) <= 20
    counts = await column(
        world.services.database,
        "SELECT count(*) FROM pgqueuer WHERE entrypoint LIKE 'sync_account@%'",
    )
    assert counts == [1]
    assert await waiting(world) == 0

    removals = [gitlab("user_remove_from_team", member(account, one)) for _ in range(30)]
    await heed(world, *removals)
    assert await column(world.services.database, "SELECT count(*) FROM fence") == [1]


async def test_what_closes_something_comes_before_what_was_there_first(world: World) -> None:
    world = unsettled(hooked(world))
    account = await linked(world)
    one = private(world, account.host)
    for number in range(30):
        await receive(world, gitlab("project_rename", {"project_id": 9_000 + number}))
    await receive(world, gitlab("user_remove_from_team", member(account, one)))
    await drain_webhooks(world.services)
    first = await column(
        world.services.database,
        "SELECT event FROM webhook_delivery ORDER BY processed_at LIMIT 1",
    )
    assert first == ["user_remove_from_team"]


async def test_evidence_that_began_after_a_late_delivery_arrived_stays(world: World) -> None:
    """It waited in the inbox while a listing saw the pair (R9: x is when it arrived)."""
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    await receive(world, gitlab("user_remove_from_team", member(account, one)))
    await settle(world)
    await sync(world, account)
    await drain_webhooks(world.services)
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_added_before_removed_ends_as_the_host_says(world: World) -> None:
    """Out of order: the notices disagree, and the host has the last word."""
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)
    about = member(account, one)
    await heed(world, gitlab("user_remove_from_team", about), gitlab("user_add_to_team", about))
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    await settle(world)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS


async def test_two_workers_carry_it_out_once(world: World) -> None:
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    for _ in range(3):
        await receive(world, gitlab("user_remove_from_team", member(account, one)))
    await asyncio.gather(*(drain_webhooks(world.services) for _ in range(4)))
    gone = "SELECT count(*) FROM change WHERE kind = 'grant' AND became IS NULL"
    assert await column(world.services.database, gone) == [1]
    assert await waiting(world) == 0


# What fails


async def broken(world: World) -> World:
    """A world in which notices about the person 666 cannot be carried out."""
    for statement in (BREAK, BROKEN):
        await rows(world.services.database, statement)
    return hooked(world)


async def test_one_that_fails_keeps_no_other_waiting_and_leaves_nothing_half_done(
    world: World,
) -> None:
    world = await broken(world)
    account = await linked(world)
    one = private(world, account.host)
    bad = {"user_id": 666, "group_id": 5}
    good = gitlab("user_remove_from_team", member(account, one))
    with capture_logs() as lines:
        assert await heed(world, gitlab("user_remove_from_group", bad), good) == 2

    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    failed, done = await inbox(world)
    assert (failed["waits"], failed["tries"], failed["processed_at"]) == (True, 1, None)
    assert not done["waits"]
    assert Event.DEFECT in [line["event"] for line in lines]
    assert await drain_webhooks(world.services) == 0  # not before its time


async def test_one_that_failed_is_tried_again_and_given_up_in_the_end(world: World) -> None:
    world = await broken(world)
    services = replace(
        world.services, durations=replace(world.services.durations, webhook_backoff=timedelta())
    )
    bad = gitlab("user_remove_from_group", {"user_id": 666, "group_id": 5})
    await receive(world, bad)
    assert await drain_webhooks(services) == MOST_TRIES + 1
    (row,) = await inbox(world)
    assert not row["waits"]
    assert row["failed_at"] is not None
    assert row["processed_at"] is None

    await rows(world.services.database, "DROP TRIGGER broken ON fence")
    assert await heed(world, bad) == 1
    (row,) = await inbox(world)
    assert row["processed_at"] is not None


async def test_a_round_that_was_cut_off_repeats_what_was_not_committed(world: World) -> None:
    world = await broken(world)
    account = await linked(world)
    one = private(world, account.host)
    slow = BREAK.replace("RAISE EXCEPTION 'not this one'", "PERFORM pg_sleep(30)")
    slow = slow.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
        "666", account.external_id
    )
    await rows(world.services.database, slow)
    await receive(world, gitlab("user_remove_from_team", member(account, one)))
    cut = asyncio.create_task(drain_webhooks(world.services))
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'INSERT INTO fence%'"
    for _ in range(LOOKS):
        if await column(world.services.database, f"{sleeping} AND state = 'active'"):
            break
        await asyncio.sleep(0.02)
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    assert await waiting(world) == 1
    assert await reason(world, account, one.full_name) is Reason.GRANT

    await rows(world.services.database, "DROP TRIGGER broken ON fence")
    await rows(world.services.database, "UPDATE webhook_delivery SET try_at = now()")
    await drain_webhooks(world.services)
    assert await waiting(world) == 0
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS


async def test_the_backlog_is_measured(world: World) -> None:
    world = await broken(world)
    await heed(world, gitlab("user_remove_from_group", {"user_id": 666, "group_id": 5}))
    await measure(world.services)
    measured = world.services.metrics.registry.get_sample_value(
        "permsync_webhook_backlog", {"host": "gitlab"}
    )
    assert measured == 1


async def test_a_database_that_goes_away_is_no_fault_of_the_delivery(world: World) -> None:
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    services = replace(world.services, database=nowhere)
    one = Waiting(1, "gitlab", "project_rename", RepositoryChanged("1"), tries=1)
    with pytest.raises(DatabaseUnavailableError):
        await _carry_out(services, one)
    await nowhere.close()


async def test_webhooks_are_hints_and_what_none_told_is_found_by_a_listing(world: World) -> None:
    """HOSTS 1.3 #21: no host announces everything, and a delivery may be lost."""
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)
    assert await reason(world, account, one.full_name) is Reason.GRANT
    await sync(world, account)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
