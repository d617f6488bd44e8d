"""The doors of a flow: what goes for one host comes before what goes for all."""

from dataclasses import replace
from datetime import timedelta

from permsync.flows.remove_pair import remove_pair
from tests.flows.scenes import column, told
from tests.flows.test_apply_listing import linked
from tests.flows.test_ask_pairs import lose, private
from tests.flows.test_remove_pair import now
from tests.world import World

MINUTE = timedelta(minutes=1)


def with_slow_host(world: World, name: str) -> World:
    """The same world, where one host takes a minute to settle."""
    slow = replace(world.services.host(name), settle=MINUTE)
    hosts = {**world.services.hosts, name: slow}
    return replace(world, services=replace(world.services, hosts=hosts))


async def test_a_host_settles_in_its_own_time_and_others_in_that_of_all(world: World) -> None:
    services = with_slow_host(world, "gitlab").services
    assert services.settle_at("gitlab") == MINUTE
    assert services.settle_at("github") == services.durations.settle
    assert services.settle_at("not configured any more") == services.durations.settle


async def test_what_a_host_took_away_stays_away_until_that_host_has_settled(world: World) -> None:
    account = await linked(world)
    world = with_slow_host(world, account.host)
    one = private(world, account.host)
    lose(world, account, one)
    at = await now(world)

    await told(
        world,
        remove_pair,
        host=account.host,
        external_id=account.external_id,
        repository=str(one.id),
        at=at,
    )

    assert await column(world.services.database, "SELECT DISTINCT at FROM fence") == [at + MINUTE]
