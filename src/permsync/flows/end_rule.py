"""
Ends an operator's word about a person and a repository, at once.

What the listings say of the pair counts again by itself: no sync ever touched it. This
module must not decide who may do that.
"""

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.store import audit, changes, explicit_rules
from permsync.store.audit import Action
from permsync.store.explicit_rules import ListedRule


async def end_rule(services: Services, rule_id: int, *, actor: str) -> ListedRule:
    """Delete this rule and return what it was; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        ended = await explicit_rules.remove(connection, rule_id)
        if ended is None:
            raise UnknownError(what="rule", name=str(rule_id))
        wish = ended.rule.wish
        entry = audit.Entry(
            Action.RULE_ENDED,
            actor,
            user_id=wish.user_id,
            repository_id=wish.repository_id,
            code=explicit_rules.word_of(wish),
        )
        await audit.record(connection, entry)
        change = explicit_rules.change_of(wish, None)
        await changes.append(connection, [change] if change else [])
    return ended
