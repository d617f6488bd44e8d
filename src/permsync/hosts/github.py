"""
GitHub.com, GitHub Enterprise Server and ghe.com: what is said there and what it means.

Three ways to be registered (option ``app``): an OAuth app whose tokens do not expire, one
whose tokens do, and a GitHub App, whose person tokens reach only what an installation
covers and are listed installation by installation. Facts: HOSTS 2 and GitHub's REST and
OAuth documentation. This module must not know any other host, any transport or the clock.
"""

import re
from dataclasses import replace
from typing import ClassVar, Literal
from urllib.parse import quote, urlsplit

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
    TokenRefusalKind,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import Id, Text, parse_body, said
from permsync.codehost.limits import refine_limit
from permsync.codehost.manners import Manners
from permsync.codehost.options import Parallel, parse_options
from permsync.codehost.paging import parse_follow, step_of
from permsync.codehost.scopes import parse_scopes
from permsync.model import Level, Visibility
from permsync.oauth2 import Word
from permsync.oauth2.code_flow import CodeFlow, Dialect

_FULL = 100  # of a page, the most there is
_INSTALLATIONS = "installations"
_REPOSITORIES = "repositories"
# "Authenticating to the REST API", the organisations that a listing leaves out.
_LEFT_OUT = re.compile(r"partial-results; *organizations=([0-9]+(?: *, *[0-9]+)*)")
# Refusals come with status 200 ("Troubleshooting OAuth app access token request errors").
_WORDS = (
    Word("bad_refresh_token", TokenRefusalKind.REJECTED),
    Word("bad_verification_code", TokenRefusalKind.REJECTED),
    Word("unverified_user_email", TokenRefusalKind.REJECTED),
    Word("incorrect_client_credentials", TokenRefusalKind.CLIENT_ERROR),
    Word("redirect_uri_mismatch", TokenRefusalKind.CLIENT_ERROR),
    Word("application_suspended", TokenRefusalKind.CLIENT_ERROR),
)

# GitHub reports the widest scope only ("Scopes for OAuth apps", normalized scopes).
_IMPLIED = {
    "repo": ("public_repo", "repo:invite", "repo:status", "repo_deployment", "security_events"),
    "user": ("read:user", "user:email", "user:follow"),
    "admin:org": ("write:org",),
    "write:org": ("read:org",),
}

_DIALECT = Dialect(
    authorize="login/oauth/authorize",
    token="login/oauth/access_token",  # noqa: S106 - a path
    words=_WORDS,
    implied=_IMPLIED,
)


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    app: Literal["oauth", "oauth_expiring", "github_app"] = "oauth"
    api_version: str = "2022-11-28"
    parallel: Parallel = 6


class _Person(msgspec.Struct):
    id: Id
    login: Text


class _Permissions(msgspec.Struct):
    pull: bool = False
    push: bool = False
    maintain: bool = False
    admin: bool = False


class _Repository(msgspec.Struct):
    id: Id
    full_name: Text
    owner: _Person
    private: bool
    visibility: str | None = None
    archived: bool = False
    permissions: _Permissions = msgspec.field(default_factory=lambda: _Permissions(pull=True))


class _Owner(msgspec.Struct):
    id: Id
    login: str | None = None


class _Installation(msgspec.Struct):
    id: Id
    account: _Owner | None = None
    suspended_at: str | None = None


class _Installations(msgspec.Struct):
    total_count: int
    installations: list[_Installation]


class _Wrapped(msgspec.Struct):
    total_count: int
    repositories: list[_Repository]


_PERSON = msgspec.json.Decoder(_Person)
_LISTED = msgspec.json.Decoder(list[_Repository])
_WRAPPED = msgspec.json.Decoder(_Wrapped)
_INSTALLED = msgspec.json.Decoder(_Installations)


