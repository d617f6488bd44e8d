"""
Whether a delivery is the host's own: the schemes by which hosts prove a webhook.

Decided here: a signature that is missing, empty, written twice or wrong proves nothing; every
secret is compared in constant time and to its end; one of several secrets is enough, so that
an operator can change it. A proof covers the body and not the headers, and a token covers
neither, which is why a proved delivery may still not open anything. This module must not know
a host, a transport or the clock.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One webhook request as it came.

    ``headers`` have lower-case names; where a name came twice its values are joined by
    commas (RFC 9110 5.3), which no signature survives.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Refusal(StrEnum):
    """Why a delivery was not believed."""

    FOREIGN_HOST = "foreign_host"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_EMPTY = "signature_empty"
    SIGNATURE_WRONG = "signature_wrong"
    TIMESTAMP_WRONG = "timestamp_wrong"
    SECRET_UNSET = "secret_unset"  # noqa: S105 - the name of a refusal


class Scheme(Protocol):
    """One way to prove a delivery."""

    def refusal(
        self, delivery: Delivery, secrets: Sequence[str], *, tolerance: timedelta
    ) -> Refusal | None:
        """Why the delivery is refused, or ``None`` where one of the secrets proves it."""


@dataclass(frozen=True, slots=True)
class BodySignature:
    """HMAC-SHA256 of the raw body, in hexadecimal digits behind a prefix (HOSTS 9.1)."""

    header: str
    prefix: str = "sha256="

    def refusal(
        self,
        delivery: Delivery,
        secrets: Sequence[str],
        *,
        tolerance: timedelta,  # noqa: ARG002 - nothing in it is dated
    ) -> Refusal | None:
        """The signature must stand there and be that of one secret."""
        sent = delivery.headers.get(self.header)
        if sent is None:
            return Refusal.SIGNATURE_MISSING
        if not sent.removeprefix(self.prefix).strip():
            return Refusal.SIGNATURE_EMPTY
        made = [self.prefix + _digest(one.encode(), delivery.body).hex() for one in secrets]
        return None if _is_one_of(sent, made) else Refusal.SIGNATURE_WRONG


# Standard Webhooks: "whsec_" marks the key of a signature.
_KEY = "whsec_"
_VERSION = "v1,"


@dataclass(frozen=True, slots=True)
class TokenOrSigned:
    """
    The secret itself in a header, or Standard Webhooks where the host signs (GitLab).

    A secret that begins with ``whsec_`` is the key of a signature and never a token. Where a
    signature was sent it alone counts.
    """

    header: str
    signature: str = "webhook-signature"
    signed_id: str = "webhook-id"
    signed_at_header: str = "webhook-timestamp"

    def refusal(
        self, delivery: Delivery, secrets: Sequence[str], *, tolerance: timedelta
    ) -> Refusal | None:
        """The token must be one of the secrets, or the signature one of the keys'."""
        if self.signature in delivery.headers:
            keys = [one for one in secrets if one.startswith(_KEY)]
            return self._unsigned(delivery, keys, tolerance=tolerance)
        sent = delivery.headers.get(self.header)
        if sent is None:
            return Refusal.SIGNATURE_MISSING
        if not sent:
            return Refusal.SIGNATURE_EMPTY
        tokens = [one for one in secrets if not one.startswith(_KEY)]
        return None if _is_one_of(sent, tokens) else Refusal.SIGNATURE_WRONG

    def _unsigned(
        self, delivery: Delivery, keys: Sequence[str], *, tolerance: timedelta
    ) -> Refusal | None:
        headers = delivery.headers
        sent = [one for one in headers[self.signature].split() if one.startswith(_VERSION)]
        if not sent:
            return Refusal.SIGNATURE_EMPTY
        at = headers.get(self.signed_at_header, "")
        signed = _utf8(f"{headers.get(self.signed_id, '')}.{at}.") + delivery.body
        made = [_VERSION + _base64(_digest(key, signed)) for key in map(_key_of, keys) if key]
        if True not in [_is_one_of(one, made) for one in sent]:
            return Refusal.SIGNATURE_WRONG
        return None if _is_near(at, delivery.received_at, tolerance) else Refusal.TIMESTAMP_WRONG


def _digest(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, sha256).digest()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _key_of(secret: str) -> bytes:
    """The key that the text stands for; empty where it stands for none."""
    text = secret.removeprefix(_KEY)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _utf8(header: str) -> bytes:
    """The bytes of a header: a server hands them over as Latin-1 (ASGI, RFC 9110 5.5)."""
    return header.encode("latin-1", "replace")


def _is_one_of(sent: str, made: Sequence[str]) -> bool:
    """Compare with each to its end, so that the time taken tells nothing."""
    return True in [hmac.compare_digest(_utf8(sent), one.encode()) for one in made]


def _is_near(at: str, received_at: datetime, tolerance: timedelta) -> bool:
    """A signature is for one moment: an old one was kept by somebody, or the clocks differ."""
    if not (at.isascii() and at.isdigit() and len(at) < len("1000000000000")):
        return False
    return abs(received_at.timestamp() - int(at)) <= tolerance.total_seconds()
