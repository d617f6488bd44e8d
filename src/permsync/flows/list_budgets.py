"""
Lists what each credential may still ask at its host, for those who run the service.

This module must not decide who may spend it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from permsync.flows.deps import Services
from permsync.rules.budget import Budget, reserved
from permsync.store import budgets
from permsync.store.engine import database_now


@dataclass(frozen=True, slots=True)
class BudgetNow:
    """
    A budget as it stands: whose, what is left of it, and how much of that is for people.

    ``credential`` names an account by our id, a connection, an app, or an app's installation by
    its owner; ``client`` where the host counts all of them together. ``reserved`` requests are
    left to people who wait. ``is_refused`` while the host refuses everything; ``is_over`` when
    the window ended, and everything is left again.
    """

    host: str
    credential: str
    budget: Budget
    reserved: int
    seen_at: datetime
    is_refused: bool
    is_over: bool


async def list_budgets(
    services: Services, *, host: str | None = None, limit: int = 100
) -> Sequence[BudgetNow]:
    """The scarcest budgets, of one host or of all; raises ``UnknownError`` for a host."""
    if host is not None:
        services.host(host)
    async with services.database.begin() as connection:
        known = await budgets.load_scarcest(connection, host=host, limit=limit)
        now = await database_now(connection)
    return [_as_of(one, now) for one in known]


def _as_of(known: budgets.KnownBudget, now: datetime) -> BudgetNow:
    budget = known.budget
    return BudgetNow(
        host=known.host,
        credential=known.credential,
        budget=budget,
        reserved=reserved(budget),
        seen_at=known.seen_at,
        is_refused=budget.limited_until is not None and budget.limited_until > now,
        is_over=budget.resets_at <= now,
    )
