"""
The audit trail: who did what to which account or person, written with the change itself.

It holds words and ids of ours only: no secret, no host text. This module must not decide
what is worth an entry.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.store import schema


class Action(StrEnum):
    """What an entry says happened."""

    ACCOUNT_LINKED = "account_linked"
    ACCOUNT_RELINKED = "account_relinked"
    ACCOUNT_UNLINKED = "account_unlinked"
    ACCOUNT_SUSPECT = "account_suspect"
    ACCOUNT_ENDED = "account_ended"
    ACCOUNT_HEALED = "account_healed"
    REFRESH_FAILED = "refresh_failed"
    USER_CREATED = "user_created"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    RULE_SET = "rule_set"
    RULE_ENDED = "rule_ended"
    SIGNED_IN = "signed_in"
    SYNC_CANCELLED = "sync_cancelled"
    POLICY_CHANGED = "policy_changed"
    TOKEN_LENT = "token_lent"  # noqa: S105 - the name of an action, no credential
    SERVICE_KEY_CREATED = "service_key_created"
    SERVICE_KEY_REVOKED = "service_key_revoked"
    SEALING_KEY_FIRST_USED = "sealing_key_first_used"
    SEALING_KEY_ROTATED = "sealing_key_rotated"
    SEALING_KEY_RETIRED = "sealing_key_retired"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``actor`` is ``user:<id>``, ``key:<name>``, ``permsync`` or ``operator``."""

    action: Action
    actor: str
    user_id: int | None = None
    account_id: int | None = None
    host: str | None = None
    code: str | None = None
    token_version: int | None = None
    repository_id: int | None = None


async def record(connection: AsyncConnection, entry: Entry) -> None:
    """Write the entry in the caller's transaction."""
    await connection.execute(
        insert(schema.audit_event).values(
            action=entry.action.value,
            actor=entry.actor,
            user_id=entry.user_id,
            account_id=entry.account_id,
            host=entry.host,
            code=entry.code,
            token_version=entry.token_version,
            repository_id=entry.repository_id,
        )
    )
