"""Everybody who ever signed in, page by page: nobody twice, and nobody left out."""

from permsync.flows.list_users import list_users
from tests.world import World


async def test_people_come_in_pages_until_nobody_is_left(world: World) -> None:
    people = [(await world.user(login)).id for login in ("ada", "grace", "linus")]

    first = await list_users(world.services, limit=2)
    assert first.next_after is not None
    rest = await list_users(world.services, after=first.next_after, limit=2)

    assert [one.id for one in (*first.items, *rest.items)] == people
    assert rest.next_after is None


async def test_where_nobody_signed_in_yet_the_list_is_empty(world: World) -> None:
    page = await list_users(world.services)
    assert (page.items, page.next_after) == ((), None)
