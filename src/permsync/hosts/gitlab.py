"""
GitLab.com and self-managed GitLab: what is said there and what it means.

A member may be a Guest, who sees a project and not its code, so membership alone is no
right to read: option ``code_access`` chooses how the right is recognised. Facts: HOSTS 3
and GitLab's OAuth and REST documentation. This module must not know any other host, any
transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, Literal

import msgspec

from permsync import oauth2
from permsync.codehost import (
    Ask,
    Failure,
    FailureKind,
    HostSettings,
    Identity,
    ListedRepository,
    Page,
    Request,
    Response,
    Rotation,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import Id, Text, parse_body, parse_count
from permsync.codehost.options import Parallel, parse_options
from permsync.codehost.paging import parse_follow
from permsync.model import Level, Visibility
from permsync.oauth2.code_flow import CodeFlow, Dialect

_NUMBERED = "projects"
_KEYSET = "projects.keyset"
# Above so many rows GitLab counts no longer, and offset pages become slow and then end.
_COUNTED_UP_TO = 10_000

_REPORTER, _DEVELOPER, _MAINTAINER = 20, 30, 40

# Pieces of lib/gitlab/auth/user_access_denied_reason.rb, in lower case.
_ACCOUNT_WORDS = (
    "your account has been",
    "your account is pending",
    "must accept the terms of service",
    "email address is not confirmed",
    "your password expired",
)

_IMPLIED = {
    "api": ("read_api", "read_repository", "read_registry"),
    "read_api": ("read_user",),
}

_DIALECT = Dialect(
    authorize="oauth/authorize",
    token="oauth/token",  # noqa: S106 - a path
    implied=_IMPLIED,
    # GitLab 15.0 forgot expires_in; its tokens lived two hours all the same.
    life=timedelta(hours=2),
    redirect_on_refresh=True,
)


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code_access: Literal["default_branch", "access_level"] = "default_branch"
    rotation: Rotation = Rotation.STRICT
    parallel: Parallel = 6


class _Person(msgspec.Struct):
    id: Id
    username: Text
    external: bool = False


class _Namespace(msgspec.Struct):
    id: Id
    full_path: Text


class _Access(msgspec.Struct):
    access_level: int


class _Permissions(msgspec.Struct):
    project_access: _Access | None = None
    group_access: _Access | None = None


class _Project(msgspec.Struct):
    id: Id
    path_with_namespace: Text
    namespace: _Namespace
    visibility: str | None = None
    repository_access_level: str | None = None
    archived: bool = False
    permissions: _Permissions | None = None
    # Sent, if only as null, to those who may read the code (lib/api/entities).
    default_branch: str | msgspec.UnsetType | None = msgspec.UNSET


_PERSON = msgspec.json.Decoder(_Person)
_PROJECTS = msgspec.json.Decoder(list[_Project])


class Host(CodeFlow):
    """One GitLab instance."""

    kind: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    opens_internal = True  # to every signed-in person who is not external
    sends_issuer = None
    revokes_alone = True  # Doorkeeper ends the one row of the token

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        super().__init__(settings, _DIALECT, scopes=settings.scopes or ("read_api",))
        self._by_level = options.code_access == "access_level"
        self.api_url = settings.api_url or url_under(settings.base_url, path="api/v4")
        self.rotation = options.rotation
        self.parallel = options.parallel

    def revoke_requests(
        self, *, access_token: str, refresh_token: str | None
    ) -> tuple[Request, ...]:
        """Revoke both tokens, the one that makes others first (RFC 7009)."""
        return tuple(
            oauth2.form_request(self._url("oauth/revoke"), self._client, {"token": token})
            for token in (refresh_token, access_token)
            if token
        )

    def identity_ask(self) -> Ask:
        """Ask for the person; the integer id is the identity, the username changes."""
        return self._ask("identity", "user")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        """Read the person; an external one sees internal projects only as a member."""
        person = parse_body(response, _PERSON)
        if isinstance(person, Failure):
            return _refine(person)
        return Identity(str(person.id), person.username, restricted=person.external)

    def granted_scopes(self, response: Response) -> frozenset[str] | None:  # noqa: ARG002
        """No API answer tells the scopes; a missing one is refused in words."""
        return None

    def listing_asks(self) -> tuple[Ask, ...]:
        """
        Ask for the first page by number, which says how many there are.

        Without ``membership`` an administrator would be told every project there is.
        """
        path = "projects?membership=true&order_by=id&sort=asc&per_page=100"
        return (self._ask(_NUMBERED, path),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page; what is counted against the total is counted before any filter."""
        projects = parse_body(response, _PROJECTS)
        if isinstance(projects, Failure):
            return _refine(projects)
        total = parse_count(response.headers.get("x-total"))
        counted = ask.step != _KEYSET and total is not None and total <= _COUNTED_UP_TO
        if counted or ask.step != _NUMBERED:
            follow = parse_follow(ask, response, api_url=self.api_url)
        else:
            follow = self._keyset(projects)
        if isinstance(follow, Failure):
            return follow
        return Page(
            repositories=tuple(_listed(one) for one in projects if self._reads_code(one)),
            follow=follow,
            seen=frozenset(str(one.id) for one in projects),
            expected=total if counted else None,
        )

    def _keyset(self, projects: list[_Project]) -> tuple[Ask, ...]:
        """Go on after the first page without numbers: too many rows to be counted."""
        if not projects:
            return ()
        path = "projects?membership=true&order_by=id&sort=asc&per_page=100&pagination=keyset"
        return (self._ask(_KEYSET, f"{path}&id_after={projects[-1].id}"),)

    def _reads_code(self, project: _Project) -> bool:
        """By the field that only readers are sent, or by Reporter and above (HOSTS 3.2)."""
        if self._by_level:
            return _level_number(project) >= _REPORTER
        return project.default_branch is not msgspec.UNSET

    def _ask(self, step: str, path: str) -> Ask:
        headers = {"accept": "application/json"}
        return Ask(step, Request("GET", url_under(self.api_url, path=path), headers))


