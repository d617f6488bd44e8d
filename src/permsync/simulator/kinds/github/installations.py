"""
Who speaks at GitHub when no person does: an app by what it signs, an installation by its token.

Facts: "Generating a JSON Web Token (JWT) for a GitHub App", "Generating an installation access
token"; tokens have the form of April 2026, `ghs_APPID_JWT`, several hundred characters of it.
"""

import secrets
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from permsync.simulator.exchange import Exchange, Refused, Standing, Unauthorized
from permsync.simulator.kinds.github.rows import APP_NUMBER
from permsync.simulator.repositories import Installation
from permsync.simulator.tokens import Client, InstalledToken

MOST_SECONDS = 600
LACKING = "Resource not accessible by integration"
SUSPENDED = "This installation has been suspended"


def app_of(exchange: Exchange) -> Client:
    """The app whose signed statement the request carries; raises Refused."""
    if exchange.bearer is None:
        raise Unauthorized(Standing.MISSING)
    claims = _claims(exchange.bearer)
    client = _client(exchange, claims.get("iss"))
    if not any(_proves(key, exchange.bearer) for key in client.public_keys):
        raise Refused(401, "A JSON web token could not be decoded")
    now = exchange.world.now()
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now:
        raise Refused(401, "'Issued at' claim ('iat') must be an Integer representing the past")
    if not isinstance(expires, int) or expires <= now:
        raise Refused(401, "'Expiration time' claim ('exp') must be a time in the future")
    if expires > now + MOST_SECONDS:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    return client


def mint(exchange: Exchange, installation: Installation) -> InstalledToken:
    """A new token of the installation, longer than a short column and of no fixed length."""
    body = ".".join(secrets.token_urlsafe(length) for length in (45, 250, 64))
    token = InstalledToken(
        access=f"ghs_{APP_NUMBER}_{body}",
        installation=installation.id,
        expires_at=exchange.world.now() + exchange.host.policy.installation_ttl_seconds,
    )
    exchange.host.tokens.installed[token.access] = token
    return token


def installed(exchange: Exchange, *, needs: str) -> Installation | None:
    """
    The installation whose token the request carries, None where it carries none of those.

    Raises Unauthorized for one that is over, Refused where the installation sleeps or lacks
    what the request needs.
    """
    token = exchange.host.tokens.installed.get(exchange.bearer or "")
    if token is None:
        return None
    found = exchange.host.installations.get(token.installation)
    if found is None or exchange.world.now() >= token.expires_at:
        raise Unauthorized(Standing.EXPIRED)
    if found.suspended_at is not None:
        raise Refused(403, SUSPENDED)
    if needs not in found.permissions:
        headers = {"X-Accepted-GitHub-Permissions": f"{needs}=read"}
        raise Refused(403, LACKING, headers=headers)
    return found


def _client(exchange: Exchange, issuer: object) -> Client:
    for client in exchange.host.tokens.clients.values():
        if client.kind == "github_app" and issuer in {client.client_id, str(APP_NUMBER)}:
            return client
    raise Refused(404, "Integration not found")


def _claims(token: str) -> dict[str, Any]:
    """What a statement says, before anybody believes it."""
    try:
        return msgspec.json.decode(jws.extract_compact(token.encode()).payload, type=dict[str, Any])
    except (JoseError, ValueError):
        raise Refused(401, "A JSON web token could not be decoded") from None


def _proves(public_key: str, token: str) -> bool:
    try:
        jws.deserialize_compact(token, RSAKey.import_key(public_key), ["RS256"])
    except (JoseError, ValueError):
        return False
    return True
