"""Runs that wait long for a host leave places to others; a run counts once."""

from dataclasses import replace
from datetime import timedelta

from permsync.flows.long_waits import LongWaits
from permsync.model import RunState
from permsync.simulator.faults import Quota
from permsync.simulator.samples import bulk_repositories
from tests.flows.scenes import last_run, sync
from tests.world import World


def test_so_many_runs_wait_at_a_host_and_no_more() -> None:
    waits = LongWaits(most=1)
    with waits.place("gitlab", run=1) as first, waits.place("gitlab", run=2) as second:
        assert (first, second) == (True, False)
    with waits.place("gitlab", run=2) as later:
        assert later


def test_the_questions_of_one_run_share_its_place_until_the_last_has_waited() -> None:
    waits = LongWaits(most=1)
    with waits.place("gitlab", run=1):
        with waits.place("gitlab", run=1) as another:
            assert another
        with waits.place("gitlab", run=2) as stranger:
            assert not stranger


def test_one_host_takes_no_place_of_another() -> None:
    waits = LongWaits(most=1)
    with waits.place("gitlab", run=1), waits.place("github", run=2) as other:
        assert other


def test_a_process_with_few_places_has_none_for_waiting() -> None:
    assert [LongWaits.among(places).most for places in (1, 3, 4, 8)] == [0, 0, 1, 2]
    with LongWaits.among(3).place("gitlab", run=1) as place:
        assert not place


async def test_a_listing_is_cut_where_others_wait_long_already(world: World) -> None:
    bulk_repositories(world.simulator.world, "gitlab", 4_000, person="ada")
    account = await world.link("ada", "gitlab")
    world.host("gitlab").faults.quota = Quota(16, 1_000)
    durations = replace(world.services.durations, limit_wait=timedelta(seconds=100))
    services = replace(world.services, durations=durations, long_waits=LongWaits(most=0))
    assert await sync(world, account, services=services) is RunState.PARTIAL
    assert (await last_run(world, account))["failure"] == "rate_limited"
