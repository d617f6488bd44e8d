"""
The rows of Data Center's answers, as far as they are read, and what they mean.

Source: Atlassian's REST description. This module must not know how a row is asked for.
"""

import msgspec

from permsync.codehost import ListedRepository
from permsync.codehost.answers import Id, Text
from permsync.model import Visibility


class Server(msgspec.Struct):
    """The server itself."""

    version: Text


class Person(msgspec.Struct):
    """Somebody."""

    id: Id
    name: Text


class People(msgspec.Struct):
    """Those whom a search for a name finds."""

    values: list[Person]


class Holder(msgspec.Struct):
    """Somebody who holds a right."""

    id: Id
    active: bool = True


class Holders(msgspec.Struct, rename="camel"):
    """One page of them."""

    values: list[Holder]
    is_last_page: bool = True
    next_page_start: int | None = None


class Project(msgspec.Struct):
    """What a repository is in."""

    id: Id
    key: Text
    public: bool = False


class Repository(msgspec.Struct):
    """One repository."""

    id: Id
    slug: Text
    project: Project
    public: bool = False
    archived: bool = False


class Repositories(msgspec.Struct, rename="camel"):
    """One page of them."""

    values: list[Repository]
    is_last_page: bool
    next_page_start: int | None = None


SERVER = msgspec.json.Decoder(Server)
PERSON = msgspec.json.Decoder(Person)
PEOPLE = msgspec.json.Decoder(People)
HOLDERS = msgspec.json.Decoder(Holders)
REPOSITORIES = msgspec.json.Decoder(Repositories)


def listed_of(row: Repository, *, public_access: bool) -> ListedRepository:
    """A repository as a listing shows it; public opens only where the server opens at all."""
    is_open = public_access and (row.public or row.project.public)
    return ListedRepository(
        external_id=str(row.id),
        owner_id=str(row.project.id),
        owner=row.project.key,
        full_name=f"{row.project.key}/{row.slug}",
        visibility=Visibility.PUBLIC if is_open else Visibility.PRIVATE,
        archived=row.archived,
    )
