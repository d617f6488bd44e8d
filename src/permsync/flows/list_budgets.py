"""
Lists what each credential may still ask at its host, for those who run the service.

This module must not decide who may spend it.
"""

from collections.abc import Sequence

from permsync.flows.deps import Services
from permsync.store import budgets
from permsync.store.budgets import KnownBudget


async def list_budgets(services: Services) -> Sequence[KnownBudget]:
    """Every budget as it was last learned, the scarcest first within its host."""
    async with services.database.begin() as connection:
        return await budgets.load_all(connection)
