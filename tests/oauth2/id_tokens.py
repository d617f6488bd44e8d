"""A provider's keys and the id tokens it signs, right ones and any others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from permsync.oauth2.openid import Claims, parse_id_token

ISSUER = "https://id.example/realm"
CLIENT = "permsync"
NONCE = "nonce-1"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://id.example/keys",
    "subject_types_supported": ["public"],
}
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "sub": "subject-1",
    "aud": CLIENT,
    "exp": AT + 300,
    "iat": AT,
    "nonce": NONCE,
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "groups": ["admins"],
}


@cache
def rsa() -> RSAKey:
    """The provider's RSA key."""
    return RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})


@cache
def ec() -> ECKey:
    """The provider's elliptic-curve key."""
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


def public(key: Key, **changes: object) -> dict[str, Any]:
    """A key as the provider publishes it."""
    return {**key.as_dict(private=False), **changes}


def signed(
    claims: Mapping[str, Any] = CLAIMS,
    *,
    key: Key | None = None,
    alg: str = "RS256",
    kid: str | None = "rsa-1",
) -> str:
    """An id token, signed."""
    header = {"alg": alg} if kid is None else {"alg": alg, "kid": kid}
    return jwt.encode(header, dict(claims), key or rsa(), algorithms=[alg])


def believe(id_token: str, **changes: Any) -> Claims:
    """Read an id token as the one that was asked for; raises ``SignInRefusedError``."""
    expected = {
        "keys": (public(rsa()), public(ec())),
        "issuer": ISSUER,
        "client_id": CLIENT,
        "nonce": NONCE,
        "now": NOW,
    }
    return parse_id_token(id_token, **{**expected, **changes})
