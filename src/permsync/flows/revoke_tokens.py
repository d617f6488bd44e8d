"""
Tells a host to forget tokens that we no longer keep: one try at one row of the outbox.

It revokes tokens, never the person's whole authorization, and nothing that could end a
link of today. The row outlives this process, so a try may be cut short anywhere: whoever
comes next sends it again, and the host does not mind. This module must not decide what an
answer means; ``rules.revocation`` does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from permsync.codehost import Request, Response
from permsync.errors import DatabaseUnavailableError, SealedValueError, SealingKeyError
from permsync.flows.deps import ConfiguredHost, Services
from permsync.flows.queue_revocation import place
from permsync.flows.seal_tokens import ACCESS, REFRESH, open_both
from permsync.model import Sealed, TokenSet
from permsync.rules.revocation import (
    CONFIRMED,
    Again,
    Effort,
    Outcome,
    Standing,
    plan_again,
    plan_answers,
    plan_sending,
)
from permsync.store import refreshes, revocations
from permsync.store.engine import Connection
from permsync.store.refreshes import Holding
from permsync.store.revocations import ClaimedRevocation
from permsync.telemetry import Event, logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Try:
    """One claimed revocation, and what the account of its tokens holds today."""

    claimed: ClaimedRevocation
    holding: Holding | None


async def revoke_now(services: Services, revocation_ids: Sequence[int]) -> bool:
    """
    Try each once for somebody who waits; true if the host confirmed them all in time.

    False says nothing: the outbox goes on trying.
    """
    try:
        async with asyncio.timeout(services.durations.revoke_wait.total_seconds()):
            outcomes = [await revoke_next(services, revocation_id=one) for one in revocation_ids]
    except (TimeoutError, DatabaseUnavailableError, SealingKeyError):
        return False
    return bool(outcomes) and all(one in CONFIRMED for one in outcomes)


async def revoke_next(
    services: Services, *, host: str | None = None, revocation_id: int | None = None
) -> Outcome | Again | None:
    """
    Try the oldest due revocation once, of this host or with this id.

    ``None`` where nothing is due. Raises ``SealingKeyError`` where the key of its tokens
    is not configured; the row stays.
    """
    attempt = await _claim(services, host=host, revocation_id=revocation_id)
    if attempt is None:
        return None
    ended = await _attempt(services, attempt)
    async with services.database.begin() as connection:
        await _write(connection, attempt.claimed, ended)
    log.info(
        Event.TOKEN_REVOKED,
        host=attempt.claimed.revocation.host,
        revocation=attempt.claimed.revocation.id,
        outcome="again" if isinstance(ended, Again) else ended.value,
    )
    return ended


async def _claim(services: Services, *, host: str | None, revocation_id: int | None) -> Try | None:
    async with services.database.begin() as connection:
        claimed = await revocations.claim(
            connection,
            lease_in=services.durations.refresh_lease,
            host=host,
            revocation_id=revocation_id,
        )
        if claimed is None:
            return None
        account_id = claimed.revocation.account_id
        holding = None if account_id is None else await refreshes.load(connection, account_id)
    return Try(claimed, holding)


async def _write(
    connection: Connection, claimed: ClaimedRevocation, ended: Outcome | Again
) -> None:
    if isinstance(ended, Again):
        await revocations.postpone(connection, claimed, try_in=ended.try_in)
    else:
        await revocations.close(connection, claimed, ended)


async def _attempt(services: Services, attempt: Try) -> Outcome | Again:
    claimed = attempt.claimed
    effort = Effort(
        tries=claimed.tries,
        created_at=claimed.created_at,
        now=claimed.now,
        jitter=services.chance.jitter(),
    )
    configured = services.hosts.get(claimed.revocation.host)
    if configured is None:
        return plan_again(effort, services.durations)
    try:
        tokens = _open(services, claimed)
    except SealedValueError:
        log.exception(Event.DEFECT, revocation=claimed.revocation.id)
        return Outcome.UNREADABLE
    try:
        is_current = _shares_token(services, tokens, attempt.holding)
    except SealedValueError:
        # Those of today are damaged: nobody can tell, and a new link will.
        log.exception(Event.DEFECT, revocation=claimed.revocation.id)
        return plan_again(effort, services.durations)
    requests = configured.host.revoke_requests(
        access_token=tokens.access_token, refresh_token=tokens.refresh_token
    )
    standing = Standing(
        revokes_alone=configured.host.revokes_alone,
        is_linked=None if attempt.holding is None else attempt.holding.access is not None,
        is_current=is_current,
        is_offered=bool(requests),
        dies_at=claimed.revocation.dies_at,
    )
    unsent = plan_sending(standing, now=claimed.now)
    if unsent is not None:
        return unsent
    answers = await _send(services, configured, requests)
    return plan_answers(answers, effort, services.durations)


def _open(services: Services, claimed: ClaimedRevocation) -> TokenSet:
    revocation = claimed.revocation
    link_id = revocation.link_id

    def opened(sealed: Sealed | None, field: str) -> str | None:
        where = place(revocation.id, link_id=link_id, field=field)
        return services.vault.open(sealed, binding=where) if sealed is not None else None

    return TokenSet(opened(revocation.access, ACCESS), opened(revocation.refresh, REFRESH))


def _shares_token(services: Services, old: TokenSet, holding: Holding | None) -> bool:
    """Whether the account holds one of the old tokens today: a host may give one out twice."""
    if holding is None or holding.access is None:
        return False
    vault = services.vault
    today = open_both(vault, holding)
    held = {vault.digest(one) for one in (today.access_token, today.refresh_token) if one}
    return any(vault.digest(one) in held for one in (old.access_token, old.refresh_token) if one)


async def _send(
    services: Services, configured: ConfiguredHost, requests: tuple[Request, ...]
) -> list[Response | None]:
    """Send the requests in their order, up to the first that gets no answer."""
    answers: list[Response | None] = []
    for request in requests:
        answer = await services.transport.send(
            request,
            connect_in=services.durations.refresh_connect,
            deadline_in=services.durations.refresh_deadline,
            fresh=True,
        )
        answers.append(answer if isinstance(answer, Response) else None)
        if answers[-1] is None:
            log.warning(Event.HTTP_UNANSWERED, host=configured.name)
            break
    return answers