class Host(CodeFlow):
    """One GitHub, as one registered app sees it."""

    kind: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    opens_internal = False  # only inside one enterprise, which a listing does not name
    sends_issuer = None
    manners = Manners(free_unchanged=True)  # "Use conditional requests if appropriate"
    revokes_alone = True  # "Delete an app token"; ".../grant" would end the others too

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        self._is_app = options.app == "github_app"
        # No scope only reads private repositories. A GitHub App has permissions instead.
        scopes = () if self._is_app else (settings.scopes or ("repo",))
        super().__init__(settings, _DIALECT, scopes=scopes)
        self._headers = {
            "accept": "application/vnd.github+json",
            "x-github-api-version": options.api_version,
        }
        self.api_url = settings.api_url or _api_url(settings.base_url)
        self.rotation = Rotation.NONE if options.app == "oauth" else Rotation.STRICT
        self.parallel = options.parallel

    def revoke_requests(
        self,
        *,
        access_token: str,
        refresh_token: str | None,  # noqa: ARG002 - it dies with its access token
    ) -> tuple[Request, ...]:
        """Delete this token; ``.../grant`` would end the person's whole authorization."""
        path = f"applications/{quote(self._client.client_id, safe='')}/token"
        basic = oauth2.basic_authorization(self._client)
        headers = {**self._headers, "authorization": basic, "content-type": "application/json"}
        body = msgspec.json.encode({"access_token": access_token})
        return (Request("DELETE", url_under(self.api_url, path=path), headers, body),)

    def identity_ask(self) -> Ask:
        """Ask for the person; the integer id is the identity, the login changes."""
        return self._ask("identity", "user")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        """Read the person."""
        person = parse_body(response, _PERSON)
        if isinstance(person, Failure):
            return _refine(person, response)
        return Identity(str(person.id), person.login)

    def granted_scopes(self, response: Response) -> frozenset[str] | None:
        """``X-OAuth-Scopes``, which answers to an OAuth app's tokens carry and no others."""
        return parse_scopes(response.headers.get("x-oauth-scopes"))

    def listing_asks(self) -> tuple[Ask, ...]:
        """
        Ask for what the person was given access to, or for the app's installations.

        Oldest first: a repository created meanwhile lands on the last page, so no page
        shifts under the others. ``/user/repos`` lists nothing that is merely public.
        """
        if self._is_app:
            return (self._ask(_INSTALLATIONS, "user/installations?per_page=100"),)
        path = "user/repos?per_page=100&sort=created&direction=asc"
        return (self._ask(_REPOSITORIES, path),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page; to a token that lost its scope one looks complete and is not."""
        read = self._read(ask, response)
        if isinstance(read, Failure):
            read = _refine(read, response)
        closed = isinstance(read, Page) or read.kind in (FailureKind.FORBIDDEN, FailureKind.HIDDEN)
        if closed and self.missing_scopes(self.granted_scopes(response)):
            return Failure(FailureKind.INSUFFICIENT_SCOPE, said(response))
        if isinstance(read, Failure):
            return read
        follow = parse_follow(ask, response, api_url=self.api_url, is_full=len(read.seen) >= _FULL)
        if isinstance(follow, Failure):
            return follow
        read = replace(read, follow=read.follow + follow)
        # Organisations behind single sign-on are left out, and only this header says so.
        sso = response.headers.get("x-github-sso", "")
        if named := _LEFT_OUT.fullmatch(sso):
            return replace(read, gaps=read.gaps.union(re.findall("[0-9]+", named[1])))
        return replace(read, partial=read.partial or sso.startswith("partial-results"))

    def vouches(self, response: Response) -> bool:
        """Not where the answer leaves something out."""
        return super().vouches(response) and "x-github-sso" not in response.headers

    def _read(self, ask: Ask, response: Response) -> Page | Failure:
        if step_of(ask) == _INSTALLATIONS:
            installed = parse_body(response, _INSTALLED)
            return installed if isinstance(installed, Failure) else self._installed(installed)
        if ask.about:
            wrapped = parse_body(response, _WRAPPED)
            if isinstance(wrapped, Failure):
                return wrapped
            return _page(wrapped.repositories, series=ask.about, expected=wrapped.total_count)
        listed = parse_body(response, _LISTED)
        return listed if isinstance(listed, Failure) else _page(listed)

    def _installed(self, answer: _Installations) -> Page:
        """Each working installation is asked; a suspended one is there but answers nobody."""
        rows = answer.installations
        asleep = {_owner_of(one) for one in rows if one.suspended_at is not None}
        return Page(
            follow=tuple(self._covered(one) for one in rows if one.suspended_at is None),
            series=_INSTALLATIONS,
            seen=frozenset(str(one.id) for one in rows),
            expected=answer.total_count,
            gaps=frozenset(asleep - {""}),
            partial="" in asleep,
        )

    def _covered(self, one: _Installation) -> Ask:
        path = f"user/installations/{one.id}/repositories?per_page=100"
        return self._ask(_REPOSITORIES, path, about=str(one.id), owner_id=_owner_of(one))

    def _ask(self, step: str, path: str, *, about: str = "", owner_id: str = "") -> Ask:
        request = Request("GET", url_under(self.api_url, path=path), self._headers)
        return Ask(step, request, about, owner_id)


def _owner_of(one: _Installation) -> str:
    """The account it is installed on; an enterprise is none, and owns no repository."""
    return str(one.account.id) if one.account is not None and one.account.login else ""


def _api_url(base_url: str) -> str:
    """github.com and ghe.com have a host for the API, Enterprise Server a path (HOSTS 2.1)."""
    parts = urlsplit(base_url)
    if parts.netloc == "github.com" or parts.netloc.endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc}"
    return url_under(base_url, path="api/v3")


def _page(
    repositories: list[_Repository], *, series: str = "", expected: int | None = None
) -> Page:
    readable = tuple(_listed(one) for one in repositories if one.permissions.pull)
    seen = frozenset(str(one.id) for one in repositories)
    return Page(readable, series=series, seen=seen, expected=expected)


def _listed(one: _Repository) -> ListedRepository:
    return ListedRepository(
        external_id=str(one.id),
        owner_id=str(one.owner.id),
        owner=one.owner.login,
        full_name=one.full_name,
        visibility=_visibility(one),
        level=_level(one.permissions),
        archived=one.archived,
    )


def _visibility(one: _Repository) -> Visibility:
    """Public only where both fields say so; a word we do not know is private."""
    if one.visibility == "public" and not one.private:
        return Visibility.PUBLIC
    return Visibility.INTERNAL if one.visibility == "internal" else Visibility.PRIVATE


def _level(held: _Permissions) -> Level:
    if held.admin:
        return Level.ADMIN
    return Level.WRITE if held.push or held.maintain else Level.READ


def _refine(failure: Failure, response: Response) -> Failure:
    """GitHub says 403 for a limit, for an account and for a right."""
    if failure.kind is FailureKind.FORBIDDEN and "account was suspended" in failure.detail.lower():
        return replace(failure, kind=FailureKind.ACCOUNT_DISABLED)
    return refine_limit(failure, response, says="secondary rate")
