"""
Bitbucket Cloud: what is said there and what it means.

Its listing has two steps since the cross-workspace ones were removed (CHANGE-2770): the
person's workspaces, then what was granted in each. Facts: HOSTS 4 and Atlassian's OAuth
and REST documentation. This module must not know any other host, any transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote, urlsplit

import msgspec

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
    TokenRefusalKind,
)
from permsync.codehost.addresses import parse_next, url_under
from permsync.codehost.answers import parse_body
from permsync.codehost.manners import Manners
from permsync.codehost.options import Parallel, Rotating, parse_options
from permsync.hosts.bitbucket_cloud import rows
from permsync.hosts.bitbucket_cloud.hooks import HOOKS
from permsync.oauth2 import Word
from permsync.oauth2.code_flow import CodeFlow, Dialect

_WORKSPACES, _PERMISSIONS = "workspaces", "permissions"

# `next` must be named too, or the answer would look like the last page.
_WORKSPACE_FIELDS = "next,values.workspace.uuid"
_PERMISSION_FIELDS = (
    "next,values.permission,values.repository.uuid,values.repository.full_name,"
    "values.repository.is_private"
)
_READER_FIELDS = "next,values.permission,values.user.uuid"

_WORDS = (
    Word("", TokenRefusalKind.ACCOUNT_DISABLED, says="user is inactive"),
    # RFC 6749 has invalid_grant for this; here invalid_request means both.
    Word("invalid_request", TokenRefusalKind.REJECTED, says="invalid refresh_token"),
)

_IMPLIED = {
    "account:write": ("account",),
    "repository:write": ("repository",),
    "pullrequest": ("repository",),
    "pullrequest:write": ("pullrequest", "repository:write"),
}


# "API request limits": calls with OAuth, all people of one consumer together.
_HOURLY = 1_000


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pkce: Annotated[
        bool, msgspec.Meta(description="Send a PKCE challenge; Atlassian documents none.")
    ] = False
    rotation: Rotating = Rotation.STRICT
    parallel: Parallel = 4
    hourly: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000_000,
            description="How many requests an hour Atlassian lets the consumer send; paid plans may"
            " have more. 0 counts none of them, and then only its refusals slow us down.",
        ),
    ] = _HOURLY


class Host(CodeFlow):
    """Bitbucket Cloud, as one OAuth consumer sees it."""

    kind: ClassVar[str] = "bitbucket_cloud"
    title: ClassVar[str] = "Bitbucket Cloud"
    clouds = frozenset({"bitbucket.org"})
    opens_internal = False  # there is no such visibility
    sends_issuer = None
    manners = Manners(shared=True, hourly=_HOURLY)
    hooks = HOOKS
    options = _Options

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        dialect = Dialect(
            authorize="site/oauth2/authorize",
            token="site/oauth2/access_token",  # noqa: S106 - a path
            words=_WORDS,
            implied=_IMPLIED,
            life=timedelta(hours=2),
            refresh_life=timedelta(days=90),  # three months unused
            basic=True,
            pkce=options.pkce,
        )
        super().__init__(settings, dialect, scopes=settings.scopes or ("account", "repository"))
        self.api_url = settings.api_url or _api_url(settings.base_url)
        self.rotation = options.rotation
        self.parallel = options.parallel
        # No answer says how many are left, so they are counted here.
        self.manners = replace(self.manners, hourly=options.hourly or None)

    def revoke_requests(
        self,
        *,
        access_token: str | None,  # noqa: ARG002 - no revocation endpoint is documented
        refresh_token: str | None,  # noqa: ARG002
    ) -> tuple[Request, ...]:
        """Nothing can be revoked from here; unused tokens die after three months."""
        return ()

    def identity_ask(self) -> Ask:
        """Ask for the person; of the two ids, ``uuid`` is the one we keep."""
        return self._ask("identity", "user")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        """Read the person; there are no user names any more, and nicknames are not unique."""
        person = parse_body(response, rows.PERSON)
        if isinstance(person, Failure):
            return _refine(person)
        uuid = rows.normal(person.uuid)
        return Identity(uuid, person.nickname or person.display_name or uuid)

    def granted_scopes(self, response: Response) -> frozenset[str] | None:  # noqa: ARG002
        """No API answer tells the scopes; a missing one is refused in words."""
        return None

    def listing_asks(self) -> tuple[Ask, ...]:
        """Ask for the person's workspaces."""
        return (self._ask(_WORKSPACES, f"user/workspaces?pagelen=100&fields={_WORKSPACE_FIELDS}"),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page: of the workspaces, or of what was granted in one."""
        one = ask.step == _PERMISSIONS
        read = self._permissions(ask, response) if one else self._workspaces(response)
        if isinstance(read, Failure):
            return _refine(read)
        page, url = read
        further = self._further(ask, url)
        if isinstance(further, Failure):
            return further
        return replace(page, follow=page.follow + further)

    def _further(self, ask: Ask, url: str | None) -> tuple[Ask, ...] | Failure:
        """The next page, exactly as the answer named it."""
        if url is None:
            return ()
        following = parse_next(url, api_url=self.api_url)
        if isinstance(following, Failure):
            return following
        return (replace(ask, request=replace(ask.request, url=following)),)

    def _workspaces(self, response: Response) -> tuple[Page, str | None] | Failure:
        answer = parse_body(response, rows.WORKSPACES)
        if isinstance(answer, Failure):
            return answer
        asks = (self._permissions_ask(one.workspace.uuid) for one in answer.values)
        return Page(follow=tuple(asks)), answer.next

    def _permissions_ask(self, workspace: str) -> Ask:
        """Ask by the workspace's id: its slug may be given to another one meanwhile."""
        path = f"user/workspaces/{quote(workspace, safe='')}/permissions/repositories"
        query = f"pagelen=100&fields={_PERMISSION_FIELDS}"
        return self._ask(_PERMISSIONS, f"{path}?{query}", owner_id=rows.normal(workspace))

    def _permissions(self, ask: Ask, response: Response) -> tuple[Page, str | None] | Failure:
        answer = parse_body(response, rows.PERMISSIONS)
        if isinstance(answer, Failure):
            return answer
        listed = (rows.listed_of(row, owner_id=ask.owner_id) for row in answer.values)
        seen = frozenset(rows.normal(row.repository.uuid) for row in answer.values)
        repositories = tuple(one for one in listed if one is not None)
        return Page(repositories, series=ask.owner_id, seen=seen), answer.next

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:  # noqa: ARG002
        """Ask for the listing of its workspace, narrowed to one repository."""
        path = f"user/workspaces/{quote(repository.owner_id, safe='')}/permissions/repositories"
        wanted = quote(f'repository.uuid="{repository.external_id}"', safe="")
        query = f"q={wanted}&pagelen=100&fields={_PERMISSION_FIELDS}"
        return replace(self._ask("pair", f"{path}?{query}"), about=repository.external_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """Read it; a workspace that nobody shows the person holds nothing of theirs."""
        answer = parse_body(response, rows.PERMISSIONS)
        if isinstance(answer, Failure):
            failure = _refine(answer)
            return PairAnswer(None) if failure.kind is FailureKind.HIDDEN else failure
        if any(rows.normal(row.repository.uuid) != ask.about for row in answer.values):
            return Failure(FailureKind.UNREADABLE, "other repositories were answered")
        levels = [rows.LEVELS.get(row.permission) for row in answer.values]
        return PairAnswer(levels[0] if levels else None)

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask for effective permissions, groups included; needs an administrator's token."""
        name, space = quote(repository.external_id, safe=""), quote(repository.owner_id, safe="")
        path = f"workspaces/{space}/permissions/repositories/{name}"
        return self._ask("readers", f"{path}?pagelen=100&fields={_READER_FIELDS}")

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read one page; a right that we do not know is none."""
        answer = parse_body(response, rows.READERS)
        if isinstance(answer, Failure):
            return _refine(answer)
        rights = ((row.user.uuid, rows.LEVELS.get(row.permission)) for row in answer.values)
        readers = tuple(Reader(rows.normal(uuid), level) for uuid, level in rights if level)
        further = self._further(ask, answer.next)
        return further if isinstance(further, Failure) else ReadersPage(readers, further)

    def _ask(self, step: str, path: str, *, owner_id: str = "") -> Ask:
        request = Request("GET", url_under(self.api_url, path=path), {"accept": "application/json"})
        return Ask(step, request, owner_id=owner_id)


def _api_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.netloc == "bitbucket.org":
        return f"{parts.scheme}://api.{parts.netloc}/2.0"
    return url_under(base_url, path="2.0")


def _refine(failure: Failure) -> Failure:
    """A 403 for the token's scopes is not one for the thing that was asked about."""
    words = failure.detail.lower()
    if failure.kind is FailureKind.FORBIDDEN and "privilege scopes" in words:
        return replace(failure, kind=FailureKind.INSUFFICIENT_SCOPE)
    return failure
