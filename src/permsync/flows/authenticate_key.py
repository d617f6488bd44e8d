"""
Service keys: making them, and finding the one a program presents.

What is decided here: a key looks like ``psk_`` and 256 bits of chance, is shown once and
stored as a hash. This module must not know a web request.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from enum import StrEnum

from permsync.errors import (
    ForbiddenError,
    MalformedError,
    UnauthenticatedError,
    UnknownError,
)
from permsync.flows.deps import Services
from permsync.flows.own_secrets import hash_of
from permsync.rules.lending import EVERY, LendingRight
from permsync.store import audit, engine, service_keys, users
from permsync.store.audit import Action
from permsync.store.engine import Connection
from permsync.store.service_keys import ServiceKey

PREFIX = "psk_"
NOTHING = LendingRight()


class Scope(StrEnum):
    """What a service key may be allowed."""

    CHECK = "check"
    LIST = "list"
    ACCOUNTS = "accounts"
    REFRESH = "refresh"
    RULES = "rules"
    RULES_WRITE = "rules:write"
    TOKENS_LEND = "tokens:lend"
    ADMIN = "admin"


# Whoever may do everything else may still not have people's tokens: that is said by name.
NOT_IMPLIED = frozenset({Scope.TOKENS_LEND})
# Whoever writes rules has to read them.
IMPLIED_BY = {Scope.RULES: frozenset({Scope.RULES_WRITE.value})}


async def create_key(
    services: Services,
    *,
    name: str,
    scopes: Iterable[Scope],
    lives_in: timedelta | None,
    lends: LendingRight = NOTHING,
) -> tuple[str, ServiceKey]:
    """
    Make a key; the first value is the key itself, which nobody can read again.

    Raises ``MalformedError`` where the name is taken, where there is no scope, or where
    ``lends`` does not fit the scopes or names somebody unknown.
    """
    allowed = frozenset(scope.value for scope in scopes)
    if not allowed:
        raise MalformedError(field="scopes", expected="at least one scope")
    _check_fit(allowed, lends)
    secret = PREFIX + services.chance.secret()
    async with services.database.begin() as connection:
        await _check_known(services, connection, lends)
        now = await engine.database_now(connection)
        key = await service_keys.save(
            connection,
            name=name,
            key_hash=hash_of(secret),
            scopes=allowed,
            lends=lends,
            expires_at=now + lives_in if lives_in is not None else None,
        )
        if key is None:
            raise MalformedError(field="name", expected="a name that no other key has")
        await audit.record(
            connection,
            audit.Entry(action=Action.SERVICE_KEY_CREATED, actor="operator", code=name),
        )
    return secret, key


def _check_fit(scopes: frozenset[str], lends: LendingRight) -> None:
    """A key that may be lent tokens says for which hosts and for whom, and no other does."""
    bound = (bool(lends.hosts), bool(lends.users))
    if Scope.TOKENS_LEND in scopes and not all(bound):
        raise MalformedError(
            field="lends", expected="the hosts and the people to lend for; name them, or all"
        )
    if Scope.TOKENS_LEND not in scopes and any(bound):
        raise MalformedError(field="scopes", expected=f"{Scope.TOKENS_LEND} to lend tokens")


async def _check_known(services: Services, connection: Connection, lends: LendingRight) -> None:
    """A name that is misspelt now would bind the key to whoever has it one day."""
    unknown_hosts = lends.hosts - services.hosts.keys() - {EVERY}
    if unknown_hosts:
        raise UnknownError(what="host", name=min(unknown_hosts))
    for user in lends.users - {EVERY}:
        if await users.load(connection, int(user)) is None:
            raise UnknownError(what="user", name=user)


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
    enough = {needs.value} if needs in NOT_IMPLIED else {needs.value, Scope.ADMIN.value}
    enough |= IMPLIED_BY.get(needs, frozenset())
    if key.scopes.isdisjoint(enough):
        raise ForbiddenError(needed=needs.value)
    return key
