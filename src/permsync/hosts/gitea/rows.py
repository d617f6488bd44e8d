"""
The rows of Gitea's answers, as far as they are read, and what they mean.

Source: modules/structs and services/convert of Gitea, which Forgejo shares. This module must
not know how a row is asked for.
"""

from enum import StrEnum

import msgspec

from permsync.codehost import (
    Failure,
    FailureKind,
    Identity,
    ListedRepository,
    PairAnswer,
    Reader,
)
from permsync.codehost.answers import Id, Text
from permsync.model import Level, Visibility

_CODE = "repo.code"


class Person(msgspec.Struct):
    """Somebody; ``prohibit_login`` is told to administrators only."""

    id: Id
    login: Text
    restricted: bool = False
    is_admin: bool = False
    prohibit_login: bool = False


class Owner(msgspec.Struct):
    """The organisation or person that owns a repository, and who may see it at all."""

    id: Id
    login: Text
    visibility: str = ""


class Permissions(msgspec.Struct):
    """What the caller may do; ``pull`` and ``push`` are about the code."""

    admin: bool = False
    push: bool = False
    pull: bool = False


class Repository(msgspec.Struct):
    """One repository."""

    id: Id
    owner: Owner
    full_name: Text
    private: bool = True
    archived: bool = False
    permissions: Permissions = msgspec.field(default_factory=Permissions)


class Team(msgspec.Struct):
    """A team of an organisation that holds a repository, and what it may do in which unit."""

    id: Id
    permission: str = ""
    units: list[str] | None = None
    units_map: dict[str, str] | None = None


class Sight(StrEnum):
    """What shows a person a repository, other than a right of their own."""

    NOTHING = "nothing"
    OPENNESS = "openness"
    EVERYTHING = "everything"


PERSON = msgspec.json.Decoder(Person)
PEOPLE = msgspec.json.Decoder(list[Person])
REPOSITORY = msgspec.json.Decoder(Repository)
REPOSITORIES = msgspec.json.Decoder(list[Repository])
TEAMS = msgspec.json.Decoder(list[Team])

_LEVELS = {
    "read": Level.READ,
    "write": Level.WRITE,
    "admin": Level.ADMIN,
    "owner": Level.ADMIN,
}
# An organisation or person that is not public hides its public repositories with itself.
_OPEN = {"public": Visibility.PUBLIC, "limited": Visibility.INTERNAL}


def sight_of(person: Identity) -> Sight:
    """Restricted people are shown nothing that is open, administrators all there is."""
    if person.sees_all:
        return Sight.EVERYTHING
    return Sight.NOTHING if person.restricted else Sight.OPENNESS


def listed_of(one: Repository) -> ListedRepository:
    """A repository as a listing shows it."""
    return ListedRepository(
        external_id=str(one.id),
        owner_id=str(one.owner.id),
        owner=one.owner.login,
        full_name=one.full_name,
        visibility=visibility_of(one),
        level=level_of(one.permissions),
        archived=one.archived,
    )


def visibility_of(one: Repository) -> Visibility:
    """
    Open only where the owner is: limited ones to whoever is signed in and not restricted.

    What a private owner has is for its members, however public it is called (HOSTS 6.2).
    """
    if one.private:
        return Visibility.PRIVATE
    return _OPEN.get(one.owner.visibility, Visibility.PRIVATE)


def is_for_members(one: Repository) -> bool:
    """Whether every member of its owner may read it, with or without a team that holds it."""
    return not one.private and one.owner.visibility == "private"


def level_of(held: Permissions) -> Level:
    """The widest right, in our words, of whoever may read."""
    if held.admin:
        return Level.ADMIN
    return Level.WRITE if held.push else Level.READ


def pair_of(one: Repository, *, external_id: str, sight: Sight) -> PairAnswer | Failure:
    """
    Whether a listing would contain this repository (R1).

    What is open is readable without a membership, and to an administrator everything is:
    seeing it so is no word.
    """
    if str(one.id) != external_id:
        return Failure(FailureKind.UNREADABLE, "another repository was answered")
    if not one.permissions.pull:
        return PairAnswer(None)
    if sight is Sight.EVERYTHING:
        return Failure(FailureKind.HIDDEN, "an administrator sees everything")
    level = level_of(one.permissions)
    is_open = visibility_of(one) is not Visibility.PRIVATE
    if is_open and sight is Sight.OPENNESS and level is Level.READ:
        return Failure(FailureKind.HIDDEN, "open to everybody")
    return PairAnswer(level)


def level_of_team(team: Team) -> Level | None:
    """What a team may do with the code; ``None`` where it may not read it."""
    if team.permission in ("admin", "owner"):
        return Level.ADMIN
    if team.units_map is not None:
        return _LEVELS.get(team.units_map.get(_CODE, ""))
    # Before 1.16 all units of a team had its one permission.
    return _LEVELS.get(team.permission) if _CODE in (team.units or ()) else None


def readers_of(people: list[Person], *, level: Level) -> tuple[Reader, ...]:
    """Everybody who may sign in at all."""
    return tuple(Reader(str(one.id), level) for one in people if not one.prohibit_login)
