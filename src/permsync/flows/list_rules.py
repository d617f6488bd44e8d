"""
Lists the explicit rules of a person, of a repository, or all, a page at a time.

This module must not know who may look.
"""

from dataclasses import dataclass

from permsync.flows.deps import Services
from permsync.store import explicit_rules
from permsync.store.explicit_rules import ListedRule

PAGE = 500


@dataclass(frozen=True, slots=True)
class RulePage:
    """Rules by ascending id; ``next_after`` continues, and is ``None`` at the end."""

    items: tuple[ListedRule, ...]
    next_after: int | None


async def list_rules(
    services: Services,
    *,
    user_id: int | None = None,
    repository_id: int | None = None,
    after: int = 0,
    limit: int = PAGE,
) -> RulePage:
    """The next rules after the one with id ``after``; one that is over stands until swept."""
    async with services.database.begin() as connection:
        found = await explicit_rules.load_page(
            connection, user_id=user_id, repository_id=repository_id, after=after, limit=limit + 1
        )
    items = tuple(found[:limit])
    return RulePage(items, items[-1].rule.id if len(found) > limit else None)
