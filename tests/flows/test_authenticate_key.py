"""
Service keys: what one may be made for. What one opens is proven through the routes.

This module must not know a web request.
"""

from collections.abc import Sequence

import pytest

from permsync.errors import (
    ForbiddenError,
    MalformedError,
    UnauthenticatedError,
    UnknownError,
)
from permsync.flows.authenticate_key import (
    NOTHING,
    Scope,
    authenticate_key,
    create_key,
    list_keys,
    revoke_key,
)
from permsync.rules.lending import EVERY, EVERYTHING, LendingRight
from tests.flows.scenes import column
from tests.world import World


async def create(world: World, scopes: Sequence[Scope], lends: LendingRight) -> str:
    """Make a key called one."""
    secret, _ = await create_key(
        world.services, name="one", scopes=scopes, lives_in=None, lends=lends
    )
    return secret


async def test_a_key_that_may_lend_is_bound_and_the_binding_is_kept(world: World) -> None:
    ada = await world.user("ada")
    lends = LendingRight(frozenset({"gitlab"}), frozenset({str(ada.id)}))
    secret = await create(world, [Scope.TOKENS_LEND], lends)
    key = await authenticate_key(world.services, secret, needs=Scope.TOKENS_LEND)
    assert key.lends == lends
    assert [one.lends for one in await list_keys(world.services)] == [lends]


@pytest.mark.parametrize(
    "lends",
    [
        NOTHING,
        LendingRight(hosts=frozenset({EVERY})),
        LendingRight(users=frozenset({EVERY})),
    ],
)
async def test_a_key_that_may_lend_says_for_which_hosts_and_for_whom(
    world: World, lends: LendingRight
) -> None:
    with pytest.raises(MalformedError, match="name them, or all"):
        await create(world, [Scope.TOKENS_LEND], lends)


async def test_a_key_without_the_scope_is_bound_to_nobody(world: World) -> None:
    with pytest.raises(MalformedError, match="tokens:lend"):
        await create(world, [Scope.ADMIN], EVERYTHING)


async def test_a_misspelt_host_or_person_is_refused_at_once(world: World) -> None:
    for hosts, users, word in (("gitlap", EVERY, "gitlap"), (EVERY, "999", "999")):
        lends = LendingRight(frozenset({hosts}), frozenset({users}))
        with pytest.raises(UnknownError, match=word):
            await create(world, [Scope.TOKENS_LEND], lends)
    assert await column(world.services.database, "SELECT name FROM service_key") == []


async def test_whoever_may_do_everything_may_still_not_borrow_tokens(world: World) -> None:
    secret = await create(world, [Scope.ADMIN], NOTHING)
    with pytest.raises(ForbiddenError):
        await authenticate_key(world.services, secret, needs=Scope.TOKENS_LEND)


async def test_a_key_that_may_do_nothing_is_not_made(world: World) -> None:
    with pytest.raises(MalformedError, match="at least one scope"):
        await create(world, [], NOTHING)


async def test_two_keys_never_have_one_name(world: World) -> None:
    first = await create(world, [Scope.CHECK], NOTHING)
    with pytest.raises(MalformedError, match="no other key"):
        await create(world, [Scope.ADMIN], NOTHING)
    assert (await authenticate_key(world.services, first, needs=Scope.CHECK)).name == "one"
    assert len(await list_keys(world.services)) == 1


async def test_a_key_is_revoked_once_and_an_unknown_one_never(world: World) -> None:
    secret = await create(world, [Scope.CHECK], NOTHING)
    assert not await revoke_key(world.services, name="two")
    assert await revoke_key(world.services, name="one")
    assert not await revoke_key(world.services, name="one")
    with pytest.raises(UnauthenticatedError):
        await authenticate_key(world.services, secret, needs=Scope.CHECK)
    trail = "SELECT count(*) FROM audit_event WHERE action = 'service_key_revoked'"
    assert await column(world.services.database, trail) == [1]
