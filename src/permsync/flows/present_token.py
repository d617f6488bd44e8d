"""
One refresh: claim the attempt, present the token, hand the answer to its commit.

What is decided here: nothing may fail between the claim and the request for lack of a
setting or a key, and whoever was held up past their own deadline sends nothing (I6). What
an answer means is decided in ``rules.refresh.outcome`` and written by ``settle_attempt``.
"""

from datetime import timedelta

from permsync import transport
from permsync.codehost import Response
from permsync.flows.deps import Services
from permsync.flows.seal_tokens import open_candidate, open_refresh
from permsync.flows.settle_attempt import settle_attempt
from permsync.flows.write_outcome import Attempt
from permsync.rules.refresh import Answer, NotSent, Unanswered
from permsync.rules.refresh.claim import Claim
from permsync.store import candidates, refresh_attempts
from permsync.store.refreshes import Holding
from permsync.telemetry import Event, logger

log = logger(__name__)


async def present_token(services: Services, holding: Holding, plan: Claim) -> None:
    """Refresh this account as planned, unless anything moved since it was read."""
    attempt = await _claim(services, holding, plan)
    if attempt is not None:
        answer, response = await _present(services, attempt)
        await settle_attempt(services, attempt, answer, response)


async def _claim(services: Services, holding: Holding, plan: Claim) -> Attempt | None:
    """
    The intent, durable (I2); ``None`` where somebody else was faster.

    The lease begins after the deadline. A token's life counts from the claim, before its
    request: so it is never taken for younger than it is, nor aged by a wait for a place.
    """
    durations, account = services.durations, holding.account
    send_before = services.clock.boottime() + durations.refresh_deadline.total_seconds()
    # Whatever may fail for lack of settings fails before there is an attempt to doubt.
    configured = services.host(account.host)
    token = await _open(services, holding, plan)
    if token is None:
        return None
    async with services.database.single() as connection:
        claimed = await refresh_attempts.claim(
            connection,
            account,
            plan,
            owner=services.owner,
            token_digest=services.vault.digest(token),
            key_id=services.vault.primary_key_id,
            client_digest=configured.client_digest,
            deadline_in=durations.refresh_deadline,
            lease_in=durations.refresh_lease,
        )
    if claimed is None:
        return None
    log.debug(Event.REFRESH_CLAIMED, account=account.id, host=account.host, attempt=claimed.id)
    if account.access_expires_at is not None:
        left = (account.access_expires_at - claimed.started_at).total_seconds()
        services.metrics.seconds_to_expiry.labels(account.host).observe(left)
    return Attempt(
        id=claimed.id,
        account=account,
        configured=configured,
        presented=token,
        redirect_uri=holding.redirect_uri,
        asked_at=claimed.started_at,
        send_before=send_before,
        candidate=plan.candidate,
        probes=plan.probes,
    )


async def _open(services: Services, holding: Holding, plan: Claim) -> str | None:
    if plan.candidate is None:
        return open_refresh(services.vault, holding)
    async with services.database.single() as connection:
        found = await candidates.load(connection, plan.candidate)
    if found is None:
        return None
    version, sealed = found
    link_id = holding.account.link_id
    return open_candidate(
        services.vault, sealed, attempt_id=plan.candidate, link_id=link_id, version=version
    )


async def _present(services: Services, attempt: Attempt) -> tuple[Answer, Response | None]:
    """Send the token, unless this process was held up past its own deadline (I6)."""
    host = attempt.configured.host
    assert attempt.presented is not None  # noqa: S101 - it was opened before the claim
    request = host.refresh_request(
        refresh_token=attempt.presented, redirect_uri=attempt.redirect_uri
    )
    remaining = attempt.send_before - services.clock.boottime()
    if remaining <= 0:
        return NotSent(), None
    answer = await services.transport.send(
        request,
        connect_in=services.durations.refresh_connect,
        deadline_in=timedelta(seconds=remaining),
        fresh=True,
    )
    match answer:
        case Response():
            return host.parse_refresh(answer), answer
        case transport.NotSent():
            return NotSent(), None
        case _:
            return Unanswered(), None
