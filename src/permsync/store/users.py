"""
Users and their sign-in identities.

What is decided here: a user is found by (issuer, subject) or our id, never by e-mail.
This module must not know how a sign-in works.
"""

from collections.abc import Sequence

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import AccountState, User
from permsync.store import schema
from permsync.store.rows import user_of

_user = schema.user
_identity = schema.identity


async def load(connection: AsyncConnection, user_id: int) -> User | None:
    """The user with our id."""
    row = (await connection.execute(select(_user).where(_user.c.id == user_id))).mappings().first()
    return user_of(row) if row else None


async def load_by_identity(
    connection: AsyncConnection, *, issuer: str, subject: str
) -> User | None:
    """The user behind a sign-in identity."""
    query = (
        select(_user)
        .join(_identity)
        .where(_identity.c.issuer == issuer, _identity.c.subject == subject)
    )
    row = (await connection.execute(query)).mappings().first()
    return user_of(row) if row else None


async def load_by_account(
    connection: AsyncConnection, *, host: str, external_id: str
) -> User | None:
    """The user who holds this host identity; an unlinked account is nobody's."""
    account = schema.account
    query = (
        select(_user)
        .join(account, account.c.user_id == _user.c.id)
        .where(
            account.c.host == host,
            account.c.external_id == external_id,
            account.c.state != AccountState.UNLINKED.value,
        )
    )
    row = (await connection.execute(query)).mappings().first()
    return user_of(row) if row else None


async def load_page(connection: AsyncConnection, *, after: int, limit: int) -> Sequence[User]:
    """Users by ascending id, from the one after ``after``."""
    query = select(_user).where(_user.c.id > after).order_by(_user.c.id).limit(limit)
    return [user_of(row) for row in (await connection.execute(query)).mappings()]


async def save_signed_in(
    connection: AsyncConnection, *, issuer: str, subject: str, name: str, email: str | None
) -> tuple[User, bool]:
    """
    The user of a confirmed sign-in, created at the first one; and whether it was created.

    Two first sign-ins at once make one user: they queue for a lock named by the identity.
    """
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"identity {issuer} {subject}"},
    )
    known = await load_by_identity(connection, issuer=issuer, subject=subject)
    if known is not None:
        await connection.execute(
            update(_user).where(_user.c.id == known.id).values(name=name, email=email)
        )
        return User(known.id, name, email, known.disabled_at), False
    query = insert(_user).values(name=name, email=email).returning(_user)
    user = user_of((await connection.execute(query)).mappings().one())
    await connection.execute(
        upsert(_identity).values(issuer=issuer, subject=subject, user_id=user.id)
    )
    return user, True


async def save_disabled(
    connection: AsyncConnection, user_id: int, *, disabled: bool
) -> User | None:
    """Disable or enable; returns the user, or ``None`` where there is none."""
    query = (
        update(_user)
        .where(_user.c.id == user_id)
        .values(disabled_at=func.clock_timestamp() if disabled else None)
        .returning(_user)
    )
    row = (await connection.execute(query)).mappings().first()
    return user_of(row) if row else None


async def note_asked(connection: AsyncConnection, user_id: int, *, at_most_every: float) -> bool:
    """Note that somebody asked about this user, at most once in so many seconds."""
    noted = await connection.execute(
        text(
            'UPDATE "user" SET asked_at = clock_timestamp() WHERE id = :id AND (asked_at IS NULL'
            " OR asked_at < clock_timestamp() - make_interval(secs => :every))"
        ),
        {"id": user_id, "every": at_most_every},
    )
    return noted.rowcount == 1
