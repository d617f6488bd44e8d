"""
What goes over the wire and comes back, and the one set of classes for what went wrong.

This module must not know any host, any transport or the clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``headers`` have lower-case names; ``body`` is ready to send."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. ``headers`` have lower-case names; ``body`` was cut at no place."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class FailureKind(StrEnum):
    """The one set of classes for every refusal and fault of every host (HOSTS 1.2)."""

    CREDENTIAL_REJECTED = "credential_rejected"
    ACCOUNT_DISABLED = "account_disabled"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"
    ENDPOINT_GONE = "endpoint_gone"
    FORBIDDEN = "forbidden"
    HIDDEN = "hidden"
    FOREIGN_LINK = "foreign_link"


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A host's refusal or fault, classified.

    ``detail`` is the host's own text for the operator's log (redacted there); it must
    not reach a page or an API answer. ``retry_in`` is the host's own wish to wait.
    """

    kind: FailureKind
    detail: str = field(default="", repr=False)
    retry_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """
    One question of a chain: what to send, and which answer to expect.

    ``step`` names the parser's branch, ``about`` what it is about (a workspace, an
    installation). ``owner_id`` is set where only that owner's repositories are asked for:
    whatever goes wrong then leaves a gap of that owner. The request carries no credential:
    the sender adds the token, so that a long listing may change it in the middle.
    """

    step: str
    request: Request
    about: str = ""
    owner_id: str = ""