def _level_number(project: _Project) -> int:
    held = project.permissions or _Permissions()
    levels = (held.project_access, held.group_access)
    return max((access.access_level for access in levels if access), default=0)


def _listed(project: _Project) -> ListedRepository:
    return ListedRepository(
        external_id=str(project.id),
        owner_id=str(project.namespace.id),
        owner=project.namespace.full_path,
        full_name=project.path_with_namespace,
        visibility=_visibility(project),
        level=_level(project),
        archived=project.archived,
    )


def _visibility(project: _Project) -> Visibility:
    """An open project may keep its code to members; then it is private to us (HOSTS 1.3 #12)."""
    if project.repository_access_level != "enabled":
        return Visibility.PRIVATE
    known = {"public": Visibility.PUBLIC, "internal": Visibility.INTERNAL}
    return known.get(project.visibility or "", Visibility.PRIVATE)


def _level(project: _Project) -> Level:
    """Custom roles and shared groups give no number, but who is listed may read."""
    number = _level_number(project)
    if number >= _MAINTAINER:
        return Level.ADMIN
    return Level.WRITE if number >= _DEVELOPER else Level.READ


def _refine(failure: Failure) -> Failure:
    """GitLab says 403 for a scope, for an account, for its own state and for a right."""
    if failure.kind is not FailureKind.FORBIDDEN:
        return failure
    text = failure.detail.lower()
    if "insufficient_scope" in text:
        return replace(failure, kind=FailureKind.INSUFFICIENT_SCOPE)
    if any(words in text for words in _ACCOUNT_WORDS):
        return replace(failure, kind=FailureKind.ACCOUNT_DISABLED)
    if "read-only" in text:
        return replace(failure, kind=FailureKind.UNAVAILABLE)
    return failure
