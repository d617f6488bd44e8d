"""
Where a token is refreshed: the one verb that gives anybody a token.

Read, decide, claim, send, commit, and only then use (REFRESH 3). Whoever asks (a sync, a
check, a person) comes through here, so a token is refreshed right before its use and no
page visit is needed. Nobody else talks to a token endpoint with a refresh token (I8).

- FRESH: given at once. STALE: given, and a refresh is queued. INVALID: the caller waits
  for the one refresh, its own or another process's, bounded.
- The claim is a durable row and is written before the token leaves (I1, I2).
- New tokens are committed before anybody sees them, nothing in between (I3, I9), and
  the work goes on when the caller is cancelled.

What an answer means is decided in ``rules.refresh``; this module must not decide it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from permsync.errors import TokenUnavailableError
from permsync.flows.deps import Services, pause
from permsync.flows.end_access import end_access
from permsync.flows.plan_refresh import load_holding, plan_of
from permsync.flows.refresh_account import carry_out
from permsync.flows.seal_tokens import open_access
from permsync.model import LIVING, AccountReason, AccountState, Reason
from permsync.rules import freshness
from permsync.rules.freshness import Fresh, Freshness, Stale
from permsync.rules.refresh import AttemptState
from permsync.rules.refresh.claim import Claim, Hopeless, Judge, Wait, Waiting, Withheld
from permsync.store import queue, refreshes
from permsync.store.refreshes import Holding


@dataclass(frozen=True, slots=True)
class FreshToken:
    """An access token that may be used now. Ask again at ``fresh_until``."""

    access_token: str = field(repr=False)
    link_id: str
    version: int
    scopes: frozenset[str] | None
    expires_at: datetime | None
    fresh_until: datetime | None


async def fresh_token(
    services: Services, account_id: int, *, rejected_version: int | None = None
) -> FreshToken:
    """
    A token of this account that is fresh now, refreshed first where needed.

    ``rejected_version`` is a version that the host just refused although it looked fresh:
    that one is never given again. Raises ``TokenUnavailableError`` with a reason of ours
    where there is none or the person is disabled, and ``UnknownError`` for an unknown account.
    """
    until_seconds = services.clock.boottime() + services.durations.refresh_wait.total_seconds()
    while True:
        holding = await load_holding(services, account_id)
        refused = _is_refused(holding, rejected_version)
        token = None if refused else await _usable(services, holding)
        if token is not None:
            return token
        plan = plan_of(services, holding, refused=refused)
        match plan:
            case Hopeless(reason=reason):
                await _end_if_dead(services, holding, reason, forced=rejected_version is not None)
                raise TokenUnavailableError(reason=reason.value)
            case Withheld():
                raise TokenUnavailableError(reason=Reason.USER_DISABLED.value)
            case _:
                await _wait(services, holding, plan, until_seconds=until_seconds)


def _is_refused(holding: Holding, rejected_version: int | None) -> bool:
    """Whether the host said no to the very tokens that are stored now."""
    return rejected_version is not None and holding.account.token_version <= rejected_version


def freshness_of(services: Services, holding: Holding) -> Freshness:
    """Whether the account's access token may be used now."""
    account = holding.account
    return freshness.decide(
        issued_at=account.issued_at,
        expires_at=account.access_expires_at,
        now=holding.now,
        margin=services.durations.refresh_margin,
        jitter=freshness.jitter_of(account.id, version=account.token_version),
    )


async def _usable(services: Services, holding: Holding) -> FreshToken | None:
    if holding.account.state not in LIVING or holding.access is None or holding.user_disabled:
        return None
    match freshness_of(services, holding):
        case Fresh(until=until):
            return _open(services, holding, fresh_until=until)
        case Stale(until=until):
            await _nudge(services, holding)
            return _open(services, holding, fresh_until=until)
        case _:
            return None


def _open(services: Services, holding: Holding, *, fresh_until: datetime | None) -> FreshToken:
    account = holding.account
    return FreshToken(
        access_token=open_access(services.vault, holding),
        link_id=account.link_id,
        version=account.token_version,
        scopes=account.scopes,
        expires_at=account.access_expires_at,
        fresh_until=fresh_until,
    )


async def _nudge(services: Services, holding: Holding) -> None:
    """Have a stale token refreshed soon, by whichever worker is free."""
    if isinstance(plan_of(services, holding), Claim):
        async with services.database.single() as connection:
            await queue.enqueue_refresh(connection, account_id=holding.account.id)


async def _wait(
    services: Services, holding: Holding, plan: Claim | Judge | Wait, *, until_seconds: float
) -> None:
    """
    Wait for the one refresh, ours or another's; refuse where none may run or time is up.

    It goes on when the time of this caller is up.
    """
    retry_in = services.durations.refresh_poll
    if isinstance(plan, Wait):
        retry_in = max(plan.until - holding.now, timedelta())
        if plan.why is not Waiting.RUNNING:
            raise TokenUnavailableError(reason=plan.why.value, retry_in=retry_in)
    left_seconds = until_seconds - services.clock.boottime()
    # Nobody does anything about an unanswered request before its host has settled.
    vain = _is_unanswered(holding) and retry_in.total_seconds() > left_seconds
    if left_seconds <= 0 or vain:
        raise TokenUnavailableError(reason=Waiting.RUNNING.value, retry_in=retry_in)
    with suppress(TimeoutError):
        async with asyncio.timeout(left_seconds):
            if isinstance(plan, Wait):
                await _await_other(services, holding, lease_in=retry_in)
            else:
                await carry_out(services, holding, plan, urgent=True)


def _is_unanswered(holding: Holding) -> bool:
    return holding.attempt is not None and holding.attempt.state is AttemptState.UNCERTAIN


async def _await_other(services: Services, holding: Holding, *, lease_in: timedelta) -> None:
    """Wait until a running refresh ends, or its lease does: then it may be taken over."""
    account_id, before = holding.account.id, (holding.account.token_version, True)

    async def look() -> None:
        now: tuple[int, bool] | None = before
        while now == before:
            await pause(services.durations.refresh_poll)
            async with services.database.single() as connection:
                now = await refreshes.load_version(connection, account_id)

    with suppress(TimeoutError):
        async with asyncio.timeout(lease_in.total_seconds()):
            await services.in_flight.watch(account_id, look)


async def _end_if_dead(
    services: Services, holding: Holding, reason: AccountReason, *, forced: bool
) -> None:
    """
    An expired token without a refresh token is the end of this link.

    After a refusal by the host the caller gives the verdict, it knows what was refused.
    """
    if reason is AccountReason.NO_REFRESH_TOKEN and not forced:
        await end_access(services, holding.account, state=AccountState.NEEDS_REAUTH, reason=reason)
