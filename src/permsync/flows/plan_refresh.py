"""
Reads an account and asks the rules whether it may be refreshed now.

What is decided here: which facts of the database become facts of the rules. This module
must not decide what follows from them.
"""

from datetime import timedelta

from permsync.codehost import Rotation, TokenGrant
from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.model import LIVING
from permsync.rules.refresh import FOREVER, AccountFacts
from permsync.rules.refresh.claim import Plan, plan_claim
from permsync.rules.refresh.keep_alive import keep_alive_in
from permsync.store import refreshes
from permsync.store.refreshes import Holding


async def load_holding(services: Services, account_id: int) -> Holding:
    """The account and its tokens as they are now; raises ``UnknownError``."""
    async with services.database.single() as connection:
        holding = await refreshes.load(connection, account_id, clients=services.client_digests)
    if holding is None:
        raise UnknownError(what="account", name=str(account_id))
    return holding


def facts_of(holding: Holding, *, refused: bool = False) -> AccountFacts:
    """
    What the rules need to know of the account.

    ``refused`` means that the API refuses its present access token, whatever its expiry says.
    """
    account = holding.account
    serves = holding.access is not None and account.state in LIVING and not refused
    return AccountFacts(
        state=account.state,
        reason=account.reason,
        link_id=account.link_id,
        version=account.token_version,
        has_refresh_token=holding.refresh is not None,
        rejections=account.rejections,
        faults=holding.faults,
        refresh_try_at=account.refresh_try_at,
        uncertain_before=holding.uncertain_before,
        reused_before=holding.reused_before,
        candidates=holding.candidates,
        serves_until=(account.access_expires_at or FOREVER) if serves else None,
        user_disabled=holding.user_disabled,
    )


def plan_of(services: Services, holding: Holding, *, refused: bool = False) -> Plan:
    """Whether the account may be refreshed now; nothing is presented to an unknown host."""
    configured = services.hosts.get(holding.account.host)
    return plan_claim(
        facts_of(holding, refused=refused),
        holding.attempt,
        holding.circuit,
        services.durations,
        rotation=configured.host.rotation if configured is not None else Rotation.FAMILY,
        now=holding.now,
    )


def due_in(services: Services, host: str, granted: TokenGrant) -> timedelta:
    """When a link that nobody uses is refreshed after this grant."""
    life = granted.refresh_expires_in or services.host(host).host.refresh_life
    return keep_alive_in(life, services.durations, jitter=services.chance.jitter())
