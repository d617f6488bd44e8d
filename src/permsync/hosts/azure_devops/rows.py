"""
The rows of Azure DevOps' answers, as far as they are read, and what they mean.

Source: Microsoft's REST description 7.1. This module must not know how a row is asked for.
"""

from typing import Annotated

import msgspec

from permsync.codehost import ListedRepository
from permsync.codehost.answers import Text
from permsync.model import Level, Visibility

Guid = Annotated[
    str, msgspec.Meta(pattern=r"\A[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
]

# Everybody; every member of the organisation. Other words open nothing.
_VISIBILITIES = {"public": Visibility.PUBLIC, "organization": Visibility.INTERNAL}


class Profile(msgspec.Struct, rename="camel"):
    """Somebody."""

    id: Guid
    email_address: Text | None = None
    display_name: Text | None = None


class Organisation(msgspec.Struct, rename="camel"):
    """An organisation of the person, which the API calls an account."""

    account_id: Guid
    account_name: Text


class Organisations(msgspec.Struct):
    """All of them."""

    value: list[Organisation]


class Project(msgspec.Struct):
    """What a repository is in."""

    name: Text
    visibility: str = "private"


class Repository(msgspec.Struct, rename="camel"):
    """
    One repository.

    Nobody can read one that ``is_disabled``: it is listed, and asked for by itself it is not
    there (TF401019).
    """

    id: Guid
    name: Text
    project: Project
    is_disabled: bool = False


class Repositories(msgspec.Struct):
    """All that the person may read in one organisation."""

    value: list[Repository]
    count: int | None = None


PROFILE = msgspec.json.Decoder(Profile)
ORGANISATIONS = msgspec.json.Decoder(Organisations)
REPOSITORY = msgspec.json.Decoder(Repository)
REPOSITORIES = msgspec.json.Decoder(Repositories)


def normal(guid: str) -> str:
    """The one form in which ids are kept: lower case, as the API writes most of them."""
    return guid.lower()


def listed_of(row: Repository, *, organisation: str, id: str) -> ListedRepository:  # noqa: A002
    """A repository as a listing shows it; its organisation has this name and this ``id``."""
    project = f"{organisation}/{row.project.name}"
    return ListedRepository(
        external_id=normal(row.id),
        owner_id=id,
        owner=project,
        full_name=f"{project}/{row.name}",
        visibility=visibility_of(row),
        level=Level.READ,  # the listing says no more
    )


def visibility_of(row: Repository) -> Visibility:
    """That of its project."""
    return _VISIBILITIES.get(row.project.visibility, Visibility.PRIVATE)
