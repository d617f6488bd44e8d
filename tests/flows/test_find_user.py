"""A user is found by id, by sign-in identity or by linked account, or is unknown."""

import pytest

from permsync.errors import UnknownError
from permsync.flows.check import AccountName, IdentityName
from permsync.flows.find_user import find_user
from permsync.flows.unlink_account import unlink_account
from tests.world import World


async def test_every_name_of_a_person_finds_the_same_user(world: World) -> None:
    ada = await world.link("ada", "github")
    found = [
        await find_user(world.services, subject)
        for subject in (
            ada.user_id,
            IdentityName(issuer="test", subject="ada"),
            AccountName(host="github", external_id=ada.external_id),
        )
    ]
    assert [user.id for user in found] == [ada.user_id] * 3


async def test_an_account_that_was_unlinked_names_nobody(world: World) -> None:
    ada = await world.link("ada", "github")
    await unlink_account(world.services, ada.id, user_id=ada.user_id, actor="test")
    with pytest.raises(UnknownError) as caught:
        await find_user(world.services, AccountName(host="github", external_id=ada.external_id))
    assert caught.value.what == "user"
