"""
The rows of GitLab's answers, as far as they are read, and what they mean.

Source: lib/api/entities and "Members API" of GitLab's documentation. This module must not
know how a row is asked for.
"""

import msgspec

from permsync.codehost import ListedRepository
from permsync.codehost.answers import Id, Text
from permsync.model import Level, Visibility

REPORTER, DEVELOPER, MAINTAINER = 20, 30, 40


class Person(msgspec.Struct):
    """Somebody."""

    id: Id
    username: Text
    external: bool = False


class Namespace(msgspec.Struct):
    """The group or person that owns a project."""

    id: Id
    full_path: Text


class Access(msgspec.Struct):
    """One way to a level."""

    access_level: int


class Permissions(msgspec.Struct):
    """The ways by which the caller is a member."""

    project_access: Access | None = None
    group_access: Access | None = None


class Project(msgspec.Struct):
    """One project."""

    id: Id
    path_with_namespace: Text
    namespace: Namespace
    visibility: str | None = None
    repository_access_level: str | None = None
    archived: bool = False
    permissions: Permissions | None = None
    # Sent, if only as null, to those who may read the code (lib/api/entities).
    default_branch: str | msgspec.UnsetType | None = msgspec.UNSET


class Role(msgspec.Struct):
    """A custom role: rights beside a level."""

    read_code: bool = False


class Member(msgspec.Struct):
    """One membership, direct or inherited."""

    id: Id
    access_level: int
    state: str = ""
    membership_state: str = "active"
    expires_at: str | None = None
    member_role: Role | None = None


PERSON = msgspec.json.Decoder(Person)
PROJECT = msgspec.json.Decoder(Project)
MEMBERS = msgspec.json.Decoder(list[Member])
PROJECTS = msgspec.json.Decoder(list[Project])


def number_of(project: Project) -> int:
    """The highest level that a number says."""
    held = project.permissions or Permissions()
    levels = (held.project_access, held.group_access)
    return max((access.access_level for access in levels if access), default=0)


def is_off(project: Project) -> bool:
    """Whether the project has no code for anybody, members included."""
    return project.repository_access_level == "disabled"


def listed_of(project: Project) -> ListedRepository:
    """A project as a listing shows it."""
    return ListedRepository(
        external_id=str(project.id),
        owner_id=str(project.namespace.id),
        owner=project.namespace.full_path,
        full_name=project.path_with_namespace,
        visibility=visibility_of(project),
        level=level_of(project),
        archived=project.archived,
    )


def visibility_of(project: Project) -> Visibility:
    """An open project may keep its code to members; then it is private to us (HOSTS 1.3 #12)."""
    if project.repository_access_level != "enabled":
        return Visibility.PRIVATE
    known = {"public": Visibility.PUBLIC, "internal": Visibility.INTERNAL}
    return known.get(project.visibility or "", Visibility.PRIVATE)


def level_of(project: Project) -> Level:
    """Custom roles and shared groups give no number, but who is listed may read."""
    return level_for(number_of(project))


def level_for(number: int) -> Level:
    """GitLab's scale in our words, for those who may read."""
    if number >= MAINTAINER:
        return Level.ADMIN
    return Level.WRITE if number >= DEVELOPER else Level.READ


def is_reader(member: Member, *, today: str | None) -> bool:
    """A membership that holds on the answer's own day and reaches the code (HOSTS 3.3)."""
    holds = member.expires_at is None or (today is not None and member.expires_at > today)
    active = member.state == "active" and member.membership_state == "active"
    by_role = member.member_role is not None and member.member_role.read_code
    return holds and active and (member.access_level >= REPORTER or by_role)
