"""A run that is over is counted by its outcome and its reason, with its time and its requests."""

from permsync.flows.count_run import count_run
from permsync.flows.sync_account import give_up_sync
from permsync.model import RunState, Trigger
from tests.flows.scenes import spoil, sync
from tests.world import World


def counted(world: World) -> dict[str, float]:
    """Every series about runs that has counted something."""
    told = world.services.metrics.render().decode()
    lines = [line.rpartition(" ") for line in told.splitlines() if line.startswith("permsync_run")]
    return {
        name: float(value)
        for name, _, value in lines
        if "_created" not in name and "_bucket" not in name and float(value)
    }


async def test_outcome_reason_time_and_requests_are_counted_by_host(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    whole = counted(world)
    requests = whole.pop('permsync_run_requests_total{host="gitlab"}')
    assert requests > 1
    assert whole.pop('permsync_run_seconds_sum{host="gitlab",outcome="succeeded"}') > 0
    assert whole == {
        'permsync_runs_total{host="gitlab",outcome="succeeded"}': 1,
        'permsync_run_seconds_count{host="gitlab",outcome="succeeded"}': 1,
    }
    spoil(world, "gitlab", "api", "html", times=100)
    await sync(world, account)
    await give_up_sync(world.services, account.id, Trigger.SCHEDULE, "worker_lost")
    after = counted(world)
    assert after['permsync_runs_total{host="gitlab",outcome="failed"}'] == 2
    assert after['permsync_run_failures_total{host="gitlab",reason="worker_lost"}'] == 1
    assert after['permsync_run_failures_total{host="gitlab",reason="unreadable"}'] == 1
    assert after['permsync_run_requests_total{host="gitlab"}'] > requests


async def test_a_run_is_told_as_it_ended_and_one_that_is_forgotten_is_not_counted(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    before = counted(world)
    assert await count_run(world.services, 999, host="gitlab") is None
    assert counted(world) == before
    run = await count_run(world.services, 1, host="gitlab")
    assert run is not None
    assert run.state is RunState.SUCCEEDED
