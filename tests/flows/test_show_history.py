"""
What is shown of an account's past: every kind of thing that happened, newest first.

This module must not know how it is shown.
"""

import pytest

from permsync.errors import UnknownError
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.show_history import show_history
from permsync.flows.tidy import tidy
from permsync.flows.unlink_account import unlink_account
from permsync.model import AccountReason, RunState
from tests.flows.scenes import expire, rows, spoil, sync
from tests.world import World


async def test_refreshes_runs_and_revocations_are_shown_newest_first(world: World) -> None:
    account = await world.link("ada", "gitlab")
    for _ in range(2):
        await expire(world, account)
        await fresh_token(world.services, account.id)
        await sync(world, account)
    await world.link("ada", "gitlab")
    history = await show_history(world.services, account.id)

    assert [one.version for one in history.attempts] == [2, 1]
    assert {str(one.outcome) for one in history.attempts} == {"adopted"}
    assert [one.state for one in history.runs] == ["succeeded", "succeeded"]
    assert history.runs[0].id > history.runs[1].id
    assert history.standing.last_run == history.runs[0]
    assert [one.outcome for one in history.revocations] == [None]
    assert history.next_try_at is None


async def test_refreshes_of_old_are_forgotten_but_for_those_of_the_token_of_today(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    for shape in (None, None, "rejection"):
        await expire(world, account)
        if shape:
            spoil(world, "gitlab", "token", shape)
        await refresh_account(world.services, account.id)
    statement = "UPDATE refresh_attempt SET closed_at = closed_at - interval '91 days'"
    await rows(world.services.database, statement)
    await tidy(world.services)
    history = await show_history(world.services, account.id)
    assert [(one.version, str(one.outcome)) for one in history.attempts] == [(3, "rejected")]


async def test_a_refresh_that_did_not_succeed_says_when_it_is_tried_again(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "rejection")
    await refresh_account(world.services, account.id)
    history = await show_history(world.services, account.id)
    assert [str(one.outcome) for one in history.attempts] == ["rejected"]
    assert history.next_try_at is not None
    assert history.next_try_at > history.attempts[0].started_at
    assert history.standing.account.state == "suspect"


async def test_where_access_ended_before_the_verdict_the_next_try_is_told(world: World) -> None:
    """Host and API refused it once each: access ends at once, and the spaced tries go on."""
    account = await world.link("ada", "gitlab")
    spoil(world, "gitlab", "token", "rejection")
    await refresh_account(world.services, account.id)
    world.host("gitlab").tokens.expire_access(None, now=world.simulator.world.now())

    assert await sync(world, account) is RunState.FAILED

    history = await show_history(world.services, account.id)
    assert history.standing.account.reason is AccountReason.CREDENTIAL_REJECTED
    assert history.next_try_at is not None


async def test_no_next_try_is_promised_where_only_the_person_can_help(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "UPDATE account SET state = 'needs_reauth', reason = 'revoked_or_expired',"
        " refresh_try_at = clock_timestamp()",
    )
    history = await show_history(world.services, account.id)
    assert history.next_try_at is None


async def test_a_refresh_under_way_says_until_when(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(
        world.services.database,
        "INSERT INTO refresh_attempt (account_id, link_id, for_version, owner, state, token_digest,"
        " started_at, deadline, lease_until)"
        " SELECT id, link_id, token_version, link_id, 'armed', '\\x00', clock_timestamp(),"
        " clock_timestamp(), clock_timestamp() + interval '1 minute' FROM account",
    )
    history = await show_history(world.services, account.id)
    assert history.attempts[0].outcome is None
    assert history.next_try_at == history.attempts[0].lease_until


async def test_only_the_last_of_each_kind_are_shown(world: World) -> None:
    account = await world.link("ada", "gitlab")
    for _ in range(3):
        await sync(world, account)
    history = await show_history(world.services, account.id, last=2)
    assert len(history.runs) == 2


async def test_an_unlinked_account_keeps_its_past(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    history = await show_history(world.services, account.id)
    assert [str(one.outcome) for one in history.revocations] == ["revoked"]
    with pytest.raises(UnknownError):
        await show_history(world.services, account.id + 1)
