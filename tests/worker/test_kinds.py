"""The table leads to the flows: each kind of job, done by a real worker in a small world."""

from permsync.model import Trigger
from permsync.store import queue
from permsync.store.queue import Kind
from permsync.worker.kinds import KINDS, Round
from tests.store.queue_rows import rows
from tests.worker.scenes import until, until_empty, working
from tests.world import World


async def ends(world: World) -> set[tuple[str, str]]:
    """Every kind of job that ended, and how."""
    log = await rows(
        world.services.database,
        "SELECT DISTINCT entrypoint, status::text FROM pgqueuer_log"
        " WHERE status NOT IN ('queued', 'picked')",
    )
    return {(row["entrypoint"], row["status"]) for row in log}


def test_every_job_about_an_account_has_a_flow() -> None:
    assert set(Kind) <= set(KINDS)


async def test_a_new_account_is_synced_without_anybody_asking(world: World) -> None:
    account = await world.link("ada", "gitlab")
    async with working(world.services, KINDS):
        await until_empty(world.services.database)
    (run,) = await rows(world.services.database, "SELECT account_id, trigger, state FROM run")
    assert run == {
        "account_id": account.id,
        "trigger": Trigger.LINKED.value,
        "state": "succeeded",
    }


async def test_a_stale_token_is_refreshed_in_the_background(world: World) -> None:
    database = world.services.database
    account = await world.link("ada", "gitlab")
    await rows(database, "DELETE FROM pgqueuer")
    await rows(
        database,
        "UPDATE account SET issued_at = now() - interval '119 minutes',"
        " access_expires_at = now() + interval '1 minute'",
    )
    async with database.begin() as connection:
        await queue.enqueue_refresh(connection, account_id=account.id)
    async with working(world.services, {Kind.REFRESH_ACCOUNT: KINDS[Kind.REFRESH_ACCOUNT]}):
        await until_empty(database)
    (after,) = await rows(database, "SELECT token_version FROM account")
    assert after["token_version"] == account.token_version + 1


async def test_every_round_runs_and_comes_again(world: World) -> None:
    rounds = {name: kind for name, kind in KINDS.items() if isinstance(kind, Round)}
    wanted = {(name, "successful") for name in rounds}

    async def all_ended() -> bool:
        return await ends(world) == wanted

    async with working(world.services, rounds):
        await until(all_ended)
    queued = await rows(world.services.database, "SELECT entrypoint FROM pgqueuer")
    assert {row["entrypoint"] for row in queued} == set(rounds)
