"""
Linked accounts as a whole: two groups, one banner, and a name for what is shown.

This module must not know how a template is written.
"""

from dataclasses import replace

from permsync.flows.deps import Services
from permsync.flows.show_accounts import show_accounts
from permsync.flows.sync_account import sync_account
from permsync.flows.unlink_account import unlink_account
from permsync.model import Trigger
from permsync.web.pages.groups import Banner, Groups, groups_of
from tests.flows.scenes import empty_queue
from tests.world import World


async def groups(world: World, login: str = "ada") -> Groups:
    """What the person's page shows now."""
    user = await world.user(login)
    return groups_of(world.services, await show_accounts(world.services, user.id))


async def test_a_host_is_in_exactly_one_of_the_groups(world: World) -> None:
    await world.link("ada", "gitlab")
    shown = await groups(world)
    assert [card.host for card in shown.cards] == ["gitlab"]
    assert {one.name for one in shown.available} == set(world.services.hosts) - {"gitlab"}


async def test_what_a_host_is_asked_for_is_said_in_words(world: World) -> None:
    needs = {one.name: one.needs for one in (await groups(world)).available}
    assert needs["azure"] == ("access to Azure DevOps", "offline_access")
    assert needs["gitlab"] == ("read_api",)


async def test_what_was_unlinked_is_available_again(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    shown = await groups(world)
    assert not shown.cards
    assert len(shown.available) == len(world.services.hosts)


async def test_a_first_sync_is_said_on_top(world: World) -> None:
    account = await world.link("ada", "gitlab")
    shown = await groups(world)
    said = "GitLab: first sync under way; results follow soon."
    assert shown.banner == Banner("busy", said, account.id)
    assert shown.look_ms == 1000


async def test_what_needs_the_person_is_said_before_what_takes_a_while(world: World) -> None:
    for name in ("bitbucket", "gitlab"):
        world.host(name).faults.refuse_refreshes = True
        account = await world.link("ada", name)
        world.host(name).tokens.revoke("ada")
        await sync_account(world.services, account.id, Trigger.PERSON)
    await world.link("ada", "github")
    shown = await groups(world)
    assert shown.banner is not None
    assert shown.banner.tone == "bad"
    assert shown.banner.text.startswith("Bitbucket Cloud and GitLab: what you saw through them")
    assert shown.banner.account == shown.cards[0].id


async def test_single_sign_on_is_said_on_top_without_a_word_of_hiding_all(world: World) -> None:
    account = await world.link("ada", "github")
    host = world.host("github")
    host.faults.sso_partial = [host.namespaces["acme"].id]
    await sync_account(world.services, account.id, Trigger.PERSON)
    await empty_queue(world.services.database)
    said = "GitHub: part of it is left out until you approve single sign-on."
    assert (await groups(world)).banner == Banner("warn", said, account.id)


async def test_the_same_content_has_the_same_name(world: World) -> None:
    account = await world.link("ada", "gitlab")
    first, again = await groups(world), await groups(world)
    assert first.seen == again.seen
    await sync_account(world.services, account.id, Trigger.PERSON)
    assert (await groups(world)).seen != first.seen


async def test_an_open_page_looks_seldom_while_nothing_happens(world: World) -> None:
    assert (await groups(world)).look_ms == 30_000


async def test_two_hosts_of_one_kind_are_told_apart_by_their_names(world: World) -> None:
    twin = replace(world.services.hosts["gitlab"], name="gitlab-corp")
    services: Services = replace(
        world.services, hosts={**world.services.hosts, "gitlab-corp": twin}
    )
    titles = {one.title for one in groups_of(services, []).available}
    assert {"GitHub", "GitLab (gitlab)", "GitLab (gitlab-corp)"} <= titles


async def test_an_account_at_a_host_that_is_gone_from_the_settings_is_still_shown(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    left = {name: one for name, one in world.services.hosts.items() if name != "gitlab"}
    gone = replace(world.services, hosts=left)
    (card,) = groups_of(gone, await show_accounts(gone, account.user_id)).cards
    assert (card.title, card.action) == ("gitlab", None)
