"""
Explicit rules: what operators allow or deny a person about a repository.

What is decided here: a pair has at most one rule of each effect, so that a denial for a
while may stand before an allowance without end; and how a change names a rule. Nothing but
an operator writes here: no listing, no ask, no notice. This module must not know what a
rule means for a decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import RowMapping, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from permsync.model import Repository, Source, Verdict
from permsync.store import schema
from permsync.store.changes import Change, ChangeKind
from permsync.store.rows import repository_of

_rule = schema.explicit_rule
_user = schema.user

_REMOVE = text("""
DELETE FROM explicit_rule AS rule USING repository
WHERE rule.id = :id AND repository.id = rule.repository_id
RETURNING rule.id AS rule_id, rule.effect, rule.user_id, rule.repository_id, rule.created_at,
          rule.expires_at, rule.actor, rule.note, repository.*
""")
_PAGE = text("""
SELECT rule.id AS rule_id, rule.effect, rule.user_id, rule.repository_id, rule.created_at,
       rule.expires_at, rule.actor, rule.note, repository.*
FROM explicit_rule AS rule JOIN repository ON repository.id = rule.repository_id
WHERE rule.id > :after
  AND (CAST(:user_id AS bigint) IS NULL OR rule.user_id = :user_id)
  AND (CAST(:repository_id AS bigint) IS NULL OR rule.repository_id = :repository_id)
ORDER BY rule.id LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What an operator wants to hold for a person and a repository.

    ``expires_at`` is the last instant at which it holds, ``None`` is without end. ``note``
    says why, in the operator's own words.
    """

    user_id: int
    repository_id: int
    effect: Verdict
    expires_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored, by whom it was written and since when it stands."""

    id: int
    wish: Wish
    actor: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule with the repository that it is about."""

    rule: StoredRule
    repository: Repository


async def lock_user(connection: AsyncConnection, user_id: int) -> bool:
    """Let one transaction at a time write this user's rules; false where there is no user."""
    query = select(_user.c.id).where(_user.c.id == user_id).with_for_update(key_share=True)
    return (await connection.execute(query)).first() is not None


async def load_alike(connection: AsyncConnection, wish: Wish) -> StoredRule | None:
    """The rule of the same effect for the same pair, locked."""
    query = (
        select(_rule)
        .where(
            _rule.c.user_id == wish.user_id,
            _rule.c.repository_id == wish.repository_id,
            _rule.c.effect == wish.effect.value,
        )
        .with_for_update()
    )
    row = (await connection.execute(query)).mappings().first()
    return _rule_of(row, rule_id=row["id"]) if row else None


async def save(
    connection: AsyncConnection, wish: Wish, *, actor: str, replaces: StoredRule | None
) -> StoredRule:
    """Write the rule, in the place of the one alike where there is one; the user is locked."""
    values = {"expires_at": wish.expires_at, "note": wish.note, "actor": actor}
    if replaces is None:
        pair = {"user_id": wish.user_id, "repository_id": wish.repository_id}
        query = insert(_rule).values(effect=wish.effect.value, **pair, **values).returning(_rule)
        row = (await connection.execute(query)).mappings().one()
    else:
        renewed = update(_rule).where(_rule.c.id == replaces.id).values(**values).returning(_rule)
        row = (await connection.execute(renewed)).mappings().one()
    return _rule_of(row, rule_id=row["id"])


async def remove(connection: AsyncConnection, rule_id: int) -> ListedRule | None:
    """Delete a rule; returns what it was, or ``None`` where there is none of this id."""
    row = (await connection.execute(_REMOVE, {"id": rule_id})).mappings().first()
    return _listed(row) if row else None


async def delete_expired(connection: AsyncConnection, *, most: int) -> int:
    """
    Forget up to ``most`` rules that are over; returns how many.

    No change is written: they stopped counting by age, as their own change said they would.
    """
    over = select(_rule.c.id).where(_rule.c.expires_at < func.clock_timestamp()).limit(most)
    query = delete(_rule).where(_rule.c.id.in_(over), _rule.c.expires_at < func.clock_timestamp())
    return (await connection.execute(query)).rowcount


async def load_page(
    connection: AsyncConnection,
    *,
    user_id: int | None,
    repository_id: int | None,
    after: int,
    limit: int,
) -> Sequence[ListedRule]:
    """Rules by ascending id, from the one after ``after``; of a user, of a repository, or all."""
    about = {"user_id": user_id, "repository_id": repository_id, "after": after, "limit": limit}
    rows = (await connection.execute(_PAGE, about)).mappings()
    return [_listed(row) for row in rows]


def change_of(was: Wish | None, became: Wish | None) -> Change | None:
    """The change from one rule to another alike; ``None`` where both mean the same."""
    about = became or was
    before, after = (None if one is None else word_of(one) for one in (was, became))
    if about is None or before == after:
        return None
    return Change(
        kind=ChangeKind.RULE,
        user_id=about.user_id,
        repository_id=about.repository_id,
        source=Source.EXPLICIT.value,
        was=before,
        became=after,
    )


def word_of(wish: Wish) -> str:
    """``allow`` or ``deny``, and until when: all that a reader of changes needs to know."""
    if wish.expires_at is None:
        return wish.effect.value
    return f"{wish.effect.value} until {wish.expires_at.astimezone(UTC).isoformat()}"


def _listed(row: RowMapping) -> ListedRule:
    return ListedRule(_rule_of(row, rule_id=row["rule_id"]), repository_of(row))


def _rule_of(row: RowMapping, *, rule_id: int) -> StoredRule:
    return StoredRule(
        id=rule_id,
        wish=Wish(
            user_id=row["user_id"],
            repository_id=row["repository_id"],
            effect=Verdict(row["effect"]),
            expires_at=row["expires_at"],
            note=row["note"],
        ),
        actor=row["actor"],
        created_at=row["created_at"],
    )
