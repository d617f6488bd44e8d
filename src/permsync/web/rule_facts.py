"""
What of an explicit rule goes out to programs and commands.

This module must not know who is told.
"""

from datetime import datetime

from pydantic import BaseModel

from permsync.model import Verdict
from permsync.store.explicit_rules import ListedRule


class RuledRepository(BaseModel):
    """The repository that a rule is about, and how it is called now."""

    id: str
    host: str
    external_id: str
    full_name: str


class RuleFacts(BaseModel):
    """A rule: what it says, up to and at which instant, who wrote it and why."""

    id: str
    effect: Verdict
    user: str
    repository: RuledRepository
    expires_at: datetime | None
    note: str | None
    actor: str | None
    created_at: datetime


def rule_facts(listed: ListedRule) -> RuleFacts:
    """The rule as it is told."""
    rule, repository = listed.rule, listed.repository
    return RuleFacts(
        id=str(rule.id),
        effect=rule.wish.effect,
        user=str(rule.wish.user_id),
        repository=RuledRepository(
            id=str(repository.id),
            host=repository.host,
            external_id=repository.external_id,
            full_name=repository.full_name,
        ),
        expires_at=rule.wish.expires_at,
        note=rule.wish.note,
        actor=rule.actor,
        created_at=rule.created_at,
    )
