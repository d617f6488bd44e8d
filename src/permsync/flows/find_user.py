"""
Finds the user that a caller names by id, by sign-in identity or by account.

This module must not know HTTP.
"""

from permsync.errors import UnknownError
from permsync.flows.check import Subject, load_subject
from permsync.flows.deps import Services
from permsync.model import User


async def find_user(services: Services, subject: Subject) -> User:
    """The user; raises ``UnknownError`` where nobody has this name."""
    async with services.database.begin() as connection:
        user = await load_subject(connection, subject)
    if user is None:
        raise UnknownError(what="user", name=str(subject))
    return user
