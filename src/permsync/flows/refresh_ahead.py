"""
Refreshes a token that is still good but stale, so that the next caller need not wait.

It is what a nudge of ``flows.fresh_token`` leads to; whoever waits comes first. This module
must not decide when a token is stale.
"""

from permsync.flows.deps import Services
from permsync.flows.fresh_token import freshness_of
from permsync.flows.plan_refresh import load_holding, plan_of
from permsync.flows.refresh_account import carry_out
from permsync.model import LIVING
from permsync.rules.freshness import Fresh


async def refresh_ahead(services: Services, account_id: int) -> None:
    """Refresh unless the token is fresh; an account that lost access is left alone."""
    holding = await load_holding(services, account_id)
    if holding.account.state in LIVING and not isinstance(freshness_of(services, holding), Fresh):
        await carry_out(services, holding, plan_of(services, holding), urgent=False)
