"""
Service keys: making them, and finding the one a program presents.

What is decided here: a key looks like ``psk_`` and 256 bits of chance, is shown once and
stored as a hash. This module must not know a web request.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum

from permsync.errors import ForbiddenError, MalformedError, UnauthenticatedError
from permsync.flows.deps import Services
from permsync.flows.own_secrets import hash_of
from permsync.store import audit, engine, service_keys
from permsync.store.audit import Action
from permsync.store.service_keys import ServiceKey

PREFIX = "psk_"


class Scope(StrEnum):
    """What a service key may be allowed."""

    CHECK = "check"
    LIST = "list"
    ACCOUNTS = "accounts"
    REFRESH = "refresh"
    ADMIN = "admin"


async def create_key(
    services: Services, *, name: str, scopes: Iterable[Scope], lives_in: timedelta | None
) -> tuple[str, ServiceKey]:
    """
    Make a key; the first value is the key itself, which nobody can read again.

    Raises ``MalformedError`` where the name is taken or there is no scope.
    """
    allowed = frozenset(scope.value for scope in scopes)
    if not allowed:
        raise MalformedError(field="scopes", expected="at least one scope")
    secret = PREFIX + services.chance.secret()
    async with services.database.begin() as connection:
        now = await engine.database_now(connection)
        key = await service_keys.save(
            connection,
            name=name,
            key_hash=hash_of(secret),
            scopes=allowed,
            expires_at=now + lives_in if lives_in is not None else None,
        )
        if key is None:
            raise MalformedError(field="name", expected="a name that no other key has")
        await audit.record(
            connection,
            audit.Entry(action=Action.SERVICE_KEY_CREATED, actor="operator", code=name),
        )
    return secret, key


async def revoke_key(services: Services, *, name: str) -> bool:
    """End a key; false where no living one has this name."""
    async with services.database.begin() as connection:
        revoked = await service_keys.save_revoked(connection, name)
        if revoked:
            await audit.record(
                connection,
                audit.Entry(action=Action.SERVICE_KEY_REVOKED, actor="operator", code=name),
            )
    return revoked


async def list_keys(services: Services) -> Sequence[ServiceKey]:
    """Every key by name, revoked ones too, without the keys themselves."""
    async with services.database.begin() as connection:
        return await service_keys.load_all(connection)


async def authenticate_key(services: Services, secret: str, *, needs: Scope) -> ServiceKey:
    """
    The living key behind ``secret``, if it may do what ``needs`` says.

    Raises ``UnauthenticatedError`` and ``ForbiddenError``.
    """
    async with services.database.begin() as connection:
        key = await service_keys.load_living(connection, hash_of(secret))
    if key is None:
        raise UnauthenticatedError
    if key.scopes.isdisjoint({needs.value, Scope.ADMIN.value}):
        raise ForbiddenError(needed=needs.value)
    return key
