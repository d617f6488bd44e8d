"""
What the tests of the API begin with: a person whose account is linked and synced.

This module must not know what a test asks.
"""

from dataclasses import dataclass

from permsync.model import Account
from tests.flows.scenes import column, private_name, read, sync
from tests.world import World


@dataclass(frozen=True, slots=True)
class Scene:
    """A person's synced account, and a private repository that they read through it."""

    account: Account
    full_name: str
    repository: str
    external_id: str

    @property
    def user(self) -> str:
        return str(self.account.user_id)


async def synced(world: World, person: str = "ada", host: str = "github") -> Scene:
    """Link the person's account and sync it once."""
    account = await world.link(person, host)
    await sync(world, account)
    name = private_name(world, host, person)
    statement = "SELECT {} FROM repository WHERE host = :host AND full_name = :name"
    ids = [
        await column(world.services.database, statement.format(what), host=host, name=name)
        for what in ("id", "external_id")
    ]
    return Scene(await read(world, account), name, str(ids[0][0]), ids[1][0])


async def unreadable(world: World, scene: Scene, *, person: str) -> str:
    """The name of a private repository that another person brought in and this one may not read."""
    other = await world.link(person, scene.account.host)
    await sync(world, other)
    names = await column(
        world.services.database,
        'SELECT full_name FROM repository JOIN "grant" ON repository_id = repository.id'
        " WHERE visibility = 'private' AND account_id = :other AND NOT EXISTS (SELECT FROM"
        ' "grant" AS mine WHERE mine.repository_id = repository.id AND mine.account_id = :mine)',
        other=other.id,
        mine=scene.account.id,
    )
    return str(names[0])
