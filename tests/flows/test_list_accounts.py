"""Accounts come with their last run and what they lack, in a fixed number of statements."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from permsync.errors import UnknownError
from permsync.flows.list_accounts import list_accounts, load_own_account
from permsync.model import RunState
from tests.flows.scenes import rows, sync
from tests.world import World


async def test_an_account_comes_with_its_newest_run(world: World) -> None:
    ada = await world.link("ada", "github")
    grace = await world.link("grace", "github")
    for _ in range(2):
        await sync(world, ada)

    page = await list_accounts(world.services)

    assert [standing.account.id for standing in page.items] == [ada.id, grace.id]
    newest = page.items[0].last_run
    assert newest is not None
    assert (newest.account_id, newest.state) == (ada.id, RunState.SUCCEEDED)
    counted = await rows(world.services.database, "SELECT max(id) AS id FROM run")
    assert newest.id == counted[0]["id"]
    assert page.items[1].last_run is None


async def test_an_account_that_lost_a_scope_says_which(world: World) -> None:
    ada = await world.link("ada", "gitlab")
    assert (await list_accounts(world.services)).items[0].lacks == frozenset()
    await rows(
        world.services.database,
        "UPDATE account SET scopes = ARRAY['read_user'] WHERE id = :id",
        id=ada.id,
    )
    assert "read_api" in (await list_accounts(world.services)).items[0].lacks


async def test_an_account_of_a_host_that_was_taken_out_is_listed_all_the_same(
    world: World,
) -> None:
    await world.link("ada", "github")
    page = await list_accounts(replace(world.services, hosts={}))
    assert [standing.lacks for standing in page.items] == [frozenset()]


async def test_the_last_page_says_that_it_is_the_last(world: World) -> None:
    ada = await world.user("ada")
    for host in ("github", "gitlab"):
        await world.link("ada", host)
    for user_id in (None, ada.id):
        first = await list_accounts(world.services, user_id=user_id, limit=1)
        assert first.next_after == first.items[0].account.id
        rest = await list_accounts(world.services, user_id=user_id, after=first.next_after, limit=1)
        assert [standing.account.host for standing in rest.items] == ["gitlab"]
        assert rest.next_after is None


async def test_more_accounts_are_no_more_statements(world: World) -> None:
    ada = await world.user("ada")
    counts = []
    for host in ("github", "gitlab", "bitbucket"):
        await sync(world, await world.link("ada", host))
        engine = world.services.database._engine.sync_engine
        statements: list[str] = []

        def note(*arguments: object, seen: list[str] = statements) -> None:
            seen.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", note)
        for user_id in (None, ada.id):
            await list_accounts(world.services, user_id=user_id)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts == [6, 6, 6]  # for each look: accounts, their last runs, whom they left out


async def test_a_person_finds_their_own_account_and_no_other(world: World) -> None:
    ada = await world.link("ada", "github")
    grace = await world.link("grace", "github")
    found = await load_own_account(world.services, ada.id, user_id=ada.user_id)
    assert found.id == ada.id
    for account_id in (grace.id, 10**17):
        with pytest.raises(UnknownError) as caught:
            await load_own_account(world.services, account_id, user_id=ada.user_id)
        assert caught.value.what == "account"
