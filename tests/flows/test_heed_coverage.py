"""What an app's installation leads to: more is looked for soon, less is no news about rights."""

from typing import Any

import pytest

from permsync.flows.discover_repositories import discover_repositories
from permsync.flows.receive_webhook import DRAIN
from permsync.model import Reason, RunState
from tests.flows.installed import HOST, app_of, discovered, installation, lists
from tests.flows.scenes import column, empty_queue, reason, sync
from tests.flows.test_apply_listing import linked
from tests.flows.test_remove_pair import minute_passes, unsettled
from tests.flows.test_sync_repository import list_one
from tests.flows.test_sync_repository_by_app import one_of
from tests.webhooks import Sent, github, hooked, jobs
from tests.webhooks import heed as deliver
from tests.world import World

SOON = """
SELECT entrypoint FROM pgqueuer WHERE execute_after <= now() + interval '10 seconds'
"""
COVERED = "SELECT count(*) FROM repository WHERE sync_due_at IS NOT NULL"
GROWS = [
    ("installation", "created"),
    ("installation", "unsuspend"),
    ("installation", "new_permissions_accepted"),
    ("installation_repositories", "added"),
]
SHRINKS = [
    ("installation", "deleted"),
    ("installation", "suspend"),
    ("installation_repositories", "removed"),
]


def _told(world: World, event: str, action: str, owner: str = "acme") -> Sent:
    account = {"id": world.host(HOST).namespaces[owner].id, "login": owner}
    body: dict[str, Any] = {"action": action, "installation": {"id": 51, "account": account}}
    return github(event, body)


@pytest.mark.parametrize(("event", "action"), GROWS)
async def test_more_is_looked_for_once_the_host_has_settled(
    world: World, event: str, action: str
) -> None:
    world = unsettled(hooked(await discovered(world)))
    await linked(world, HOST)
    await empty_queue(world.services.database)
    await deliver(world, _told(world, event, action))
    wanted = {"discover_repositories", "sync_account", "sync_repository"}
    assert await jobs(world) == wanted
    assert await column(world.services.database, SOON) == [DRAIN]


@pytest.mark.parametrize(("event", "action"), GROWS)
async def test_more_of_an_owner_is_nothing_to_look_for_where_no_app_asks(
    world: World, event: str, action: str
) -> None:
    world = hooked(world)
    await linked(world, HOST)
    await empty_queue(world.services.database)
    await deliver(world, _told(world, event, action))
    assert await jobs(world) == {"sync_account"}


@pytest.mark.parametrize(("event", "action"), SHRINKS)
async def test_less_asks_for_no_readers_and_ends_nobodys_access(
    world: World, event: str, action: str
) -> None:
    world = hooked(await discovered(world))
    one = one_of(world)
    grace = await world.link("grace", HOST)
    await sync(world, grace)
    await list_one(world, one)
    await empty_queue(world.services.database)
    await deliver(world, _told(world, event, action))
    assert await jobs(world) == {"sync_account"}
    assert await reason(world, grace, one.full_name) is Reason.GRANT


async def test_what_this_process_knew_of_the_installations_is_forgotten(world: World) -> None:
    world = hooked(await discovered(world, "acme"))
    one = one_of(world)
    host = world.host(HOST)
    host.suspend(installation(host, "acme").id, at=1_700_000_000)
    await deliver(world, _told(world, "installation", "suspend"))
    app_of(world.services).memory.token_of(str(host.namespaces["acme"].id)).forget()
    assert await list_one(world, one) is RunState.FAILED
    asked = lists(host)

    host.suspend(installation(host, "acme").id, at=None)
    await deliver(world, _told(world, "installation", "unsuspend"))

    assert await list_one(world, one) is RunState.SUCCEEDED
    assert lists(host) == asked + 1


async def test_an_owner_who_installs_the_app_is_covered_by_the_next_look(world: World) -> None:
    host = world.host(HOST)
    host.uninstall(installation(host, "orbit").id)
    world = unsettled(hooked(await discovered(world)))
    before = await column(world.services.database, COVERED)
    host.install("orbit", client_id=installation(host, "acme").client_id)
    await deliver(world, _told(world, "installation", "created", "orbit"))
    await minute_passes(world)
    assert await discover_repositories(world.services) > 0
    assert await column(world.services.database, COVERED) > before
