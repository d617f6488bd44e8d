"""
The traps that most implementations fall into while listing, each by its number in the fact sheet.

The names carry the number: a trap is one that real hosts set, a fake is a behaviour that the
simulator plays. What a single answer means is tested beside the host files; here whole syncs
run into the trap, and nothing is lost or believed.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.model import Account, AccountState, Reason, RunState
from permsync.simulator.faults import FailingPage
from permsync.simulator.repositories import Installation, Level
from permsync.simulator.samples import bulk_repositories, client_id_of, sample_world
from tests.flows.scenes import (
    column,
    granted,
    last_run,
    private_name,
    read,
    reason,
    spoil,
    sync,
    with_host,
)
from tests.flows.test_list_repositories import listed
from tests.world import KINDS, PUBLIC_URL, World, host_settings

MISSED = 'SELECT count(*) FROM "grant" WHERE missed'
DUE_SOON = "SELECT sync_due_at < clock_timestamp() + interval '1 minute' FROM account"


async def synced(world: World, host: str, person: str = "ada") -> Account:
    """An account that was listed whole."""
    account = await world.link(person, host)
    assert await sync(world, account) is RunState.SUCCEEDED
    return account


async def test_trap_9_an_empty_list_to_a_dead_token_deletes_nothing(world: World) -> None:
    """Data Center with public access on answers an expired token with 200 and no rows."""
    account = await synced(world, "bitbucket-dc")
    before = await granted(world, account)
    host = world.host("bitbucket-dc")
    host.policy.public_access = True
    host.tokens.revoke("ada")

    assert await sync(world, account) is RunState.FAILED

    assert (await read(world, account)).state is AccountState.NEEDS_REAUTH
    assert await granted(world, account) == before
    assert await column(world.services.database, MISSED) == [0]


@pytest.mark.parametrize(("host", "page"), [("gitlab", 9), ("bitbucket-dc", 2)])
async def test_trap_10_a_listing_with_a_failed_page_deletes_nothing(
    world: World, host: str, page: int
) -> None:
    bulk_repositories(world.simulator.world, host, 2_100, person="ada", owner="BULK")
    account = await synced(world, host)
    before = await granted(world, account)
    simulated = world.host(host)
    for one in list(simulated.repositories.values())[:5]:
        simulated.repositories.pop(one.id)
    simulated.touch()
    simulated.faults.failing_pages[page] = FailingPage(502)

    assert await sync(world, account) is RunState.PARTIAL

    assert len(await granted(world, account)) == len(before)
    assert await column(world.services.database, MISSED) == [0]


async def test_trap_11_and_fake_8_one_organisation_behind_single_sign_on_is_left_out_alone(
    world: World,
) -> None:
    """Only the header on the first page says so; the other organisations are covered."""
    bulk_repositories(world.simulator.world, "github", 250, person="ada", owner="acme")
    account = await world.link("ada", "github")
    host = world.host("github")
    acme = str(host.namespaces["acme"].id)
    whole = await listed(world, account)
    host.faults.sso_partial = [int(acme)]

    listing = await listed(world, account)

    assert listing.complete
    assert listing.gaps == listing.to_approve == {acme}
    assert {one.owner_id for one in whole.repositories} > {acme}


async def test_trap_19_installations_beyond_the_first_page_are_asked(world: World) -> None:
    host = world.host("github")
    for number in range(130):
        owner = f"org-{number:03d}"
        host.add_repository(f"{owner}/engine", visibility="private")
        host.join("ada", namespace=owner, level=Level.REPORTER)
        installation = Installation(host.next_id(), client_id_of("github"), owner)
        host.installations[installation.id] = installation
    account = await synced(world, "github")
    names = await granted(world, account)
    assert {f"org-{number:03d}/engine" for number in range(130)} <= names


async def test_trap_20_and_fake_9_a_plain_403_is_not_waited_for(world: World) -> None:
    """The reset, an hour ahead, is on every answer; requests are left, so it means nothing."""
    account = await synced(world, "github")
    spoil(world, "github", "api", "status", match="/user/installations", times=9)
    await column(world.services.database, "DELETE FROM listing_validator")
    before = await granted(world, account)

    await sync(world, account)

    assert (await last_run(world, account))["failure"] == "forbidden"
    assert await column(world.services.database, DUE_SOON) == [True]
    assert await granted(world, account) == before
    assert await reason(world, account, private_name(world, "github")) is Reason.GRANT


async def test_trap_25_one_persons_sync_does_not_spend_everybodys_quota(world: World) -> None:
    """Bitbucket Cloud counts all people together: background work leaves a share."""
    account = await world.link("ada", "bitbucket")
    await column(
        world.services.database,
        "INSERT INTO budget VALUES ('bitbucket', 'client', 1000, 150,"
        " clock_timestamp() + interval '30 minutes', NULL, clock_timestamp())",
    )
    asked = len(world.host("bitbucket").log.records)
    await sync(world, account)
    assert len(world.host("bitbucket").log.records) == asked


async def test_fake_7_pages_by_id_of_which_one_breaks_and_one_is_limited(world: World) -> None:
    world.simulator.show(sample_world(public_url=PUBLIC_URL, github_client_kind="oauth"))
    settings = replace(host_settings(world.simulator, "github"), options={"app": "oauth"})
    durations = replace(world.services.durations, limit_wait=timedelta())
    services = replace(with_host(world.services, settings), durations=durations)
    bulk_repositories(world.simulator.world, "github", 250, person="ada", owner="acme")
    host = world.host("github")
    host.faults.next_by_id = True
    account = await replace(world, services=services).link("ada", "github")

    host.faults.failing_pages[2] = FailingPage(502)
    assert await sync(world, account, services=services) is RunState.PARTIAL
    assert (await last_run(world, account))["failure"] == "unavailable"

    host.faults.failing_pages = {3: FailingPage(403, "You have exceeded a secondary rate limit.")}
    assert await sync(world, account, services=services) is RunState.PARTIAL
    assert (await last_run(world, account))["failure"] == "rate_limited"
    assert len(await granted(world, account)) >= 200

    host.faults.failing_pages = {}
    await column(world.services.database, "DELETE FROM budget")
    assert await sync(world, account, services=services) is RunState.SUCCEEDED
    assert await column(world.services.database, MISSED) == [0]


async def test_fake_10_beyond_ten_thousand_rows_gitlab_is_listed_by_keyset(world: World) -> None:
    bulk_repositories(world.simulator.world, "gitlab", 10_001, person="ada", owner="BULK")
    listing = await listed(world, await world.link("ada", "gitlab"))
    assert listing.complete
    assert sum(one.owner == "BULK" for one in listing.repositories) == 10_001


@pytest.mark.parametrize("host", KINDS)
async def test_fake_14_an_endpoint_that_is_gone_keeps_access(world: World, host: str) -> None:
    account = await synced(world, host)
    before = await granted(world, account)
    await column(world.services.database, "DELETE FROM listing_validator")
    answer = spoil(world, host, "api", "status", match="repos" if host != "gitlab" else "projects")
    answer.status, answer.times = 410, 99

    await sync(world, account)

    assert (await last_run(world, account))["failure"] == "endpoint_gone"
    assert (await read(world, account)).state is AccountState.ACTIVE
    assert await granted(world, account) == before
    assert await column(world.services.database, MISSED) == [0]
