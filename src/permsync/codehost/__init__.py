"""
The contract a code-host file fulfils: requests it can say, answers it can read.

A host file does no I/O. It names requests (``x_request``) and reads responses
(``parse_x``); the flows send them. A listing is a set of :class:`Ask`: reading the answer
to one gives a :class:`Page` with repositories and the asks that follow from it, so a host
says *what* comes next and never *when* or *how many at once*.

What host files share lies beside it. This module must not know a host, a transport or the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

import msgspec

from permsync.codehost.exchange import Ask as Ask
from permsync.codehost.exchange import Failure as Failure
from permsync.codehost.exchange import FailureKind as FailureKind
from permsync.codehost.exchange import Request as Request
from permsync.codehost.exchange import Response as Response
from permsync.codehost.hooks import Hooks
from permsync.codehost.manners import Manners
from permsync.codehost.manners import Rotation as Rotation
from permsync.codehost.readers import KnownRepository as KnownRepository
from permsync.codehost.readers import PairAnswer as PairAnswer
from permsync.codehost.readers import Reader as Reader
from permsync.codehost.readers import ReadersPage as ReadersPage
from permsync.model import Level, Visibility


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """
    A usable 2xx answer of a token endpoint.

    ``refresh_token`` is ``None`` when the answer holds none (the stored one stays);
    ``expires_in`` is ``None`` when the host does not say; ``scopes`` is ``None`` when the
    host does not say, which is not the same as none granted.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in: timedelta | None = None
    refresh_expires_in: timedelta | None = None
    scopes: frozenset[str] | None = None
    id_token: str | None = field(default=None, repr=False)


class TokenRefusalKind(StrEnum):
    """What an answer of a token endpoint that grants nothing means for the account."""

    REJECTED = "rejected"
    ACCOUNT_DISABLED = "account_disabled"
    CLIENT_ERROR = "client_error"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """
    An answer of a token endpoint that grants nothing.

    ``REJECTED`` is the host's definite word on this token; ``CLIENT_ERROR`` blames our
    client settings and no account; ``UNUSABLE`` is a 2xx that holds no token.
    """

    kind: TokenRefusalKind
    detail: str = field(default="", repr=False)
    retry_in: timedelta | None = None


