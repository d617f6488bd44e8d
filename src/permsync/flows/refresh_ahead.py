"""
Refreshes a token that is still good but stale, so that the next caller need not wait.

It is the background half of ``flows.fresh_token``: same claim, same commit. This module must
not decide when a token is stale.
"""

from permsync.flows.deps import Services
from permsync.flows.fresh_token import load_holding
from permsync.flows.present_token import refresh
from permsync.model import LIVING
from permsync.rules import freshness
from permsync.rules.freshness import Fresh


async def refresh_ahead(services: Services, account_id: int) -> None:
    """Refresh unless the token is fresh; an account that lost access is left alone."""
    holding = await load_holding(services, account_id)
    account = holding.account
    verdict = freshness.decide(
        issued_at=account.issued_at,
        expires_at=account.access_expires_at,
        now=holding.now,
        margin=services.durations.refresh_margin,
    )
    if account.state in LIVING and not isinstance(verdict, Fresh):
        await services.in_flight.run(refresh(services, account_id, version=account.token_version))
