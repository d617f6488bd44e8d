"""
One request being answered: the world, the host, what was sent, and the refusals it may end in.

Every text that a person or a program could mistake for the host's own words goes through
`Exchange.words`, which adds the canary. Knows no host kind.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, AccountState
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.role import Role
from permsync.simulator.rotation import first_use
from permsync.simulator.tokens import Pair
from permsync.simulator.world import World


class Reason(StrEnum):
    """Why a token endpoint refuses; each kind has its own status and words for it."""

    WRONG_CLIENT = "wrong_client"
    DEAD_CODE = "dead_code"
    WRONG_REDIRECT = "wrong_redirect"
    WRONG_VERIFIER = "wrong_verifier"
    DEAD_REFRESH = "dead_refresh"
    INACTIVE_PERSON = "inactive_person"
    UNKNOWN_GRANT = "unknown_grant"


class Standing(StrEnum):
    """Why an access token is not accepted."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


class SimulatedRefusal(Exception):  # noqa: N818 - an ending, not always an error
    """Ends an exchange with something other than the asked-for answer."""


class TokenRefused(SimulatedRefusal):
    """The token endpoint refuses, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Unauthorized(SimulatedRefusal):
    """The API does not accept the access token."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing)
        self.standing = standing


class AccountRefused(SimulatedRefusal):
    """The token is good but its owner's account is blocked or deactivated."""

    def __init__(self, state: AccountState) -> None:
        super().__init__(state)
        self.state = state


class Refused(SimulatedRefusal):
    """The request ends with this status and message, in the host's envelope."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


class Answered(SimulatedRefusal):
    """The request ends with exactly this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def json_answer(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a JSON body."""
    encoded = msgspec.json.encode(content)
    return Response(encoded, status, headers, media_type="application/json")


@dataclass
class Exchange:
    """A request at one host. `params` are the parts of the path, `record` its log entry."""

    world: World
    host: Host
    request: Request
    body: bytes
    record: RequestRecord
    params: dict[str, Any] = field(default_factory=dict)
    pair: Pair | None = None

    @property
    def role(self) -> Role:
        """What is known of this host's kind."""
        return self.world.roles[self.host.kind]

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port as the caller wrote them, so that proxies stay in the path."""
        return f"{self.request.url.scheme}://{self.request.headers.get('host', 'localhost')}"

    @cached_property
    def base(self) -> str:
        """The instance's base URL, context path included, without a last slash."""
        return self.origin + self.host.path

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form body; empty for any other body."""
        try:
            return parse_qs(self.body.decode(), keep_blank_values=True)
        except UnicodeDecodeError:
            return {}

    def sent(self, name: str) -> str:
        """The first value of a form field, empty when it was not sent."""
        return self.form.get(name, [""])[0]

    def asked(self, name: str, *, default: str = "") -> str:
        """A query parameter."""
        return self.request.query_params.get(name, default)

    def asked_number(self, name: str, default: int, *, most: int | None = None) -> int:
        """A query parameter as a positive number, at most `most`; odd input gives the default."""
        text = self.asked(name)
        number = int(text) if text.isdecimal() and int(text) > 0 else default
        return number if most is None else min(number, most)

    def words(self, text: str) -> str:
        """An error text of this host, marked with the world's canary."""
        return f"{text} [{self.world.canary}]"

    @cached_property
    def bearer(self) -> str | None:
        """The access token of the Authorization header, after a word that the kind knows."""
        scheme, _, value = self.request.headers.get("authorization", "").partition(" ")
        known = self.role.token_words
        return value.strip() if scheme.lower() in known and value.strip() else None

    @cached_property
    def basic(self) -> tuple[str, str] | None:
        """Client id and secret of HTTP Basic authentication, percent-decoded."""
        scheme, _, value = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return unquote(user), unquote(password)

    def standing(self) -> Standing | Pair:
        """The pair of the presented access token when it lives, else what is wrong with it."""
        if self.bearer is None:
            return Standing.MISSING
        pair = self.host.tokens.with_access(self.bearer)
        if pair is None:
            return Standing.UNKNOWN
        if pair.access_revoked:
            return Standing.REVOKED
        return pair if pair.access_lives(self.world.now()) else Standing.EXPIRED

    def signed_in(self) -> Pair:
        """The pair of the caller; raises Unauthorized or AccountRefused."""
        standing = self.standing()
        if isinstance(standing, Standing):
            raise Unauthorized(standing)
        self.record.person = standing.person
        account = self.host.accounts[standing.person]
        if account.state != "active":
            raise AccountRefused(account.state)
        self.pair = standing
        first_use(self.host.tokens, self.host.policy, standing)
        return standing

    def me(self) -> Account:
        """The caller's account; raises like `signed_in`."""
        return self.host.accounts[self.signed_in().person]
