"""
What each webhook leads to: the smallest work, and nothing opened without the host's word.

Deliveries come as hosts send them, through the inbox, on the real database and the simulated
hosts. This module must not know how a delivery is proved.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from permsync.codehost.notices import Notice, Ping, Unknown
from permsync.flows import heed_notice as heed
from permsync.flows.ask_pairs import ask_pairs
from permsync.flows.sync_repository import sync_repository
from permsync.model import Account, AccountState, Reason, RunState, Trigger
from permsync.simulator.repositories import Repository
from permsync.store.engine import database_now
from permsync.telemetry import Event
from tests.flows.scenes import column, empty_queue, granted, queued, read, reason, rows, sync
from tests.flows.test_apply_listing import linked, settle
from tests.flows.test_ask_pairs import lose, private
from tests.flows.test_remove_pair import minute_passes, unsettled
from tests.flows.test_sync_repository import connected
from tests.webhooks import bitbucket, github, gitlab, hooked, jobs, member, waiting
from tests.webhooks import heed as deliver
from tests.world import World

ASKS = "SELECT count(*) FROM ask"
LISTED = """
SELECT convert_from(payload, 'UTF8')::json->>'account_id' FROM pgqueuer
WHERE entrypoint LIKE 'sync_account@%'
"""


async def listed_later(world: World) -> list[str]:
    """The accounts that wait to be listed."""
    return await column(world.services.database, LISTED)


async def test_a_removed_member_is_denied_at_once_and_verified(world: World) -> None:
    world = unsettled(hooked(world))
    account = await linked(world)
    one = private(world, account.host)
    lose(world, account, one)

    await deliver(world, gitlab("user_remove_from_team", member(account, one)))
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, ASKS) == [1]

    await minute_passes(world)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, ASKS) == [0]


async def test_where_another_path_remains_the_removed_member_has_the_pair_again(
    world: World,
) -> None:
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    await deliver(world, gitlab("user_remove_from_team", member(account, one)))
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    await settle(world)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_who_left_a_group_loses_all_of_it_at_once_and_the_account_is_listed(
    world: World,
) -> None:
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    group = world.host(account.host).namespaces[one.owner].id
    await empty_queue(world.services.database)
    left = {"user_id": int(account.external_id), "group_id": group}
    await deliver(world, gitlab("user_remove_from_group", left))
    held = await granted(world, account)
    assert held
    assert not {name for name in held if name.startswith(f"{one.owner}/")}
    assert await jobs(world) == {"sync_account"}


async def test_an_added_member_is_asked_about_and_not_believed(world: World) -> None:
    world = hooked(world)
    account = await linked(world)
    host = world.host(account.host)
    new = host.add_repository("platform/brand-new")
    margaret = await world.link("margaret", account.host)
    host.grant("margaret", new.id)
    await sync(world, margaret)
    await empty_queue(world.services.database)

    host.grant("ada", new.id)
    await deliver(world, gitlab("user_add_to_team", member(account, new)))
    assert await reason(world, account, new.full_name) is Reason.NO_ACCESS
    assert await jobs(world) == {"ask_account"}
    await settle(world)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, new.full_name) is Reason.GRANT


async def public_one(world: World) -> tuple[Account, Account, Repository]:
    """Ada, Margaret who is no member, and a public repository that Ada is a member of."""
    account = await linked(world)
    margaret = await world.link("margaret", account.host)
    await sync(world, margaret)
    public = next(
        one
        for one in world.host(account.host).memberships("ada")
        if one.full_name == "platform/legacy-19"
    )
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC
    await empty_queue(world.services.database)
    return account, margaret, public


async def test_made_private_closes_at_once_and_a_members_listing_may_open_it_again(
    world: World,
) -> None:
    world = hooked(world)
    account, margaret, public = await public_one(world)
    update = {"project_id": public.id, "project_visibility": "private"}
    await deliver(world, gitlab("project_update", update))
    assert await reason(world, margaret, public.full_name) is Reason.NO_ACCESS
    assert await jobs(world) == {"sync_account"}

    await settle(world)
    await sync(world, account)
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC


async def test_made_public_opens_nothing_and_has_a_member_listed(world: World) -> None:
    world = hooked(world)
    account, margaret, public = await public_one(world)
    host = world.host(account.host)
    host.set_visibility(public.id, "private")
    await sync(world, account)
    assert await reason(world, margaret, public.full_name) is Reason.NO_ACCESS
    await empty_queue(world.services.database)

    host.set_visibility(public.id, "public")
    update = {"project_id": public.id, "project_visibility": "public"}
    await deliver(world, gitlab("project_update", update))
    assert await reason(world, margaret, public.full_name) is Reason.NO_ACCESS
    assert await jobs(world) == {"sync_account"}
    await settle(world)
    await sync(world, account)
    assert await reason(world, margaret, public.full_name) is Reason.OPEN_PUBLIC


async def test_a_deleted_repository_is_gone_and_one_who_held_it_is_listed(world: World) -> None:
    """A replayed word about one that is there heals by that listing."""
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    await empty_queue(world.services.database)
    await deliver(world, gitlab("project_destroy", {"project_id": one.id}))
    assert await reason(world, account, one.full_name) is Reason.UNKNOWN_REPOSITORY
    assert await jobs(world) == {"ask_account", "sync_account"}
    await settle(world)
    await sync(world, account)
    await ask_pairs(world.services, account.id, Trigger.CONFIRM)
    assert await reason(world, account, one.full_name) is Reason.GRANT


async def test_a_transferred_repository_is_asked_about(world: World) -> None:
    world = hooked(world)
    account = await linked(world)
    one = private(world, account.host)
    await deliver(world, gitlab("project_transfer", {"project_id": one.id}))
    assert await reason(world, account, one.full_name) is Reason.NO_ACCESS
    assert await column(world.services.database, ASKS) == [1]


async def test_a_revoked_authorization_ends_nothing_by_itself(world: World) -> None:
    world = hooked(world)
    account = await linked(world, "github")
    await empty_queue(world.services.database)
    sender = {"action": "revoked", "sender": {"id": int(account.external_id)}}
    await deliver(world, github("github_app_authorization", sender))
    assert (await read(world, account)).state is AccountState.ACTIVE
    assert await jobs(world) == {"sync_account"}

    world.host("github").tokens.revoke("ada")
    await settle(world)
    assert await sync(world, account) is RunState.FAILED
    assert (await read(world, account)).state is not AccountState.ACTIVE


async def test_a_teams_change_asks_the_holders_and_the_connection(world: World) -> None:
    world = hooked(await connected(world, "github"))
    account = await linked(world, "github")
    one = private(world, "github")
    await empty_queue(world.services.database)
    team = {"action": "removed_from_repository", "repository": {"id": one.id}}
    await deliver(world, github("team", team))
    assert await jobs(world) == {"ask_account", "sync_repository"}
    assert await reason(world, account, one.full_name) is Reason.GRANT

    few = replace(world.services, fold_above=0)
    await rows(world.services.database, "DELETE FROM ask")
    await empty_queue(world.services.database)
    await deliver(replace(world, services=few), github("team", team))
    assert await jobs(world) == {"sync_repository"}
    unknown = {**team, "repository": {"id": 1}}
    await empty_queue(world.services.database)
    await deliver(world, github("team", unknown))
    assert await jobs(world) == set()


async def test_an_owners_change_lists_who_holds_something_of_it(world: World) -> None:
    world = hooked(await connected(world, "github"))
    account = await linked(world, "github")
    grace = await world.link("grace", "github")
    await sync(world, grace)
    owner = private(world, "github").owner
    await empty_queue(world.services.database)
    owner_id = world.host("github").namespaces[owner].id
    renamed = {"action": "renamed", "organization": {"id": owner_id}}
    await deliver(world, github("organization", renamed))
    assert str(account.id) in await listed_later(world)
    assert await jobs(world) == {"sync_account", "sync_repository"}
    assert await reason(world, account, private(world, "github").full_name) is Reason.GRANT


async def test_bitbucket_says_little_and_that_has_somebody_listed(world: World) -> None:
    world = hooked(world)
    for host, event, named in (
        ("bitbucket", "repo:updated", "repository"),
        ("bitbucket-dc", "repo:modified", "new"),
    ):
        await linked(world, host)
        one = private(world, host)
        await empty_queue(world.services.database)
        await deliver(world, bitbucket(host, event, {named: {"id": one.id, "uuid": one.uuid}}))
        assert await jobs(world) == {"sync_account"}


async def test_a_hook_that_is_gone_is_told_to_the_operator(world: World) -> None:
    world = hooked(world)
    with capture_logs() as lines:
        await deliver(world, github("meta", {"action": "deleted", "hook_id": 1}))
    assert Event.WEBHOOK_GONE in [line["event"] for line in lines]
    assert await waiting(world) == 0


async def test_a_readers_listing_follows_for_a_connection(world: World) -> None:
    """The queued listing of the repository runs as every other one."""
    world = hooked(await connected(world, "gitlab"))
    await linked(world)
    covered = await column(
        world.services.database,
        "SELECT id FROM repository WHERE sync_due_at IS NOT NULL ORDER BY id LIMIT 1",
    )
    named = await column(
        world.services.database, "SELECT external_id FROM repository WHERE id = :id", id=covered[0]
    )
    await empty_queue(world.services.database)
    await deliver(world, gitlab("project_rename", {"project_id": int(named[0])}))
    assert "sync_repository" in await jobs(world)
    state = await sync_repository(world.services, covered[0], Trigger.CONFIRM)
    assert state is RunState.SUCCEEDED


class Unheard:
    """A notice that somebody thought of, and of nothing to do for it."""


@pytest.mark.parametrize("carry_out", [heed._close, heed._ask])
async def test_a_notice_that_nothing_is_done_for_is_a_defect(
    world: World, carry_out: Callable[..., Awaitable[None]]
) -> None:
    async with world.services.database.begin() as connection:
        at = await database_now(connection)
        with pytest.raises(AssertionError):
            await carry_out(world.services, connection, Unheard(), host="gitlab", at=at)


@pytest.mark.parametrize("notice", [Ping(), Unknown()])
async def test_what_says_nothing_leads_to_nothing(world: World, notice: Notice) -> None:
    async with world.services.database.begin() as connection:
        at = await database_now(connection)
        await heed.heed_notice(world.services, connection, notice, host="gitlab", at=at)
    assert await queued(world.services.database) == set()
