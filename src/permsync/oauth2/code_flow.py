"""
The part of a code host that is plain OAuth: consent, code and refresh, with its variations.

A host file names its variations as a :class:`Dialect` and inherits the rest, so what is
left in it is what only that host does. This module must not know any host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

import msgspec

from permsync import oauth2
from permsync.codehost import HostSettings, Request, Response, TokenAnswer, TokenGrant
from permsync.codehost.addresses import url_under
from permsync.codehost.hooks import Hooks
from permsync.codehost.manners import Manners
from permsync.codehost.scopes import missing_scopes
from permsync.codehost.web_addresses import names_in, segments_at
from permsync.oauth2 import Client, Word


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    How one kind speaks OAuth; paths are under the host's base URL.

    ``words`` are its refusals, ``implied`` its scope families. ``life`` is what an access
    token lives where an answer forgets to say so; ``None`` means that tokens there do not
    expire unless an answer says it. Where ``lasts_alone``, one that came without a refresh
    token does not either. ``refresh_life`` is what a refresh token lives unused.
    ``redirect_on_refresh`` is for hosts that refuse a refresh without the link's own
    redirect address.
    """

    authorize: str
    token: str
    words: tuple[Word, ...] = ()
    implied: Mapping[str, tuple[str, ...]] | None = None
    life: timedelta | None = None
    lasts_alone: bool = False
    refresh_life: timedelta | None = None
    basic: bool = False
    pkce: bool = True
    redirect_on_refresh: bool = False


class CodeFlow:
    """The OAuth methods of :class:`~permsync.codehost.CodeHost` for one configured host."""

    api_url: str
    # A host file says otherwise where the host or its source does.
    revokes_alone = False
    clouds: ClassVar[frozenset[str]] = frozenset()
    shares_internal: ClassVar[bool] = False
    hides_public: ClassVar[bool] = False
    manners: Manners = Manners()
    hooks: ClassVar[Hooks | None] = None
    options: ClassVar[type[msgspec.Struct]]

    def __init__(
        self, settings: HostSettings, dialect: Dialect, *, scopes: tuple[str, ...]
    ) -> None:
        self.scopes = scopes
        self._settings = settings
        self._dialect = dialect
        self.refresh_life = dialect.refresh_life
        self._client = Client(settings.client_id, settings.client_secret, basic=dialect.basic)

    @property
    def api_urls(self) -> tuple[str, ...]:
        """Every base URL that is asked; an ask stays on the origin of one of them."""
        return (self.api_url,)

    def authorize_url(self, *, state: str, code_challenge: str) -> str:
        """Where the person consents."""
        return oauth2.authorize_url(
            self._url(self._dialect.authorize),
            client_id=self._client.client_id,
            redirect_uri=self._settings.redirect_uri,
            state=state,
            scopes=self.scopes,
            code_challenge=code_challenge if self._dialect.pkce else None,
        )

    def code_request(self, *, code: str, code_verifier: str) -> Request:
        """Exchange an authorization code for tokens."""
        return oauth2.code_request(
            self._url(self._dialect.token),
            self._client,
            code=code,
            redirect_uri=self._settings.redirect_uri,
            code_verifier=code_verifier if self._dialect.pkce else None,
        )

    def parse_code(self, response: Response) -> TokenAnswer:
        """
        Read the answer to :meth:`code_request`.

        Where no scope was asked for, an empty one in the answer says nothing.
        """
        return self._parse(response, lasts_alone=self._dialect.lasts_alone)

    def refresh_request(self, *, refresh_token: str, redirect_uri: str) -> Request:
        """Exchange a refresh token for a new pair; ``redirect_uri`` is the link's own."""
        return oauth2.refresh_request(
            self._url(self._dialect.token),
            self._client,
            refresh_token=refresh_token,
            redirect_uri=redirect_uri if self._dialect.redirect_on_refresh else None,
        )

    def parse_refresh(self, response: Response) -> TokenAnswer:
        """Read the answer to :meth:`refresh_request`: what it brings can be refreshed again."""
        return self._parse(response, lasts_alone=False)

    def _parse(self, response: Response, *, lasts_alone: bool) -> TokenAnswer:
        answer = oauth2.parse_token(response, words=self._dialect.words)
        if not isinstance(answer, TokenGrant):
            return answer
        lasts = lasts_alone and answer.refresh_token is None
        life = answer.expires_in or (None if lasts else self._life_of(response))
        return replace(answer, expires_in=life, scopes=answer.scopes if self.scopes else None)

    def _life_of(self, response: Response) -> timedelta | None:  # noqa: ARG002 - GitLab reads it
        """What an access token lives that came without a word about it."""
        return self._dialect.life

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """The scopes asked for and not held; people may take scopes back at any time."""
        implied = self._dialect.implied or {}
        return missing_scopes(needed=self.scopes, granted=granted, implied=implied)

    def scope_title(self, scope: str) -> str:
        """What people read for a scope: its own name."""
        return scope

    def names_at(self, address: str) -> tuple[str, ...]:
        """The full names that an address may mean: here its path begins with the name."""
        return names_in(segments_at(address, base_url=self._settings.base_url))

    def vouches(self, response: Response) -> bool:
        """Whether an answer to a conditional ask says that all is as it was (RFC 9110 15.4.5)."""
        return response.status == HTTPStatus.NOT_MODIFIED

    def _url(self, path: str) -> str:
        return url_under(self._settings.base_url, path=path)
