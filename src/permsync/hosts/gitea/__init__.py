"""
Gitea and Forgejo: what is said there and what it means.

The size of a page is the server's to choose, so the count of the rows tells how many there
are; ``Link`` is not looked at, because it is made from the server's idea of its own address.
Facts: HOSTS 6 and the servers' source. This module must not know any other host, any
transport or the clock.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote

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
    ReadersPage,
    Request,
    Response,
    Rotation,
    TokenRefusalKind,
)
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body, parse_count
from permsync.codehost.options import Parallel, Rotating, parse_options
from permsync.codehost.paging import follow_counted
from permsync.hosts.gitea import rows
from permsync.hosts.gitea.hooks import HOOKS
from permsync.hosts.gitea.readers import PAGE, ReaderSteps
from permsync.oauth2 import Word
from permsync.oauth2.code_flow import CodeFlow, Dialect

# routers/web/auth/oauth2_provider.go and services/oauth2_provider.
_WORDS = (
    Word("unauthorized_client", TokenRefusalKind.REJECTED, says="unable to parse refresh token"),
    Word("unauthorized_client", TokenRefusalKind.REJECTED, says="token was already used"),
    Word("unauthorized_client", TokenRefusalKind.REJECTED, says="client is not authorized"),
    Word("unauthorized_client", TokenRefusalKind.REJECTED, says="failed pkce code challenge"),
    # The server's own trouble, in words of RFC 6749 that blame us.
    Word("invalid_grant", TokenRefusalKind.UNAVAILABLE, says="cannot increase the grant counter"),
    Word("invalid_request", TokenRefusalKind.UNAVAILABLE, says="cannot sign token"),
    Word("invalid_request", TokenRefusalKind.UNAVAILABLE, says="server error"),
)

# Only what is not one of OpenID Connect's restricts a token; with those alone it may do all.
_SCOPES = ("read:user", "read:repository", "read:organization")
_WRITES = tuple(scope.replace("read", "write") for scope in _SCOPES)
_IMPLIED = {
    "all": _WRITES,
    **{wider: (scope,) for wider, scope in zip(_WRITES, _SCOPES, strict=True)},
}

_DIALECT = Dialect(
    authorize="login/oauth/authorize",
    token="login/oauth/access_token",  # noqa: S106 - a path
    words=_WORDS,
    implied=_IMPLIED,
    life=timedelta(hours=1),
)

# Pieces of routers/api/v1/api.go and Forgejo's routers/api/shared, in lower case.
_REFUSALS = {
    "required scope(s)": FailureKind.INSUFFICIENT_SCOPE,
    "token scope is limited to public": FailureKind.INSUFFICIENT_SCOPE,
    "prohibited from signing in": FailureKind.ACCOUNT_DISABLED,
    "account is not activated": FailureKind.ACCOUNT_DISABLED,
    "you must change your password": FailureKind.ACCOUNT_DISABLED,
    "requires users to enable two-factor": FailureKind.ACCOUNT_DISABLED,
    # To nobody, where the server shows nothing without sign-in: the token is dead.
    "only signed in user is allowed": FailureKind.CREDENTIAL_REJECTED,
}


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rotation: Rotating = Rotation.TOLERANT
    refresh_life_hours: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=87_600,
            description="Hours that an unused refresh token lives: the server's"
            " `REFRESH_TOKEN_EXPIRATION_TIME`.",
        ),
    ] = 730
    parallel: Parallel = 4


class Host(CodeFlow):
    """One Gitea or Forgejo."""

    kind: ClassVar[str] = "gitea"
    title: ClassVar[str] = "Gitea"
    clouds = frozenset({"codeberg.org", "gitea.com"})
    opens_internal = True  # what a limited owner calls public: to all who are not restricted
    hides_public = True  # to a restricted person, where no team or collaboration names them
    sends_issuer = None
    hooks = HOOKS
    options = _Options

    def __init__(self, settings: HostSettings) -> None:
        options = parse_options(settings, _Options)
        life = timedelta(hours=options.refresh_life_hours)
        dialect = replace(_DIALECT, refresh_life=life)
        super().__init__(settings, dialect, scopes=settings.scopes or _SCOPES)
        self.api_url = settings.api_url or url_under(settings.base_url, path="api/v1")
        self.rotation = options.rotation
        self.parallel = options.parallel
        self._readers = ReaderSteps(self._ask)

    def revoke_requests(
        self,
        *,
        access_token: str | None,  # noqa: ARG002 - there is no such endpoint
        refresh_token: str | None,  # noqa: ARG002
    ) -> tuple[Request, ...]:
        """Nothing can be revoked from here; the person can take the grant back."""
        return ()

    def identity_ask(self) -> Ask:
        """Ask for the person; the integer id is the identity, the login changes."""
        return self._ask("identity", "user")

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:  # noqa: ARG002
        """Read the person; a restricted one sees only what names them, an administrator all."""
        person = parse_body(response, rows.PERSON)
        if isinstance(person, Failure):
            return _refine(person)
        return Identity(
            str(person.id), person.login, restricted=person.restricted, sees_all=person.is_admin
        )

    def granted_scopes(self, response: Response) -> frozenset[str] | None:  # noqa: ARG002
        """No API answer tells the scopes; a missing one is refused in words."""
        return None

    def listing_asks(self) -> tuple[Ask, ...]:
        """Ask for what the person owns, was given, or holds through a team."""
        return (self._ask("repositories", f"user/repos?{PAGE}"),)

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page; a team without the code lists repositories that it may not read."""
        found = parse_body(response, rows.REPOSITORIES)
        if isinstance(found, Failure):
            return _refine(found)
        seen = frozenset(str(one.id) for one in found)
        total = parse_count(response.headers.get("x-total-count"))
        return Page(
            repositories=tuple(rows.listed_of(one) for one in found if one.permissions.pull),
            follow=follow_counted(ask, count=len(seen), total=total),
            seen=seen,
            expected=total,
        )

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:
        """Ask for the repository by its id; without a valid token the answer is 401."""
        path = f"repositories/{quote(repository.external_id, safe='')}"
        return self._ask(rows.sight_of(person), path, repository.external_id)

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """Read it; hidden is a no."""
        found = parse_body(response, rows.REPOSITORY)
        if isinstance(found, Failure):
            failure = _refine(found)
            return PairAnswer(None) if failure.kind is FailureKind.HIDDEN else failure
        return rows.pair_of(found, external_id=ask.about, sight=rows.Sight(ask.step))

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask for the repository first; its readers are found out in steps."""
        return self._readers.first(repository.external_id)

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read one step."""
        read = self._readers.parse(ask, response)
        return _refine(read) if isinstance(read, Failure) else read

    def _ask(self, step: str, path: str, about: str = "") -> Ask:
        # Proxies in front of some instances break compressed answers (HOSTS 6.4).
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        return Ask(step, Request("GET", url_under(self.api_url, path=path), headers), about)


def _refine(failure: Failure) -> Failure:
    """Gitea says 403 for a scope, for an account, to nobody and for a right."""
    if failure.kind is not FailureKind.FORBIDDEN:
        return failure
    text = failure.detail.lower()
    kinds = (kind for words, kind in _REFUSALS.items() if words in text)
    return replace(failure, kind=next(kinds, failure.kind))
