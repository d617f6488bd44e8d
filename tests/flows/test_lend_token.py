"""
Lending a token: fresh, under the rules of everybody, and written down before it leaves.

Who may borrow is proven in ``tests/rules``. This module must not know a program's key.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.errors import LendingRefusal, LendingRefusedError, UnknownError
from permsync.flows.deps import Services
from permsync.flows.disable_user import disable_user
from permsync.flows.fresh_token import fresh_token
from permsync.flows.lend_token import OPERATOR, Borrower, LentToken, lend_token
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account
from permsync.rules.lending import EVERY, LendingRight
from tests.flows.faulty_doors import interrupted
from tests.flows.scenes import age_to_stale, column, expire, read, refreshes, rows, spoil
from tests.world import World

HOUR = timedelta(hours=1)
TRAIL = (
    "SELECT actor, user_id, account_id, host, token_version, code FROM audit_event"
    " WHERE action = 'token_lent'"
)


def lending(world: World) -> Services:
    """The services where every host is open for lending."""
    opened = {name: replace(one, lends=True) for name, one in world.services.hosts.items()}
    return replace(world.services, hosts=opened)


async def borrow(
    world: World, account_id: int, *, min_remaining: timedelta = timedelta()
) -> LentToken:
    """Borrow as the operator would."""
    return await lend_token(
        lending(world), account_id, borrower=OPERATOR, min_remaining=min_remaining
    )


async def refusal(world: World, account: Account) -> LendingRefusal:
    """Why nothing is lent; then nothing may be written down either."""
    with pytest.raises(LendingRefusedError) as refused:
        await borrow(world, account.id)
    assert (refused.value.retry_in is not None) == (
        refused.value.reason is LendingRefusal.TRY_AGAIN
    )
    assert await rows(world.services.database, TRAIL) == []
    return refused.value.reason


async def set_state(world: World, account: Account, state: str) -> None:
    """Let the account be in this state."""
    await rows(
        world.services.database,
        "UPDATE account SET state = :state WHERE id = :id",
        state=state,
        id=account.id,
    )


@pytest.mark.parametrize(
    ("host", "ends"), [("github", True), ("gitlab", True), ("bitbucket-dc", True)]
)
async def test_a_lent_token_is_the_hosts_own_and_says_how_long_it_lives(
    world: World, host: str, ends: bool
) -> None:
    account = await world.link("ada", host)
    lent = await borrow(world, account.id)
    pair = world.host(host).tokens.with_access(lent.access_token)
    assert pair is not None
    assert pair.access_lives(world.simulator.world.now())
    assert (lent.version, lent.expires_at) == (account.token_version, account.access_expires_at)
    assert lent.ends_with_refresh is ends


async def test_a_loan_is_written_down_without_the_token(world: World) -> None:
    account = await world.link("ada", "gitlab")
    lent = await borrow(world, account.id)
    assert await rows(world.services.database, TRAIL) == [
        {
            "actor": "operator",
            "user_id": account.user_id,
            "account_id": account.id,
            "host": "gitlab",
            "token_version": lent.version,
            "code": None,
        }
    ]
    assert lent.access_token not in repr(lent)


async def test_an_expired_token_is_refreshed_before_it_is_lent(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    lent = await borrow(world, account.id)
    assert lent.version == account.token_version + 1
    assert refreshes(world, "gitlab") == 1


async def test_where_a_refresh_ends_the_old_token_a_stale_one_is_refreshed_first(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    await age_to_stale(world, account)
    lent = await borrow(world, account.id)
    assert lent.version == account.token_version + 1


async def test_nobody_can_force_refreshes_by_asking_for_more_life(world: World) -> None:
    account = await world.link("ada", "gitlab")
    for _ in range(5):
        lent = await borrow(world, account.id, min_remaining=2 * HOUR)
        assert lent.version == account.token_version
    assert refreshes(world, "gitlab") == 0


async def test_a_token_that_cannot_be_made_fresher_is_lent_as_it_is(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await age_to_stale(world, account)
    world.host("gitlab").faults.outage = True
    lent = await borrow(world, account.id)
    assert lent.version == account.token_version


async def test_callers_at_once_cause_one_refresh(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    lent = await asyncio.gather(*(borrow(world, account.id) for _ in range(8)))
    assert {one.version for one in lent} == {account.token_version + 1}
    assert refreshes(world, "gitlab") == 1


@pytest.mark.parametrize("state", ["needs_reauth", "needs_scope", "disabled_at_host"])
async def test_an_account_that_lost_access_lends_nothing(world: World, state: str) -> None:
    account = await world.link("ada", "gitlab")
    await set_state(world, account, state)
    assert (await refusal(world, account)).value == state


async def test_an_unlinked_account_lends_nothing(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")
    assert await refusal(world, account) is LendingRefusal.NOT_LINKED


async def test_a_disabled_persons_token_is_neither_lent_nor_refreshed(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await disable_user(world.services, account.user_id, disabled=True, actor="test")
    assert await refusal(world, account) is LendingRefusal.USER_DISABLED
    assert refreshes(world, "gitlab") == 0


async def test_an_outage_is_told_as_something_that_passes(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    world.host("gitlab").faults.outage = True
    assert await refusal(world, account) is LendingRefusal.TRY_AGAIN
    assert (await read(world, account)).state == "active"


async def test_lending_is_off_until_the_operator_opens_the_host(world: World) -> None:
    account = await world.link("ada", "gitlab")
    with pytest.raises(LendingRefusedError, match="lending_off"):
        await lend_token(world.services, account.id, borrower=OPERATOR)


async def test_an_account_that_there_is_not_looks_like_one_that_is_not_allowed(
    world: World,
) -> None:
    account = await world.link("ada", "gitlab")
    hosts = LendingRight(frozenset({"github"}), frozenset({EVERY}))
    people = LendingRight(frozenset({EVERY}), frozenset({str(account.user_id + 1)}))
    for right in (hosts, people, LendingRight()):
        said = []
        for account_id in (account.id, account.id + 1):
            with pytest.raises(LendingRefusedError) as refused:
                await lend_token(lending(world), account_id, borrower=Borrower("key:one", right))
            said.append(refused.value.args)
        assert said == [("not_allowed",)] * 2


async def test_only_to_whom_all_is_open_an_unknown_account_is_unknown(world: World) -> None:
    with pytest.raises(UnknownError):
        await borrow(world, 999)


async def test_what_is_being_refreshed_is_waited_for(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    spoil(world, "gitlab", "token", "commit_then_502")
    with pytest.raises(LendingRefusedError) as refused:
        await borrow(world, account.id)
    assert refused.value.reason is LendingRefusal.TRY_AGAIN
    assert await column(world.services.database, "SELECT state FROM account") == ["active"]


async def moved_before_its_entry(world: World, account: Account, *times: int) -> LentToken:
    """Borrow while others refresh the account, right before these readings for the entry."""

    async def refresh() -> None:
        version = (await read(world, account)).token_version
        await fresh_token(world.services, account.id, rejected_version=version)

    # Each try opens one transaction to judge, one to look at the rest, one for the entry.
    services = interrupted(lending(world), refresh, *(3 * each for each in times))
    return await lend_token(services, account.id, borrower=OPERATOR)


async def test_a_token_that_moved_on_before_its_entry_is_read_again(world: World) -> None:
    account = await world.link("ada", "gitlab")
    lent = await moved_before_its_entry(world, account, 1)
    assert lent.version == account.token_version + 1
    trail = await rows(world.services.database, TRAIL)
    assert [one["token_version"] for one in trail] == [lent.version]


async def test_a_token_that_moves_on_every_time_is_not_lent(world: World) -> None:
    account = await world.link("ada", "gitlab")
    with pytest.raises(LendingRefusedError) as refused:
        await moved_before_its_entry(world, account, 1, 2, 3)
    assert refused.value.reason is LendingRefusal.TRY_AGAIN
    assert refused.value.retry_in is not None
    assert await rows(world.services.database, TRAIL) == []


async def test_an_account_that_ends_while_a_token_is_wanted_says_so(world: World) -> None:
    """There is nothing to refresh with: that is no reason to come back later."""
    account = await world.link("ada", "gitlab")
    await expire(world, account)
    await rows(world.services.database, "UPDATE account SET refresh_sealed = NULL")
    assert await refusal(world, account) is LendingRefusal.NEEDS_REAUTH


async def test_a_token_without_an_end_is_lent_whatever_is_asked_of_it(world: World) -> None:
    account = await world.link("ada", "gitlab")
    await rows(world.services.database, "UPDATE account SET access_expires_at = NULL")
    lent = await borrow(world, account.id, min_remaining=HOUR)
    assert (lent.version, lent.expires_at) == (account.token_version, None)
