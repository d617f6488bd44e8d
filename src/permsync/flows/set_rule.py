"""
Writes an operator's word: this person may, or may not, see this repository.

A rule takes the place of the one alike (same person, repository and effect); writing the
same once more writes nothing. This module must not decide who may do that, nor what a rule
means.
"""

from dataclasses import dataclass
from datetime import datetime

from permsync.errors import MalformedError, UnknownError
from permsync.flows.check import RepositoryRef, Subject, load_repository, load_subject
from permsync.flows.deps import Services
from permsync.model import Repository, Verdict
from permsync.store import audit, changes, engine, explicit_rules
from permsync.store.audit import Action
from permsync.store.engine import Connection
from permsync.store.explicit_rules import ListedRule, StoredRule, Wish


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What is to hold, up to and at ``expires_at``, and why in the operator's own words."""

    effect: Verdict
    expires_at: datetime | None = None
    note: str | None = None


async def set_rule(
    services: Services, subject: Subject, ref: RepositoryRef, terms: RuleTerms, *, actor: str
) -> ListedRule:
    """
    Let this rule stand for this pair.

    Raises ``UnknownError`` where the person or the repository is unknown or gone, and
    ``MalformedError`` for an end that has passed.
    """
    async with services.database.begin() as connection:
        user_id = await _lock_subject(connection, subject)
        repository = await _known(connection, ref)
        wish = Wish(user_id, repository.id, terms.effect, terms.expires_at, terms.note)
        await _check_end(connection, wish)
        alike = await explicit_rules.load_alike(connection, wish)
        if alike is not None and alike.wish == wish:
            return ListedRule(alike, repository)
        rule = await explicit_rules.save(connection, wish, actor=actor, replaces=alike)
        await _tell(connection, rule, was=alike, actor=actor)
    return ListedRule(rule, repository)


async def _lock_subject(connection: Connection, subject: Subject) -> int:
    user = await load_subject(connection, subject)
    if user is None or not await explicit_rules.lock_user(connection, user.id):
        raise UnknownError(what="user", name=str(subject))
    return user.id


async def _known(connection: Connection, ref: RepositoryRef) -> Repository:
    """A repository that is gone is as unknown here as it is to a check."""
    known = await load_repository(connection, ref)
    if known is None or known.gone_at is not None:
        raise UnknownError(what="repository", name=str(ref))
    return known


async def _check_end(connection: Connection, wish: Wish) -> None:
    if wish.expires_at is not None and wish.expires_at <= await engine.database_now(connection):
        raise MalformedError(field="expires_at", expected="This must lie in the future.")


async def _tell(
    connection: Connection, rule: StoredRule, *, was: StoredRule | None, actor: str
) -> None:
    """Another note alone is no change to anybody who reads changes, but it has its entry."""
    wish = rule.wish
    entry = audit.Entry(
        Action.RULE_SET,
        actor,
        user_id=wish.user_id,
        repository_id=wish.repository_id,
        code=explicit_rules.word_of(wish),
    )
    await audit.record(connection, entry)
    change = explicit_rules.change_of(was.wish if was else None, wish)
    await changes.append(connection, [change] if change else [])
