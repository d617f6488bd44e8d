"""Runs are listed newest first in pages, and forgotten in batches once they are old."""

from dataclasses import replace
from datetime import timedelta

from permsync.flows.list_runs import list_runs
from permsync.flows.tidy import tidy
from permsync.model import RunState
from permsync.store import run_history
from tests.flows.scenes import column, rows, spoil, sync
from tests.flows.test_sync_repository import connected, id_of, one_of
from tests.world import World

AGE = (
    "UPDATE run SET started_at = started_at - interval '100 days',"
    " finished_at = finished_at - interval '100 days'"
)
IDS = "SELECT id FROM run ORDER BY id"


async def test_pages_together_are_all_runs_the_newest_first(world: World) -> None:
    ada, grace = await world.link("ada", "gitlab"), await world.link("grace", "gitlab")
    for account in (ada, grace, ada, grace, ada):
        await sync(world, account)
    first = await list_runs(world.services, limit=3)
    assert first.next_before is not None
    rest = await list_runs(world.services, limit=3, before=first.next_before)
    ids = [one.id for one in (*first.items, *rest.items)]
    assert ids == (await column(world.services.database, IDS))[::-1]
    assert rest.next_before is None


async def test_runs_are_of_an_account_of_a_repository_or_in_a_state(world: World) -> None:
    world = await connected(world)
    ada = await world.link("ada", "gitlab")
    await sync(world, ada)
    spoil(world, "gitlab", "api", "html", times=100)
    await sync(world, ada)
    repository = await id_of(world, one_of(world))
    await rows(
        world.services.database,
        "INSERT INTO run (repository_id, trigger, state) VALUES (:id, 'schedule', 'running')",
        id=repository,
    )
    of_ada = await list_runs(world.services, account_id=ada.id)
    assert [one.state for one in of_ada.items] == [RunState.FAILED, RunState.SUCCEEDED]
    failed = await list_runs(world.services, account_id=ada.id, state=RunState.FAILED)
    assert [one.failure is not None for one in failed.items] == [True]
    of_readers = await list_runs(world.services, repository_id=repository)
    assert [(one.account_id, one.repository_id) for one in of_readers.items] == [(None, repository)]
    assert (await list_runs(world.services, account_id=10**17)).items == ()


async def test_old_runs_are_forgotten_but_for_the_last_and_what_runs(world: World) -> None:
    ada, grace = await world.link("ada", "gitlab"), await world.link("grace", "gitlab")
    for account in (ada, ada, grace, ada, ada):
        await sync(world, account)
    await rows(
        world.services.database,
        "INSERT INTO run (account_id, trigger, state, started_at)"
        " VALUES (:id, 'schedule', 'running', clock_timestamp() - interval '200 days')",
        id=grace.id,
    )
    ids = await column(world.services.database, IDS)
    await rows(world.services.database, f"{AGE} WHERE id < :young", young=ids[4])
    changes = await rows(world.services.database, "SELECT * FROM change ORDER BY revision, ordinal")

    await tidy(world.services)

    # Ada's fifth is young; Grace's only ended one is followed by one that still runs.
    assert await column(world.services.database, IDS) == [ids[4], ids[5]]
    assert changes == await rows(
        world.services.database, "SELECT * FROM change ORDER BY revision, ordinal"
    )
    assert any(one["run_id"] == ids[0] for one in changes)


async def test_the_last_run_of_an_account_is_kept_however_old(world: World) -> None:
    ada = await world.link("ada", "gitlab")
    await sync(world, ada)
    await sync(world, ada)
    await rows(world.services.database, AGE)
    await tidy(world.services)
    ids = await column(world.services.database, IDS)
    assert len(ids) == 1
    assert (await list_runs(world.services, account_id=ada.id)).items[0].id == ids[0]


async def test_they_are_forgotten_a_bounded_batch_at_a_time(world: World) -> None:
    ada = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "INSERT INTO run (account_id, trigger, state, started_at, finished_at)"
        " SELECT :id, 'schedule', 'succeeded', at, at FROM (SELECT clock_timestamp()"
        " - interval '1 year' AS at FROM generate_series(1, 25)) AS old",
        id=ada.id,
    )
    async with world.services.database.begin() as connection:
        kept_in = timedelta(days=90)
        batches = [await run_history.forget(connection, kept_in=kept_in, most=10) for _ in range(4)]
    assert batches == [10, 10, 4, 0]


async def test_how_long_they_are_kept_is_a_setting(world: World) -> None:
    ada = await world.link("ada", "gitlab")
    await sync(world, ada)
    await sync(world, ada)
    await rows(world.services.database, AGE)
    durations = replace(world.services.durations, runs_kept=timedelta(days=101))
    await tidy(replace(world.services, durations=durations))
    assert len(await column(world.services.database, IDS)) == 2
