"""
What a host stores about people's places and repositories: accounts, namespaces, levels.

One scale of levels, GitLab's, serves every kind; each kind translates it into its own words.
Knows nothing of tokens, HTTP or faults.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

Visibility = Literal["private", "internal", "public"]
CodeAccess = Literal["enabled", "private", "disabled"]
AccountState = Literal["active", "blocked", "deactivated"]
OwnerVisibility = Literal["public", "limited", "private"]


class Level(IntEnum):
    """How much a person may do, on GitLab's scale; code is readable from REPORTER upwards."""

    NONE = 0
    GUEST = 10
    PLANNER = 15
    REPORTER = 20
    TRIAGE = 25
    DEVELOPER = 30
    MAINTAINER = 40
    OWNER = 50


@dataclass(slots=True)
class Account:
    """
    One person's account at one host.

    `id`, `uuid` and `account_id` never change; `login` and the display name may. At the OpenID
    provider `uuid` is the subject. A `restricted` person is shown nothing that is merely open, a
    `site_admin` everything, at kinds that have such people.
    """

    person: str
    id: int
    uuid: str
    account_id: str
    login: str
    full_name: str
    email: str
    state: AccountState = "active"
    restricted: bool = False
    site_admin: bool = False


@dataclass(slots=True)
class Namespace:
    """
    An organisation, group, workspace or project: whatever owns repositories at a host.

    `members` maps a person to the level that membership alone gives on every repository inside;
    `Level.NONE` is a member whom the base permission gives nothing. `visibility` is who may see
    the owner, and with it what it calls public, at kinds whose owners can hide.
    """

    id: int
    uuid: str
    name: str
    enterprise: str | None = None
    personal: bool = False
    visibility: OwnerVisibility = "public"
    members: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Repository:
    """
    One repository; `id` and `uuid` never change, `owner` and `name` may.

    `code_access` is GitLab's `repository_access_level`; `custom_readers` are GitLab people whose
    custom role lets them read code below REPORTER.
    """

    id: int
    uuid: str
    owner: str
    name: str
    visibility: Visibility = "private"
    code_access: CodeAccess = "enabled"
    archived: bool = False
    members: dict[str, int] = field(default_factory=dict)
    custom_readers: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Owner and name as every host but Data Center writes them."""
        return f"{self.owner}/{self.name}"


@dataclass(slots=True)
class Installation:
    """
    A GitHub App installed in a namespace, on all of its repositories or on selected ones.

    `suspended_at` is epoch seconds, None while the installation works. `permissions` are what the
    owner granted.
    """

    id: int
    client_id: str
    namespace: str
    selection: Literal["all", "selected"] = "all"
    selected: list[int] = field(default_factory=list)
    suspended_at: float | None = None
    permissions: dict[str, str] = field(default_factory=lambda: {"metadata": "read"})

    def covers(self, repository: Repository) -> bool:
        """Whether a working installation reaches the repository."""
        if self.suspended_at is not None or repository.owner != self.namespace:
            return False
        return self.selection == "all" or repository.id in self.selected
