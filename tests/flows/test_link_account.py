"""
Linking, and every way it is refused: nothing is stored then, and the reason is one of ours.

The web's tests prove cookies and redirects; these prove the flow behind them. This module
must not know a page.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from permsync.errors import ForbiddenError, LinkRefusal, LinkRefusedError, UnknownError
from permsync.flows.disable_user import disable_user
from permsync.flows.link_account import finish_link, start_link
from permsync.flows.unlink_account import unlink_account
from permsync.model import AccountState, User
from permsync.simulator.browser import consent
from permsync.vault import Vault
from tests.flows.faulty_doors import behind
from tests.flows.scenes import column, everything_stored, found_in, read, spoil, sync
from tests.world import BROWSER, KINDS, World


async def finish(world: World, host: str, query: str, user: User, browser: str = BROWSER) -> None:
    """Come back from the consent page."""
    await finish_link(world.services, host_name=host, query=query, user=user, browser=browser)


async def refusal(
    world: World, host: str, query: str, user: User, browser: str = BROWSER
) -> LinkRefusal:
    """Why coming back is refused; no account may come of it."""
    before = await column(world.services.database, "SELECT count(*) FROM account")
    with pytest.raises(LinkRefusedError) as refused:
        await finish(world, host, query, user, browser)
    assert await column(world.services.database, "SELECT count(*) FROM account") == before
    return refused.value.reason


@pytest.mark.parametrize("host", KINDS)
async def test_a_link_is_an_account_with_sealed_tokens_and_a_first_sync(
    world: World, host: str
) -> None:
    account = await world.link("grace", host)
    assert account.state is AccountState.ACTIVE
    assert account.login.partition("@")[0] == "grace"  # some hosts know addresses only
    stored = await everything_stored(world.services.database)
    assert not found_in(stored, world.simulator.world.secrets())
    jobs = await column(world.services.database, "SELECT entrypoint FROM pgqueuer")
    assert jobs == [f"sync_account@{host}"]
    trail = await column(world.services.database, "SELECT action FROM audit_event")
    assert trail == ["account_linked"]


async def test_linking_again_keeps_the_account_and_moves_link_and_version(world: World) -> None:
    first = await world.link("ada", "gitlab")
    second = await world.link("ada", "gitlab")
    assert second.id == first.id
    assert second.link_id != first.link_id
    assert second.token_version == first.token_version + 1


async def test_a_callback_is_good_for_one_time(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    await finish(world, "gitlab", query, user)
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.STATE_UNKNOWN


async def test_two_callbacks_at_once_make_one_link(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    both = await asyncio.gather(
        *(finish(world, "gitlab", query, user) for _ in range(2)), return_exceptions=True
    )
    assert sum(one is None for one in both) == 1
    assert await column(world.services.database, "SELECT token_version FROM account") == [1]


async def test_a_link_begun_in_one_browser_is_not_finished_in_another(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    found = await refusal(world, "gitlab", query, user, browser="another browser's secret")
    assert found is LinkRefusal.OTHER_BROWSER


async def test_a_link_begun_by_one_person_is_not_finished_by_another(world: World) -> None:
    ada, grace = await world.user("ada"), await world.user("grace")
    query = await world.consent("ada", "gitlab", user=ada)
    assert await refusal(world, "gitlab", query, grace) is LinkRefusal.OTHER_BROWSER


async def test_a_callback_at_another_host_is_refused(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    assert await refusal(world, "bitbucket", query, user) is LinkRefusal.STATE_UNKNOWN


async def test_who_takes_too_long_starts_again(world: World) -> None:
    hasty = replace(world.services.durations, link_attempt=timedelta(0))
    slow = replace(world, services=replace(world.services, durations=hasty))
    user = await world.user("ada")
    query = await slow.consent("ada", "gitlab", user=user)
    assert await refusal(world, "gitlab", query, user) in {
        LinkRefusal.STATE_EXPIRED,
        LinkRefusal.STATE_UNKNOWN,
    }


async def test_who_says_no_at_the_host_is_told_so(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user, decision="deny")
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.DENIED_AT_HOST


@pytest.mark.parametrize("query", ["", "code=1", "state=never-given&code=1", "state=a&state=b"])
async def test_a_callback_that_nobody_waits_for_is_refused(world: World, query: str) -> None:
    user = await world.user("ada")
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.STATE_UNKNOWN


async def test_a_forged_code_is_refused_in_our_words(world: World) -> None:
    user = await world.user("ada")
    url = await start_link(
        world.services, host_name="gitlab", user=user, browser=BROWSER, return_to="/"
    )
    state = url.partition("state=")[2].partition("&")[0]
    query = urlencode({"state": state, "code": "forged"})
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.CODE_REJECTED


async def test_an_account_that_somebody_else_holds_is_refused_and_stays_theirs(
    world: World,
) -> None:
    owner = await world.link("ada", "gitlab")
    grace = await world.user("grace")
    query = await world.consent("ada", "gitlab", user=grace)
    found = await refusal(world, "gitlab", query, grace)
    assert found is LinkRefusal.LINKED_TO_SOMEONE_ELSE
    assert (await read(world, owner)).user_id == owner.user_id


async def test_an_account_that_was_unlinked_may_become_another_persons(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await sync(world, account)
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="user:1")
    grace = await world.user("grace")
    again = await world.link("ada", "gitlab", user=grace)
    assert again.id == account.id
    assert again.user_id == grace.id


async def test_less_access_than_is_needed_is_refused(world: World) -> None:
    user = await world.user("ada")
    url = await start_link(
        world.services, host_name="bitbucket", user=user, browser=BROWSER, return_to="/"
    )
    location = await asyncio.to_thread(consent, url, person="ada", scopes=["account"])
    query = urlsplit(location).query
    assert await refusal(world, "bitbucket", query, user) is LinkRefusal.SCOPE_MISSING


async def test_a_link_with_less_access_than_the_account_has_leaves_it_as_it_was(
    world: World,
) -> None:
    account = await world.link("ada", "bitbucket")
    user = User(account.user_id, "Ada")
    url = await start_link(
        world.services, host_name="bitbucket", user=user, browser=BROWSER, return_to="/"
    )
    location = await asyncio.to_thread(consent, url, person="ada", scopes=["account"])
    query = urlsplit(location).query
    assert await refusal(world, "bitbucket", query, user) is LinkRefusal.SCOPE_NARROWER
    assert await read(world, account) == account


async def test_a_host_that_fails_in_the_middle_links_nobody(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    spoil(world, "gitlab", "token", "502")
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.HOST_UNAVAILABLE


async def test_a_host_that_does_not_say_whose_token_it_is_links_nobody(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    spoil(world, "gitlab", "api", "html", match="/user")
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.HOST_UNAVAILABLE


async def test_a_person_who_was_disabled_on_the_way_is_not_linked(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    await disable_user(world.services, user.id, disabled=True, actor="operator")
    assert await refusal(world, "gitlab", query, user) is LinkRefusal.USER_DISABLED


async def test_a_disabled_person_does_not_even_set_out(world: World) -> None:
    user = await world.user("ada")
    gone = await disable_user(world.services, user.id, disabled=True, actor="operator")
    with pytest.raises(ForbiddenError):
        await start_link(
            world.services, host_name="gitlab", user=gone, browser=BROWSER, return_to="/"
        )


async def test_an_unknown_host_is_said_to_be_unknown(world: World) -> None:
    user = await world.user("ada")
    with pytest.raises(UnknownError):
        await start_link(
            world.services, host_name="nowhere", user=user, browser=BROWSER, return_to="/"
        )


async def test_who_was_away_while_the_sealing_key_was_replaced_starts_again(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    later = replace(world, services=replace(world.services, vault=Vault([b"n" * 32])))
    assert await refusal(later, "gitlab", query, user) is LinkRefusal.STATE_UNKNOWN


async def test_a_host_that_is_gone_by_the_time_of_the_code_links_nobody(world: World) -> None:
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    away = replace(world, services=behind(world.services, "unsent"))
    assert await refusal(away, "gitlab", query, user) is LinkRefusal.HOST_UNAVAILABLE
