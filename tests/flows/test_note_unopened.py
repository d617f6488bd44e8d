"""
Damage of ours is the operator's to mend: it is named, and no account changes for it.

Every way in which a stored token may stop to open, met by a sync with a fresh token, by one
that must refresh first, and by a caller. This module must not know how a value is sealed.
"""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from permsync.errors import PermsyncError, SealedValueError, SealingKeyError
from permsync.flows.deps import Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.list_accounts import list_accounts
from permsync.flows.refresh_ahead import refresh_ahead
from permsync.flows.sweep_attempts import sweep_attempts
from permsync.model import Account, AccountReason, AccountState, Reason, RunState
from permsync.vault import Vault
from tests.flows.scenes import expire, last_run, private_name, read, reason, refreshes, rows, sync
from tests.world import World

HOST = "gitlab"
ACCESS_DAMAGES = {
    "changed": "access_sealed = set_byte(access_sealed, 20, 255 - get_byte(access_sealed, 20))",
    "cut": "access_sealed = substring(access_sealed FROM 1 FOR 20)",
    "emptied": "access_sealed = ''",
    "swapped": "access_sealed = refresh_sealed, refresh_sealed = access_sealed",
    "a plain text": "access_sealed = 'glpat-never-sealed'",
    "of another link": "link_id = gen_random_uuid()",
}
REFRESH_DAMAGES = {
    "changed": "refresh_sealed = set_byte(refresh_sealed, 20, 255 - get_byte(refresh_sealed, 20))",
    "cut": "refresh_sealed = substring(refresh_sealed FROM 1 FOR 20)",
    "emptied": "refresh_sealed = ''",
    "swapped": "access_sealed = refresh_sealed, refresh_sealed = access_sealed",
    "of another version": "token_version = token_version + 1",
}
# What a sync writes on an account in any case.
OF_A_RUN = {"run_id", "sync_due_at", "sync_failures", "listing_digest"}


async def stored(world: World, account: Account) -> dict[str, Any]:
    """The account's row, but for what a run writes."""
    found = await rows(
        world.services.database, "SELECT * FROM account WHERE id = :id", id=account.id
    )
    return {name: value for name, value in found[0].items() if name not in OF_A_RUN}


async def damage(world: World, account: Account, how: str) -> None:
    """Do this to the account's row."""
    await rows(world.services.database, f"UPDATE account SET {how} WHERE id = :id", id=account.id)


async def synced(world: World) -> Account:
    """An account that works and has been listed."""
    account = await world.link("ada", HOST)
    assert await sync(world, account) is RunState.SUCCEEDED
    return account


async def assert_only_the_run_failed(world: World, account: Account, code: str) -> None:
    """The person keeps access, and reads that the operator must repair it."""
    assert (await last_run(world, account))["failure"] == code
    assert await reason(world, account, private_name(world, HOST)) is Reason.GRANT
    shown = (await list_accounts(world.services)).items[0]
    assert shown.account.state is AccountState.ACTIVE
    assert shown.reason is AccountReason.OPERATOR_MUST_REPAIR


@pytest.mark.parametrize("how", ACCESS_DAMAGES)
async def test_a_sync_with_a_damaged_access_token_fails_and_nothing_else(
    world: World, how: str
) -> None:
    account = await synced(world)
    await damage(world, account, ACCESS_DAMAGES[how])
    before = await stored(world, account)
    with capture_logs() as lines:
        assert await sync(world, account) is RunState.FAILED
    assert await stored(world, account) == before
    await assert_only_the_run_failed(world, account, "sealed_value_damaged")
    told = [one for one in lines if one["event"] == "sealed_value_damaged"]
    assert [(one["account"], one["place"], one["log_level"]) for one in told] == [
        (account.id, f"access of account {account.id}", "error")
    ]


@pytest.mark.parametrize("how", REFRESH_DAMAGES)
async def test_a_damaged_refresh_token_is_never_presented_and_ends_nothing(
    world: World, how: str
) -> None:
    account = await synced(world)
    await expire(world, account)
    await damage(world, account, REFRESH_DAMAGES[how])
    before = await stored(world, account)
    with capture_logs() as lines:
        assert await sync(world, account) is RunState.FAILED
    assert await stored(world, account) == before
    await assert_only_the_run_failed(world, account, "sealed_value_damaged")
    assert f"refresh of account {account.id}" in {one.get("place") for one in lines}
    assert refreshes(world, HOST) == 0
    assert await rows(world.services.database, "SELECT id FROM refresh_attempt") == []


async def test_background_work_meets_damage_and_changes_nothing(world: World) -> None:
    account = await synced(world)
    await expire(world, account)
    await damage(world, account, REFRESH_DAMAGES["cut"])
    before = await stored(world, account)
    with pytest.raises(SealedValueError, match=f"refresh of account {account.id}"):
        await refresh_ahead(world.services, account.id)
    await sweep_attempts(world.services)
    assert await stored(world, account) == before


async def test_a_repaired_value_works_again_by_itself(world: World) -> None:
    account = await synced(world)
    whole = await rows(world.services.database, "SELECT access_sealed FROM account")
    await damage(world, account, ACCESS_DAMAGES["changed"])
    await sync(world, account)
    await rows(
        world.services.database,
        "UPDATE account SET access_sealed = :whole",
        whole=whole[0]["access_sealed"],
    )
    assert await sync(world, account) is RunState.SUCCEEDED
    assert (await list_accounts(world.services)).items[0].reason is None


async def test_linking_again_mends_it_too(world: World) -> None:
    account = await synced(world)
    await damage(world, account, ACCESS_DAMAGES["changed"])
    await sync(world, account)
    await world.link("ada", HOST)
    assert await sync(world, account) is RunState.SUCCEEDED


def with_another_key(world: World) -> Services:
    """A process that was started with a key that opens nothing here."""
    return replace(world.services, vault=Vault([b"w" * 32]))


@pytest.mark.parametrize("is_expired", [False, True])
async def test_a_process_with_the_wrong_key_fails_its_runs_and_nothing_else(
    world: World, *, is_expired: bool
) -> None:
    account = await synced(world)
    if is_expired:
        await expire(world, account)
    before = await stored(world, account)
    with capture_logs() as lines:
        assert await sync(world, account, services=with_another_key(world)) is RunState.FAILED
    assert await stored(world, account) == before
    await assert_only_the_run_failed(world, account, "sealing_key_wrong")
    assert "sealing_key_missing" in {one["event"] for one in lines}
    assert await sync(world, account) is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("error", "by"), [(SealedValueError, "damage"), (SealingKeyError, "another key")]
)
async def test_a_caller_gets_the_error_itself_and_not_a_wish_to_reconnect(
    world: World, error: type[PermsyncError], by: str
) -> None:
    account = await synced(world)
    if by == "damage":
        await damage(world, account, ACCESS_DAMAGES["changed"])
    services = world.services if by == "damage" else with_another_key(world)
    before = await read(world, account)
    with pytest.raises(error, match=f"access of account {account.id}"):
        await fresh_token(services, account.id)
    assert await read(world, account) == before


async def test_damage_is_counted(world: World) -> None:
    account = await synced(world)
    await damage(world, account, ACCESS_DAMAGES["changed"])
    await sync(world, account)
    told = world.services.metrics.render().decode()
    assert 'permsync_unopened_values_total{code="sealed_value_damaged",host="gitlab"} 1.0' in told
