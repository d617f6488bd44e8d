"""
A worker killed every few seconds under load: all runs finish, nothing twice, nothing left open.

The long form is ``python -m tests.journeys.killing``, a kill every 20 seconds for five
minutes. This module must not know how a run is fenced.
"""

from datetime import timedelta

from permsync.store.engine import database_now
from tests.flows.scenes import rows, sync
from tests.journeys.killing import count, storm
from tests.world import World

SECONDS, EVERY = 14, 3

SPOILT = {
    "orphans": "UPDATE run SET state = 'running'",
    "failed": "UPDATE run SET state = 'failed'",
    "given_up": "UPDATE run SET failure = 'worker_lost'",
    "unlisted_accounts": "UPDATE run SET started_at = started_at - interval '1 hour'",
    "stuck_jobs": "UPDATE pgqueuer SET status = 'picked', updated = now() - interval '1 hour'",
    "repeated_changes": "INSERT INTO change (revision, ordinal, kind, account_id, repository_id,"
    " source, was, became) SELECT revision + 1000, ordinal, kind, account_id, repository_id,"
    " source, was, became FROM change WHERE kind = 'grant'",
    "rows_off_the_log": "DELETE FROM change WHERE kind = 'grant'",
}


def test_workers_that_are_killed_again_and_again_lose_nothing_and_repeat_nothing() -> None:
    found = storm(seconds=SECONDS, every=EVERY)

    assert found.wrong == {}, found
    assert found.kills >= 3
    assert found.succeeded > found.kills


async def test_each_thing_that_is_counted_can_be_wrong(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    database = world.services.database
    async with database.begin() as connection:
        before = await database_now(connection) - timedelta(minutes=1)
    assert (await count(database, before, kills=0)).wrong == {}
    for name, statement in SPOILT.items():
        await rows(database, statement)
        async with database.begin() as connection:
            now = await database_now(connection)
        at = before if name == "unlisted_accounts" else now
        assert name in (await count(database, at, kills=0)).wrong
