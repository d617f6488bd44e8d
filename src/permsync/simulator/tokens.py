"""
What a host knows about OAuth: clients, consents under way, codes and token pairs.

Also the levers that touch tokens only (expire, revoke, shrink). The rotation rules are in
rotation.py, the HTTP forms in oauth.py; nothing here reads a clock.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

DAY_SECONDS = 86_400

Rotation = Literal[
    "strict", "grace", "grace_newest_wins", "tolerant", "family", "revoke_on_first_use", "none"
]
ClientKind = Literal["oauth", "oauth_expiring", "github_app"]


@dataclass(slots=True)
class Policy:
    """
    How one host instance treats tokens; every field may be changed while the world runs.

    None for a lifetime means that the token does not expire.
    """

    access_ttl_seconds: float | None = 7200
    refresh_ttl_seconds: float | None = None
    code_ttl_seconds: float = 600
    rotation: Rotation = "strict"
    grace_seconds: float = 600
    old_access_dies: bool = True
    pkce_required: bool = False
    redirect_uri_on_refresh: bool = False
    sends_iss: bool = False
    sends_scopes_key: bool = False
    public_access: bool = True
    newest_tokens_kept: int | None = None
    installation_ttl_seconds: float = 3600


@dataclass(slots=True)
class Client:
    """
    A registered OAuth client; `scopes` are those ticked on the client where a host does so.

    `public_keys` (PEM) prove what an app states of itself.
    """

    client_id: str
    secret: str
    redirect_uris: list[str]
    kind: ClientKind = "oauth"
    name: str = "permsync"
    scopes: list[str] = field(default_factory=list)
    public_keys: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pending:
    """A person sent to the consent page who has not answered yet."""

    client_id: str
    redirect_uri: str
    state: str
    scopes: list[str]
    challenge: str | None
    nonce: str | None


@dataclass(slots=True)
class Code:
    """An authorisation code; it is remembered after its use, so that a second use is refused."""

    value: str
    person: str
    pending: Pending
    scopes: list[str]
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class Pair:
    """
    An access token and the refresh token that came with it, None for tokens without one.

    All pairs refreshed from one consent share `family`. `spent_at` is when the refresh token was
    first used; times are epoch seconds.
    """

    number: int
    family: str
    client_id: str
    person: str
    scopes: list[str]
    redirect_uri: str
    issued_at: float
    access: str
    access_expires_at: float | None
    refresh: str | None
    refresh_expires_at: float | None
    parent: int | None = None
    spent_at: float | None = None
    access_revoked: bool = False
    refresh_revoked: bool = False

    def access_lives(self, now: float) -> bool:
        """Whether the access token is neither expired nor revoked."""
        expired = self.access_expires_at is not None and now >= self.access_expires_at
        return not expired and not self.access_revoked

    def revoke(self) -> None:
        """End both tokens."""
        self.access_revoked = self.refresh_revoked = True


@dataclass(slots=True)
class InstalledToken:
    """A token of an app's installation, which is no person's; times are epoch seconds."""

    access: str
    installation: int
    expires_at: float


@dataclass(slots=True)
class TokenStore:
    """Everything OAuth at one host. `verifiers` keeps the PKCE verifiers that were received."""

    clients: dict[str, Client] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    pairs: dict[int, Pair] = field(default_factory=dict)
    by_access: dict[str, int] = field(default_factory=dict)
    by_refresh: dict[str, int] = field(default_factory=dict)
    verifiers: list[str] = field(default_factory=list)
    installed: dict[str, InstalledToken] = field(default_factory=dict)

    def with_access(self, token: str) -> Pair | None:
        """The pair that the access token belongs to, living or dead."""
        return self.pairs.get(self.by_access.get(token, 0))

    def with_refresh(self, token: str) -> Pair | None:
        """The pair that the refresh token belongs to, living or dead."""
        return self.pairs.get(self.by_refresh.get(token, 0))

    def add(self, pair: Pair) -> Pair:
        """Remember a new pair under both of its tokens."""
        self.pairs[pair.number] = pair
        self.by_access[pair.access] = pair.number
        if pair.refresh is not None:
            self.by_refresh[pair.refresh] = pair.number
        return pair

    def forget_refresh(self, pair: Pair) -> None:
        """Take the refresh token away from a pair that was just issued."""
        if pair.refresh is not None:
            del self.by_refresh[pair.refresh]
            pair.refresh = None

    def of(self, person: str | None) -> Iterator[Pair]:
        """The pairs of one person, or all pairs for None, oldest first."""
        pairs = list(self.pairs.values())
        return (pair for pair in pairs if person is None or pair.person == person)

    def remember_consent(self, pending: Pending) -> str:
        """Keep a consent under way and return the id that its page carries."""
        request = secrets.token_urlsafe(18)
        self.pending[request] = pending
        return request

    def issue_code(self, pending: Pending, *, person: str, scopes: list[str], until: float) -> Code:
        """Turn a given consent into a code that works once, until the given time."""
        code = Code(secrets.token_hex(20), person, pending, scopes, until)
        self.codes[code.value] = code
        return code

    def expire_access(self, person: str | None, *, now: float) -> int:
        """Let the living access tokens of one person, or of everybody, expire; how many did."""
        living = [pair for pair in self.of(person) if pair.access_lives(now)]
        for pair in living:
            pair.access_expires_at = now
        return len(living)

    def revoke(self, person: str | None) -> int:
        """Revoke all tokens of one person, or of everybody; how many pairs there were."""
        pairs = list(self.of(person))
        for pair in pairs:
            pair.revoke()
        return len(pairs)

    def shrink_scopes(self, scopes: list[str], *, person: str | None) -> int:
        """Keep only the given scopes on issued tokens, as a person can at some hosts."""
        pairs = list(self.of(person))
        for pair in pairs:
            pair.scopes = [scope for scope in pair.scopes if scope in scopes]
        return len(pairs)

    def every_secret(self) -> Iterator[str]:
        """Client secrets, codes, verifiers and tokens ever known here."""
        yield from (client.secret for client in self.clients.values())
        yield from self.codes
        yield from self.verifiers
        yield from self.by_access
        yield from self.by_refresh
        yield from self.installed