TokenAnswer = TokenGrant | TokenRefusal


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Who a token belongs to: the host's immutable user id, and the login of the day.

    A ``restricted`` person is shown nothing that is open; to one who ``sees_all`` the host
    shows everything, so that sight proves no membership (EVIDENCE R1).
    """

    external_id: str
    login: str
    restricted: bool = False
    sees_all: bool = False


@dataclass(frozen=True, slots=True)
class ListedRepository:
    """One repository as a listing showed it to one person."""

    external_id: str
    owner_id: str
    owner: str
    full_name: str
    visibility: Visibility
    level: Level = Level.READ
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """
    What the answer to one ask said.

    ``follow`` are the asks that this answer makes necessary. ``expected`` is the number
    of distinct repositories the host says exist for this ``series`` (before any filter of
    ours), where it says so; ``seen`` are the ids counted against it. ``gaps`` are the
    owners, by the id in :class:`ListedRepository`, that the host said it left out, and
    ``to_approve`` those of them that only wait for this person's single sign-on;
    ``partial`` is true where it said that it left out something, and not whose.
    """

    repositories: tuple[ListedRepository, ...] = ()
    follow: tuple[Ask, ...] = ()
    series: str = ""
    seen: frozenset[str] = frozenset()
    expected: int | None = None
    gaps: frozenset[str] = frozenset()
    to_approve: frozenset[str] = frozenset()
    partial: bool = False


@dataclass(frozen=True, slots=True)
class HostSettings:
    """
    One configured host, as its file needs it.

    ``base_url`` keeps its context path and has no trailing slash; ``api_url`` is set only
    where the operator overrides the kind's rule. The kind validates its own ``options``.
    """

    name: str
    kind: str
    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    api_url: str | None = None
    scopes: tuple[str, ...] | None = None
    options: Mapping[str, str | int | bool] = field(default_factory=dict)


class CodeHost(Protocol):
    """
    One configured host. Every method is a pure function of its arguments.

    A file in ``hosts/`` names its class ``Host``; the class is made from
    :class:`HostSettings` and refuses wrong options with ``ConfigurationError``. ``options``
    declares them, each with a default and a description, for readers of the documentation.
    ``clouds`` are the machines, by name, where strangers have repositories too, so that the
    settings must name ours.
    ``shares_internal`` says that organisations of one enterprise may read what is internal to
    each other, once the settings name them (EVIDENCE R12). ``hides_public`` says that a
    restricted person is shown not even what is public.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    clouds: ClassVar[frozenset[str]]
    shares_internal: ClassVar[bool]
    hides_public: ClassVar[bool]
    manners: Manners
    hooks: ClassVar[Hooks | None]
    options: ClassVar[type[msgspec.Struct]]

    def __init__(self, settings: HostSettings) -> None:
        """Keep the settings; raise ``ConfigurationError`` on options that mean nothing."""

    @property
    def api_url(self) -> str:
        """The API's base URL, which the settings may override."""

    @property
    def api_urls(self) -> tuple[str, ...]:
        """Every base URL that is asked; an ask stays on the origin of one of them."""

    @property
    def rotation(self) -> Rotation:
        """What this host does to a refresh token that was used."""

    @property
    def refresh_life(self) -> timedelta | None:
        """What a refresh token lives unused; ``None`` where it does not end of disuse."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes to ask for at link, in a fixed order."""

    @property
    def parallel(self) -> int:
        """How many API requests of one account may be in flight at once."""

    @property
    def opens_internal(self) -> bool:
        """Whether ``internal`` opens to every unrestricted account here (EVIDENCE R12)."""

    @property
    def sends_issuer(self) -> str | None:
        """The issuer that the callback must carry (RFC 9207), or ``None``."""

    def authorize_url(self, *, state: str, code_challenge: str) -> str:
        """Where the person consents."""

    def code_request(self, *, code: str, code_verifier: str) -> Request:
        """Exchange an authorization code for tokens."""

    def parse_code(self, response: Response) -> TokenAnswer:
        """Read the answer to :meth:`code_request`."""

    def refresh_request(self, *, refresh_token: str, redirect_uri: str) -> Request:
        """Exchange a refresh token for a new pair; ``redirect_uri`` is the link's own."""

    def parse_refresh(self, response: Response) -> TokenAnswer:
        """Read the answer to :meth:`refresh_request`."""

    def revoke_requests(
        self, *, access_token: str | None, refresh_token: str | None
    ) -> tuple[Request, ...]:
        """
        Revoke these tokens, never the person's whole authorization; empty if impossible.

        At least one of the two is given.
        """

    @property
    def revokes_alone(self) -> bool:
        """Whether no token of another consent dies with a revoked one; false in doubt."""

    def identity_ask(self) -> Ask:
        """Ask who the token belongs to."""

    def parse_identity(self, ask: Ask, response: Response) -> Identity | Ask | Failure:
        """Read it; an :class:`Ask` means that one more question is needed."""

    def missing_scopes(self, granted: frozenset[str] | None) -> frozenset[str]:
        """The needed scopes that ``granted`` lacks; empty where the host does not say."""

    def scope_title(self, scope: str) -> str:
        """What people read for a scope: words, which at most hosts are its own name."""

    def names_at(self, address: str) -> tuple[str, ...]:
        """
        The full names that a pasted web or clone address may mean, the likeliest first.

        Empty where the address is of another place.
        """

    def granted_scopes(self, response: Response) -> frozenset[str] | None:
        """The scopes an API answer says the token has, where the host says so."""

    def listing_asks(self) -> tuple[Ask, ...]:
        """The first questions of an account listing."""

    def parse_page(self, ask: Ask, response: Response) -> Page | Failure:
        """Read one page of an account listing."""

    def vouches(self, response: Response) -> bool:
        """Whether an answer to a conditional ask says that all is as it was."""

    def pair_ask(self, repository: KnownRepository, person: Identity) -> Ask:
        """
        Ask with the person's own token whether the person may read one repository.

        ``person`` is whom the token was just confirmed to belong to.
        """

    def parse_pair(self, ask: Ask, response: Response) -> PairAnswer | Failure:
        """
        Read it: yes exactly when an account listing would contain the pair (R1).

        What the host leaves open is a :class:`Failure`, which decides nothing.
        """


@runtime_checkable
class ListsReaders(Protocol):
    """
    A host that can say who may read a repository; a file that lacks this has no connections.

    Whoever has one of the two methods has both.
    """

    def readers_ask(self, repository: KnownRepository) -> Ask:
        """Ask with a connection's token who may read one repository."""

    def parse_readers(self, ask: Ask, response: Response) -> ReadersPage | Failure:
        """Read one page of readers, people without a right to the code left out."""
