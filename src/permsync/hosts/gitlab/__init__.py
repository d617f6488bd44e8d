"""
GitLab.com and self-managed GitLab: what is said there and what it means.

A member may be a Guest, who sees a project and not its code, so membership alone is no
right to read: option ``code_access`` chooses how the right is recognised. Facts: HOSTS 3
and GitLab's OAuth and REST documentation. This module must not know any other host, any
transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

import msgspec

from permsync import oauth2
from permsync.codehost import (
    Ask,
    Failure,
    FailureKind,
    HostSettings,
    Identity,
    KnownRepository,
    Page,
    PairAnswer,
    Reader,
    ReadersPage,
    Request,
    Response,
    Rotation,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body, parse_count, parse_day, sent_at_of
from permsync.codehost.options import Parallel, Rotating, parse_options
from permsync.codehost.paging import parse_follow
from permsync.hosts.gitlab import rows
from permsync.hosts.gitlab.hooks import HOOKS
from permsync.oauth2.code_flow import CodeFlow, Dialect

_NUMBERED = "projects"
_KEYSET = "projects.keyset"
_PROJECT = "project"
_MEMBERSHIPS = "projects?membership=true&order_by=id&sort=asc&per_page=100"
# Above so many rows GitLab counts no longer, and offset pages become slow and then end.
_COUNTED_UP_TO = 10_000

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
    code_access: Annotated[
        Literal["default_branch", "access_level"],
        msgspec.Meta(
            description="How the right to read code is recognised: by the default branch, which"
            " is shown with it only, or by the access level."
        ),
    ] = "default_branch"
    rotation: Rotating = Rotation.STRICT
    parallel: Parallel = 6


class _Issued(msgspec.Struct):
    created_at: int


_ISSUED = msgspec.json.Decoder(_Issued)


class Host(CodeFlow):
    """One GitLab instance."""

    kind: ClassVar[str] = "gitlab"
    title: ClassVar[str] = "GitLab"
    clouds = frozenset({"gitlab.com"})
    opens_internal = True  # to every signed-in person who is not external
    sends_issuer = None
    hooks = HOOKS
    options = _Options
    revokes_alone = True  # Doorkeeper ends the one row of the token

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        super().__init__(settings, _DIALECT, scopes=settings.scopes or ("read_api",))
        self._by_level = options.code_access == "access_level"
        self.api_url = settings.api_url or url_under(settings.base_url, path="api/v4")
        self.rotation = options.rotation
        self.parallel = options.parallel

    def revoke_requests(
        self, *, access_token: str | None, refresh_token: str | None
    ) -> tuple[Request, ...]:
        """Revoke both tokens, the one that makes others first (RFC 7009)."""
        return tuple(
            oauth2.form_request(self._url("oauth/revoke"), self._client, {"token": token})
            for token in (refresh_token, access_token)
            if token
        )

    def _life_of(self, response: Response) -> timedelta | None:
        """Two hours from ``created_at``, by the host's own clock."""
        life, issued, sent = (
            super()._life_of(response),
            parse_body(response, _ISSUED),
            sent_at_of(response),
        )
        if life is None or isinstance(issued, Failure) or sent is None:
            return life
        age = timedelta(seconds=sent.timestamp() - issued.created_at)
        return min(life, max(life - age, timedelta(seconds=1)))

    def identity_ask(self) -> Ask:
        """Ask for the person; the integer id is the identity, the username changes."""
        return self._ask("identity", "user")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        """Read the person; an external one sees internal projects only as a member."""
        person = parse_body(response, rows.PERSON)
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
        return (self._ask(_NUMBERED, _MEMBERSHIPS),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page; what is counted against the total is counted before any filter."""
        projects = parse_body(response, rows.PROJECTS)
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
            repositories=tuple(rows.listed_of(one) for one in projects if self._reads_code(one)),
            follow=follow,
            seen=frozenset(str(one.id) for one in projects),
            expected=total if counted else None,
        )

    def _keyset(self, projects: list[rows.Project]) -> tuple[Ask, ...]:
        """Go on after the first page without numbers: too many rows to be counted."""
        if not projects:
            return ()
        path = f"{_MEMBERSHIPS}&pagination=keyset&id_after={projects[-1].id}"
        return (self._ask(_KEYSET, path),)

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:  # noqa: ARG002
        """Ask for the listing itself, narrowed to one id: the answer is what it would hold."""
        number = parse_count(repository.external_id) or 0
        path = f"{_MEMBERSHIPS}&id_after={number - 1}&id_before={number + 1}"
        return self._ask("pair", path, about=repository.external_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """Read it; a project that was not asked for means that the ids were not heeded."""
        projects = parse_body(response, rows.PROJECTS)
        if isinstance(projects, Failure):
            return _refine(projects)
        if any(str(one.id) != ask.about for one in projects):
            return Failure(FailureKind.UNREADABLE, "other projects were answered")
        levels = [rows.level_of(one) for one in projects if self._reads_code(one)]
        return PairAnswer(levels[0] if levels else None)

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask for the project first: where its code is switched off, nobody reads it."""
        name = quote(repository.external_id, safe="")
        return self._ask(_PROJECT, f"projects/{name}", about=name)

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read the project, then page by page its members, inherited ones included."""
        if ask.step == _PROJECT:
            project = parse_body(response, rows.PROJECT)
            if isinstance(project, Failure):
                return _refine(project)
            path = f"projects/{ask.about}/members/all?per_page=100"
            is_off = rows.is_off(project)
            return ReadersPage(follow=() if is_off else (self._ask("members", path),))
        members = parse_body(response, rows.MEMBERS)
        if isinstance(members, Failure):
            return _refine(members)
        follow = parse_follow(ask, response, api_url=self.api_url)
        if isinstance(follow, Failure):
            return follow
        today = parse_day(response)
        readers = (one for one in members if rows.is_reader(one, today=today))
        return ReadersPage(
            tuple(Reader(str(one.id), rows.level_for(one.access_level)) for one in readers), follow
        )

    def _reads_code(self, project: rows.Project) -> bool:
        """By the field that only readers are sent, or by Reporter and above (HOSTS 3.2)."""
        if self._by_level:
            return not rows.is_off(project) and rows.number_of(project) >= rows.REPORTER
        return project.default_branch is not msgspec.UNSET

    def _ask(self, step: str, path: str, *, about: str = "") -> Ask:
        headers = {"accept": "application/json"}
        return Ask(step, Request("GET", url_under(self.api_url, path=path), headers), about)


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
