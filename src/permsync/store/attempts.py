"""
Authorization attempts: a person is away at a consent page and may come back, once.

What is decided here: an attempt is found by the hash of its state, read once and gone with
the reading, so that a callback cannot be replayed. This module must not know OAuth.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, func, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Sealed
from permsync.store import schema

_attempt = schema.authorization_attempt


class Purpose(StrEnum):
    """What the person went away for."""

    LINK = "link"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class AuthorizationAttempt:
    """
    One journey to a consent page and back.

    ``browser_hash`` binds it to the browser that set out; ``verifier`` is sealed.
    """

    state_hash: bytes
    purpose: Purpose
    browser_hash: bytes
    verifier: Sealed
    return_to: str
    host: str | None = None
    user_id: int | None = None


async def save(
    connection: AsyncConnection, attempt: AuthorizationAttempt, *, lives_in: timedelta
) -> None:
    """Remember an attempt for as long as ``lives_in``; forget those that are over."""
    await forget_over(connection)
    await connection.execute(
        insert(_attempt).values(
            state_hash=attempt.state_hash,
            purpose=attempt.purpose.value,
            host=attempt.host,
            user_id=attempt.user_id,
            browser_hash=attempt.browser_hash,
            verifier_sealed=attempt.verifier.ciphertext,
            key_id=attempt.verifier.key_id,
            return_to=attempt.return_to,
            expires_at=func.clock_timestamp() + lives_in,
        )
    )


async def forget_over(connection: AsyncConnection) -> None:
    """Forget the attempts that are over."""
    await connection.execute(
        delete(_attempt).where(_attempt.c.expires_at <= func.clock_timestamp())
    )


async def take(
    connection: AsyncConnection, *, state_hash: bytes, purpose: Purpose
) -> tuple[AuthorizationAttempt, bool] | None:
    """
    The attempt of this state, which is gone from now on; and whether it still lived.

    ``None`` where there is none: never begun, used, or long over.
    """
    query = (
        delete(_attempt)
        .where(_attempt.c.state_hash == state_hash, _attempt.c.purpose == purpose.value)
        .returning(*_attempt.c, (_attempt.c.expires_at > func.clock_timestamp()).label("lives"))
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    attempt = AuthorizationAttempt(
        state_hash=row["state_hash"],
        purpose=purpose,
        browser_hash=row["browser_hash"],
        verifier=Sealed(row["key_id"], row["verifier_sealed"]),
        return_to=row["return_to"],
        host=row["host"],
        user_id=row["user_id"],
    )
    return attempt, row["lives"]
