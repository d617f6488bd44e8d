"""
Rotation seals every value anew, whatever table it lies in, and disturbs nobody.

The world's key is the old one; every scene seals with it as people do. A new sealed table
needs a scene here: one that makes a row the way the product does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from permsync.flows.deps import Services
from permsync.flows.fresh_token import fresh_token
from permsync.flows.refresh_account import refresh_account
from permsync.flows.rotate_keys import Rotation, rotate_keys
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account, AccountState
from permsync.store import sealing_keys
from permsync.store.sealed_values import REGISTRY
from permsync.vault import Vault
from tests.flows.scenes import (
    column,
    everything_stored,
    expire,
    read,
    refreshes,
    rows,
    until,
    with_rotation,
)
from tests.world import World

OLD, NEW = b"k" * 32, b"n" * 32  # OLD is the world's
OLD_ID, NEW_ID = Vault([OLD, NEW]).key_ids


async def with_new_key(world: World) -> Services:
    """The same services, started again with a new primary key."""
    vault = Vault([NEW, OLD])
    async with world.services.database.begin() as connection:
        await sealing_keys.admit(connection, vault.key_ids, primary=NEW_ID)
    return replace(world.services, vault=vault)


async def rotate(services: Services, *, at_once: int = 200) -> Rotation:
    """Rotate, and let nobody watch."""
    return await rotate_keys(services, note=lambda _count: None, at_once=at_once)


async def link_somebody(world: World) -> None:
    """A person links an account."""
    await world.link("ada", "gitlab")


async def send_somebody_away(world: World) -> None:
    """A person is at a consent page."""
    await world.consent("grace", "gitlab", user=await world.user("grace"))


async def unlink_while_the_host_is_away(world: World) -> None:
    """A person unlinks, and the host is still to be told."""
    account = await world.link("linus", "gitlab")
    world.host("gitlab").faults.outage = True
    await unlink_account(world.services, account.id, user_id=account.user_id, actor="test")


async def stage_an_answer(world: World) -> None:
    """Tokens came that could not be written as such; they lie as they came."""
    account = await world.link("margaret", "gitlab")
    await expire(world, account)
    database = world.services.database
    await rows(
        database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no new tokens'; END $$",
    )
    await rows(
        database,
        "CREATE TRIGGER refuse BEFORE UPDATE OF access_sealed ON account"
        " FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    with suppress(DBAPIError):  # the tokens are staged, and the caller is told
        await refresh_account(world.services, account.id)
    await rows(database, "DROP TRIGGER refuse ON account")


async def keep_the_old_token(world: World) -> None:
    """A host takes the old token for a while, so it is kept as a candidate."""
    here = with_rotation(world, "grace", "grace")
    account = await here.link("ada", "gitlab")
    await expire(here, account)
    await refresh_account(here.services, account.id)


SCENES: dict[str, Callable[[World], Awaitable[None]]] = {
    "account": link_somebody,
    "refresh_attempt": stage_an_answer,
    "refresh_candidate": keep_the_old_token,
    "revocation": unlink_while_the_host_is_away,
    "authorization_attempt": send_somebody_away,
}


def test_every_sealed_table_has_its_scene_here() -> None:
    assert set(SCENES) == {one.name for one in REGISTRY}


@pytest.mark.parametrize("table", SCENES)
async def test_what_the_product_sealed_is_sealed_anew_in(table: str, world: World) -> None:
    await SCENES[table](world)
    sealed = next(one for one in REGISTRY if one.name == table)
    values = ", ".join(sealed.fields)
    before = await rows(world.services.database, f"SELECT {values} FROM {table}")

    done = await rotate(await with_new_key(world))

    after = await rows(world.services.database, f"SELECT {values} FROM {table}")
    assert done.unopened == ()
    assert done.left == 0
    assert done.resealed[table] == sum(value is not None for value in before[0].values())
    assert all(before[0][name] != after[0][name] for name in before[0] if before[0][name])
    assert set(await column(world.services.database, f"SELECT key_id FROM {table}")) == {NEW_ID}


async def test_tokens_open_with_the_new_key_alone_and_nothing_else_changed(world: World) -> None:
    account = await world.link("ada", "gitlab")
    before = await read(world, account)
    token = (await fresh_token(world.services, account.id)).access_token

    await rotate(await with_new_key(world))

    alone = replace(world.services, vault=Vault([NEW]))
    assert (await fresh_token(alone, account.id)).access_token == token
    assert await read(world, account) == before


async def test_a_person_who_was_away_comes_back_after_the_rotation(world: World) -> None:
    services = await with_new_key(world)
    user = await world.user("ada")
    query = await world.consent("ada", "gitlab", user=user)
    await rotate(services)
    world = replace(world, services=replace(world.services, vault=Vault([NEW])))
    assert (await world.arrive(query, "gitlab", user=user)).state is AccountState.ACTIVE


async def test_a_second_rotation_changes_nothing(world: World) -> None:
    await world.link("ada", "gitlab")
    services = await with_new_key(world)
    await rotate(services)
    before = await everything_stored(world.services.database)
    assert await rotate(services) == Rotation(NEW_ID)
    assert await everything_stored(world.services.database) == before


async def test_a_rotation_is_written_into_the_audit(world: World) -> None:
    await world.link("ada", "gitlab")
    await rotate(await with_new_key(world))
    trail = await rows(
        world.services.database, "SELECT * FROM audit_event ORDER BY id DESC LIMIT 1"
    )
    assert (trail[0]["action"], trail[0]["code"]) == ("sealing_key_rotated", NEW_ID)


async def link_many(world: World, *people: str) -> list[Account]:
    """Each of these people links an account."""
    return [await world.link(person, "gitlab") for person in people]


async def test_batches_of_one_reach_every_row_and_say_how_far_they_are(world: World) -> None:
    await link_many(world, "ada", "grace", "linus")
    heard: list[int] = []
    done = await rotate_keys(await with_new_key(world), note=heard.append, at_once=1)
    assert heard == [2, 2, 2]
    assert done.resealed == {"account": 6}


async def test_a_rotation_that_was_cut_short_is_finished_by_the_next(world: World) -> None:
    await link_many(world, "ada", "grace", "linus")
    services = await with_new_key(world)

    def die(_count: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await rotate_keys(services, note=die, at_once=1)
    half = await column(world.services.database, "SELECT key_id FROM account ORDER BY id")
    assert half == [NEW_ID, OLD_ID, OLD_ID]
    assert (await rotate(services)).resealed == {"account": 4}


async def test_two_rotations_at_once_share_the_work(world: World) -> None:
    await link_many(world, "ada", "grace", "linus")
    services = await with_new_key(world)
    both = await asyncio.gather(*(rotate(services, at_once=1) for _ in range(2)))
    assert sum(done.resealed.get("account", 0) for done in both) == 6
    assert [done.left for done in both] == [0, 0]


async def test_a_refresh_on_its_way_wins_over_the_rotation(world: World) -> None:
    account = await world.link("ada", "gitlab")
    services = await with_new_key(world)
    await expire(world, account)
    world.host("gitlab").faults.token_latency_seconds = 1.5

    refreshing = asyncio.create_task(fresh_token(world.services, account.id))
    await until(lambda: refreshes(world, "gitlab"))
    assert (await rotate(services)).left == 0
    token = (await refreshing).access_token

    # A process of yesterday sealed the answer, with the key that it knew.
    assert await column(world.services.database, "SELECT key_id FROM account") == [OLD_ID]
    assert (await rotate(services)).resealed == {"account": 2}
    alone = replace(services, vault=Vault([NEW]))
    assert (await fresh_token(alone, account.id)).access_token == token


DAMAGES = {
    "changed": "access_sealed = set_byte(access_sealed, 20, 255 - get_byte(access_sealed, 20))",
    "cut": "access_sealed = substring(access_sealed FROM 1 FOR 20)",
    "emptied": "access_sealed = ''",
    "swapped with its neighbour": "access_sealed = refresh_sealed, refresh_sealed = access_sealed",
    "moved to another version": "token_version = token_version + 1",
    "moved to another link": "link_id = gen_random_uuid()",
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_does_not_open_is_named_and_left_as_it_is(world: World, damage: str) -> None:
    hurt, _ = await link_many(world, "ada", "grace")
    await rows(
        world.services.database,
        f"UPDATE account SET {DAMAGES[damage]} WHERE id = :id",
        id=hurt.id,
    )
    before = await rows(world.services.database, "SELECT * FROM account WHERE id = :id", id=hurt.id)
    with capture_logs() as lines:
        done = await rotate(await with_new_key(world))
    assert [(one.table, one.place, one.error) for one in done.unopened] == [
        ("account", f"access of account {hurt.id}", "sealed_value_damaged")
    ]
    assert (done.resealed, done.left) == ({"account": 2}, 2)
    assert {one["event"] for one in lines} >= {"sealed_value_damaged"}
    assert before == await rows(
        world.services.database, "SELECT * FROM account WHERE id = :id", id=hurt.id
    )
