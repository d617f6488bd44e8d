"""
The rows of GitHub's answers, as far as they are read, and what they mean.

Source: GitHub's REST description, schemas `repository`, `installation`, `collaborator`. This
module must not know how a row is asked for.
"""

import msgspec

from permsync.codehost import Failure, FailureKind, ListedRepository, Page, PairAnswer, Reader
from permsync.codehost.answers import Id, Text
from permsync.model import Level, Visibility


class Person(msgspec.Struct):
    """Somebody, or an organisation."""

    id: Id
    login: Text


class Permissions(msgspec.Struct):
    """Which rights the caller has."""

    pull: bool = False
    triage: bool = False
    push: bool = False
    maintain: bool = False
    admin: bool = False


class Row(msgspec.Struct):
    """One repository."""

    id: Id
    full_name: Text
    owner: Person
    private: bool
    visibility: str | None = None
    archived: bool = False
    permissions: Permissions = msgspec.field(default_factory=lambda: Permissions(pull=True))


class Owner(msgspec.Struct):
    """Whom an installation is for."""

    id: Id
    login: str | None = None


class Installation(msgspec.Struct):
    """One installation of a GitHub App."""

    id: Id
    account: Owner | None = None
    suspended_at: str | None = None


class Installations(msgspec.Struct):
    """One page of them."""

    total_count: int
    installations: list[Installation]


class Wrapped(msgspec.Struct):
    """One page of what an installation covers."""

    total_count: int
    repositories: list[Row]


class Collaborator(msgspec.Struct):
    """A person who may do something with a repository."""

    id: Id
    permissions: Permissions


PERSON = msgspec.json.Decoder(Person)
ONE = msgspec.json.Decoder(Row)
COLLABORATORS = msgspec.json.Decoder(list[Collaborator])
LISTED = msgspec.json.Decoder(list[Row])
WRAPPED = msgspec.json.Decoder(Wrapped)
INSTALLED = msgspec.json.Decoder(Installations)


def page_of(
    repositories: list[Row],
    *,
    series: str = "",
    expected: int | None = None,
    readable_only: bool = True,
) -> Page:
    """One page of a listing: what may be read, and everything that counts for its total."""
    shown = (one for one in repositories if one.permissions.pull or not readable_only)
    readable = tuple(listed_of(one) for one in shown)
    seen = frozenset(str(one.id) for one in repositories)
    return Page(readable, series=series, seen=seen, expected=expected)


def listed_of(one: Row) -> ListedRepository:
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


def visibility_of(one: Row) -> Visibility:
    """Public only where both fields say so; a word we do not know is private."""
    if one.visibility == "public" and not one.private:
        return Visibility.PUBLIC
    return Visibility.INTERNAL if one.visibility == "internal" else Visibility.PRIVATE


def level_of(held: Permissions) -> Level:
    """The widest right, in our words."""
    if held.admin:
        return Level.ADMIN
    return Level.WRITE if held.push or held.maintain else Level.READ


def pair_of(one: Row, *, external_id: str, by_installation: bool) -> PairAnswer | Failure:
    """
    Whether a listing would contain this repository (R1).

    To read an open repository is everybody's right and shows no membership: that is no word.
    Nor is any right on one, where listings hold what an installation covers.
    """
    if str(one.id) != external_id:
        return Failure(FailureKind.UNREADABLE, "another repository was answered")
    held = one.permissions
    if not held.pull:
        return PairAnswer(None)
    named = held.triage or held.push or held.maintain or held.admin
    if (named and not by_installation) or visibility_of(one) is Visibility.PRIVATE:
        return PairAnswer(level_of(held))
    return Failure(FailureKind.HIDDEN, "open to everybody")


def readers_of(rows: list[Collaborator]) -> tuple[Reader, ...]:
    """Those who may read the code."""
    return tuple(
        Reader(str(one.id), level_of(one.permissions)) for one in rows if one.permissions.pull
    )
