"""
GitHub.com, GitHub Enterprise Server and ghe.com: what is said there and what it means.

Three ways to be registered (option ``app``): an OAuth app whose tokens do not expire, one
whose tokens do, and a GitHub App, whose person tokens reach only what an installation
covers and are listed installation by installation. Facts: HOSTS 2 and GitHub's REST and
OAuth documentation. This module must not know any other host, any transport or the clock.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlsplit

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
    ReadersPage,
    Request,
    Response,
    Rotation,
    TokenRefusalKind,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body, said
from permsync.codehost.manners import Manners
from permsync.codehost.options import Parallel, parse_options
from permsync.codehost.paging import parse_follow, step_of
from permsync.codehost.scopes import parse_scopes
from permsync.hosts.github import rows
from permsync.hosts.github.app import COVERED, GithubApps
from permsync.hosts.github.hooks import HOOKS
from permsync.hosts.github.refusals import refine, refine_right
from permsync.oauth2 import Word
from permsync.oauth2.code_flow import CodeFlow, Dialect

_FULL, _INSTALLATIONS, _REPOSITORIES = 100, "installations", "repositories"
# "Authenticating to the REST API", the organisations that a listing leaves out.
_LEFT_OUT = re.compile(r"partial-results; *organizations=([0-9]+(?: *, *[0-9]+)*)")
# A refusal of one thing asked about, which a missing scope may explain.
_CLOSED = (FailureKind.FORBIDDEN, FailureKind.HIDDEN)

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

_LASTING = Dialect(
    authorize="login/oauth/authorize",
    token="login/oauth/access_token",  # noqa: S106 - a path
    words=_WORDS,
    implied=_IMPLIED,
)
_LIVES, _UNUSED = timedelta(hours=8), timedelta(days=183)  # an app may opt out: it lasts alone
_EXPIRING = replace(_LASTING, life=_LIVES, refresh_life=_UNUSED, lasts_alone=True)


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    app: Annotated[
        Literal["oauth", "oauth_expiring", "github_app"],
        msgspec.Meta(description="How permsync is registered there."),
    ] = "oauth"
    api_version: Annotated[
        str, msgspec.Meta(description="What is sent as `X-GitHub-Api-Version`.")
    ] = "2022-11-28"
    parallel: Parallel = 6


class Host(CodeFlow):
    """One GitHub, as one registered app sees it."""

    kind: ClassVar[str] = "github"
    title: ClassVar[str] = "GitHub"
    clouds = frozenset({"github.com"})
    opens_internal = False  # only inside one enterprise, which a listing does not name
    shares_internal = True
    sends_issuer = None
    manners = Manners(free_unchanged=True)  # "Use conditional requests if appropriate"
    hooks = HOOKS
    options = _Options
    revokes_alone = True  # "Delete an app token"; ".../grant" would end the others too

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        self._is_app = options.app == "github_app"
        # No scope only reads private repositories. A GitHub App has permissions instead.
        scopes = () if self._is_app else (settings.scopes or ("repo",))
        dialect = _LASTING if options.app == "oauth" else _EXPIRING
        super().__init__(settings, dialect, scopes=scopes)
        version = {"x-github-api-version": options.api_version}
        self._headers = {"accept": "application/vnd.github+json"} | version
        self.api_url = settings.api_url or _api_url(settings.base_url)
        self.rotation = Rotation.STRICT if dialect.lasts_alone else Rotation.NONE
        self.parallel = options.parallel
        self.apps = GithubApps(api_url=self.api_url, headers=self._headers)

    def revoke_requests(
        self,
        *,
        access_token: str | None,
        refresh_token: str | None,  # noqa: ARG002 - it dies with its access token
    ) -> tuple[Request, ...]:
        """Delete this token; ``.../grant`` would end the person's whole authorization."""
        if access_token is None:
            return ()
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
        person = parse_body(response, rows.PERSON)
        if isinstance(person, Failure):
            return refine(person, response)
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
            read = refine(read, response)
        closed = isinstance(read, Page) or read.kind in _CLOSED
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
            behind = frozenset(re.findall("[0-9]+", named[1]))
            return replace(read, gaps=read.gaps | behind, to_approve=behind)
        return replace(read, partial=read.partial or sso.startswith("partial-results"))

    def vouches(self, response: Response) -> bool:
        """Not where the answer leaves something out."""
        return super().vouches(response) and "x-github-sso" not in response.headers

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:  # noqa: ARG002
        """Ask for the repository by its id, which its own ``Link`` headers use as well."""
        path = f"repositories/{quote(repository.external_id, safe='')}"
        return self._ask("pair", path, about=repository.external_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """Read it; hidden is a no, unless single sign-on or a lost scope hides it."""
        read = parse_body(response, rows.ONE)
        if not isinstance(read, Failure):
            return rows.pair_of(read, external_id=ask.about, by_installation=self._is_app)
        failure = refine(read, response)
        if failure.kind not in _CLOSED:
            return failure
        if self.missing_scopes(self.granted_scopes(response)):
            return Failure(FailureKind.INSUFFICIENT_SCOPE, said(response))
        sure = failure.kind is FailureKind.HIDDEN and "x-github-sso" not in response.headers
        return PairAnswer(None) if sure else failure

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask for everybody with a right: teams, base permission and owners included."""
        name = quote(repository.external_id, safe="")
        path = f"repositories/{name}/collaborators?affiliation=all&per_page=100"
        return self._ask("readers", path)

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read one page of collaborators."""
        read = parse_body(response, rows.COLLABORATORS)
        if isinstance(read, Failure):
            return refine_right(read, response)
        follow = parse_follow(ask, response, api_url=self.api_url)
        if isinstance(follow, Failure):
            return follow
        return ReadersPage(rows.readers_of(read), follow)

    def _read(self, ask: Ask, response: Response) -> Page | Failure:
        if step_of(ask) == _INSTALLATIONS:
            installed = parse_body(response, rows.INSTALLED)
            return installed if isinstance(installed, Failure) else self._installed(installed)
        if ask.about:
            wrapped = parse_body(response, rows.WRAPPED)
            if isinstance(wrapped, Failure):
                return wrapped
            # An app has permissions and no rights: its rows may say that it can do nothing.
            return rows.page_of(
                wrapped.repositories,
                series=ask.about,
                expected=wrapped.total_count,
                readable_only=step_of(ask) != COVERED,
            )
        listed = parse_body(response, rows.LISTED)
        return listed if isinstance(listed, Failure) else rows.page_of(listed)

    def _installed(self, answer: rows.Installations) -> Page:
        """Each working installation is asked; a suspended one is there but answers nobody."""
        found = answer.installations
        asleep = {_owner_of(one) for one in found if one.suspended_at is not None}
        return Page(
            follow=tuple(self._covered(one) for one in found if one.suspended_at is None),
            series=_INSTALLATIONS,
            seen=frozenset(str(one.id) for one in found),
            expected=answer.total_count,
            gaps=frozenset(asleep - {""}),
            partial="" in asleep,
        )

    def _covered(self, one: rows.Installation) -> Ask:
        path = f"user/installations/{one.id}/repositories?per_page=100"
        return self._ask(_REPOSITORIES, path, about=str(one.id), owner_id=_owner_of(one))

    def _ask(self, step: str, path: str, *, about: str = "", owner_id: str = "") -> Ask:
        request = Request("GET", url_under(self.api_url, path=path), self._headers)
        return Ask(step, request, about, owner_id)


def _owner_of(one: rows.Installation) -> str:
    """The account it is installed on; an enterprise is none, and owns no repository."""
    return str(one.account.id) if one.account is not None and one.account.login else ""


def _api_url(base_url: str) -> str:
    """github.com and ghe.com have a host for the API, Enterprise Server a path (HOSTS 2.1)."""
    parts = urlsplit(base_url)
    if parts.netloc == "github.com" or parts.netloc.endswith(".ghe.com"):
        return f"{parts.scheme}://api.{parts.netloc}"
    return url_under(base_url, path="api/v3")
