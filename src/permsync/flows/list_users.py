"""
Lists the people who have signed in, a page at a time.

This module must not know who may look.
"""

from dataclasses import dataclass

from permsync.flows.deps import Services
from permsync.model import User
from permsync.store import users

PAGE = 500


@dataclass(frozen=True, slots=True)
class UserPage:
    """Users by ascending id; ``next_after`` continues, and is ``None`` at the end."""

    items: tuple[User, ...]
    next_after: int | None


async def list_users(services: Services, *, after: int = 0, limit: int = PAGE) -> UserPage:
    """The next users after the one with id ``after``."""
    async with services.database.begin() as connection:
        found = await users.load_page(connection, after=after, limit=limit)
    return UserPage(tuple(found), found[-1].id if len(found) == limit else None)
