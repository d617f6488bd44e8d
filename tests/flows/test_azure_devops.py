"""Azure DevOps end to end: one organisation that refuses, two origins, and a host that is slow."""

from dataclasses import replace

from permsync import hosts
from permsync.model import AccountState, RunState
from permsync.simulator.kinds.azure_devops.rows import organisation_id
from tests.flows.scenes import column, last_run, read, spoil, sync
from tests.world import World, host_settings

GRANTED = """
SELECT full_name FROM "grant" JOIN repository ON repository.id = repository_id
WHERE account_id = :account_id AND NOT missed ORDER BY full_name
"""


async def granted(world: World, account_id: int) -> list[str]:
    """The names of what an account may read, by its own listing."""
    found: list[str] = await column(world.services.database, GRANTED, account_id=account_id)
    return found


async def test_fake_17_an_organisation_that_lets_no_programs_in_is_a_gap_and_ends_nothing(
    world: World,
) -> None:
    account = await world.link("ada", "azure")
    assert await sync(world, account) is RunState.SUCCEEDED
    before = await granted(world, account.id)
    assert {name.partition("/")[0] for name in before} == {"fabrikam", "contoso", "margaret"}
    simulated = world.host("azure")
    simulated.faults.forbidden_namespaces = ["contoso/apps"]
    new = simulated.add_repository("fabrikam/core/new")

    await sync(world, account)

    assert (await read(world, account)).state is AccountState.ACTIVE
    assert await granted(world, account.id) == sorted([*before, new.full_name])
    gaps = await column(world.services.database, "SELECT owner_id FROM account_gap")
    assert gaps == [organisation_id("contoso")]


async def test_an_organisation_that_sends_a_good_token_to_sign_in_is_a_gap_and_ends_nothing(
    world: World,
) -> None:
    account = await world.link("ada", "azure")
    await sync(world, account)
    before = await granted(world, account.id)
    spoil(world, "azure", "api", "unauthorized", match="contoso/_apis", times=9)
    await sync(world, account)
    assert (await read(world, account)).state is AccountState.ACTIVE
    assert await granted(world, account.id) == before


async def test_what_is_disabled_is_read_by_nobody_until_it_is_enabled(world: World) -> None:
    account = await world.link("ada", "azure")
    await sync(world, account)
    name = "fabrikam/core/infra-03"
    assert name not in await granted(world, account.id)
    one = world.host("azure").find_repository(name)
    assert one is not None
    one.code_access = "enabled"
    world.host("azure").touch()
    await sync(world, account)
    assert name in await granted(world, account.id)


async def test_people_and_repositories_may_be_asked_for_at_two_origins(world: World) -> None:
    settings = host_settings(world.simulator, "azure")
    people = settings.base_url.replace("127.0.0.1", "localhost")
    host = hosts.create(replace(settings, options={"profile_url": people}))
    configured = replace(world.services.host("azure"), host=host)
    services = replace(world.services, hosts={**world.services.hosts, "azure": configured})
    account = await replace(world, services=services).link("ada", "azure")
    assert host.identity_ask().request.url.startswith("http://localhost:")
    assert await sync(world, account, services=services) is RunState.SUCCEEDED
    assert await granted(world, account.id)


async def test_trap_24_a_host_that_asks_for_a_wait_is_asked_slower_and_listed_whole(
    world: World,
) -> None:
    account = await world.link("linus", "azure")
    world.host("azure").faults.slow_down_seconds = 1
    state = await sync(world, account)
    run = await last_run(world, account)
    assert (state, run["failure"]) == (RunState.SUCCEEDED, None)
