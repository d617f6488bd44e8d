"""
What an app states of itself at the simulated GitHub, signed with a key of these tests.

Speaks as any client would: nothing of the product takes part.
"""

import time
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from permsync.simulator.host import Host
from tests.simulator.visitor import Answer, Visitor, ask

INSTALLED = "/api/v3/app/installations"


@cache
def key() -> RSAKey:
    """The key whose public half is registered."""
    return RSAKey.generate_key(2048)


def register(host: Host) -> None:
    """Make the one client of the host an app with this key, beside an older one."""
    (client,) = host.tokens.clients.values()
    older = RSAKey.generate_key(2048)
    client.public_keys = [each.as_pem(private=False).decode() for each in (older, key())]


def statement(host: Host, *, signed_with: RSAKey | None = None, **changes: Any) -> str:
    """A statement as GitHub wants it; a change to None leaves a claim out."""
    now = int(time.time())
    claims = {"iss": next(iter(host.tokens.clients)), "iat": now - 60, "exp": now + 540} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "RS256"}, kept, signed_with or key())


def mint(visitor: Visitor, installation: int, *, by: str | None = None) -> Answer:
    """Ask for a token of an installation."""
    bearer = statement(visitor.host) if by is None else by
    url = f"{visitor.url}{INSTALLED}/{installation}/access_tokens"
    return ask("POST", url, headers={"Authorization": f"Bearer {bearer}"})
