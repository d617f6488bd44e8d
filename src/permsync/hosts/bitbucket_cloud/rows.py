"""
The rows of Bitbucket Cloud's answers, as far as they are read, and what they mean.

Source: Atlassian's REST description. This module must not know how a row is asked for.
"""

import re
from typing import Annotated

import msgspec

from permsync.codehost import ListedRepository
from permsync.codehost.answers import Text
from permsync.model import Level, Visibility

# A word that is not here is no right: `none` is a row of its own in these listings.
LEVELS = {"read": Level.READ, "write": Level.WRITE, "admin": Level.ADMIN}

_UUID = r"\A\{?[0-9A-Za-z-]{1,64}\}?\Z"
Uuid = Annotated[str, msgspec.Meta(pattern=_UUID)]


class Person(msgspec.Struct):
    """Somebody."""

    uuid: Uuid
    nickname: str | None = None
    display_name: str | None = None


class Workspace(msgspec.Struct):
    """A workspace."""

    uuid: Uuid


class Membership(msgspec.Struct):
    """A workspace of the person."""

    workspace: Workspace


class Workspaces(msgspec.Struct):
    """One page of them."""

    values: list[Membership]
    next: str | None = None


class Repository(msgspec.Struct):
    """One repository."""

    uuid: Uuid
    full_name: Text
    is_private: bool = True


class Permission(msgspec.Struct):
    """What the person was given on one repository."""

    permission: str
    repository: Repository


class Permissions(msgspec.Struct):
    """One page of them."""

    values: list[Permission]
    next: str | None = None


class User(msgspec.Struct):
    """Somebody with a right."""

    uuid: Uuid


class Right(msgspec.Struct):
    """What somebody may do with a repository."""

    permission: str
    user: User


class Rights(msgspec.Struct):
    """One page of them."""

    values: list[Right]
    next: str | None = None


PERSON = msgspec.json.Decoder(Person)
READERS = msgspec.json.Decoder(Rights)
WORKSPACES = msgspec.json.Decoder(Workspaces)
PERMISSIONS = msgspec.json.Decoder(Permissions)


def normal(uuid: str) -> str:
    """The one form in which ids are kept: in braces, as the API writes them, and lower case."""
    return "{" + uuid.strip("{}").lower() + "}"


def listed_of(row: Permission, *, owner_id: str) -> ListedRepository | None:
    """A repository as a listing shows it; ``None`` where nothing was granted."""
    level = LEVELS.get(row.permission)
    if level is None:
        return None
    return ListedRepository(
        external_id=normal(row.repository.uuid),
        owner_id=owner_id,
        owner=row.repository.full_name.partition("/")[0],
        full_name=row.repository.full_name,
        visibility=Visibility.PRIVATE if row.repository.is_private else Visibility.PUBLIC,
        level=level,
    )


def uuid_of(value: object) -> str | None:
    """The id that stands somewhere in a webhook's body, if it is one."""
    return normal(value) if isinstance(value, str) and re.match(_UUID, value) else None
