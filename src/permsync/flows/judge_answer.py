"""
Judges an answer that was stored and whose process died before it could, without a call.

What it says is read by the host's file of today, which may understand what that of
yesterday did not. This module must not decide what it means for the account.
"""

from permsync.flows.deps import Services
from permsync.flows.seal_tokens import open_answer, open_candidate, open_refresh
from permsync.flows.settle_attempt import settle_attempt
from permsync.flows.write_outcome import Attempt
from permsync.rules.refresh import AttemptState
from permsync.store import candidates, refresh_attempts
from permsync.store.engine import Connection
from permsync.store.refresh_attempts import StoredAttempt
from permsync.store.refreshes import Holding


async def judge_answer(services: Services, holding: Holding, attempt_id: int) -> None:
    """Settle the attempt by its stored answer, unless somebody did so meanwhile."""
    configured = services.host(holding.account.host)
    async with services.database.begin() as connection:
        stored = await refresh_attempts.load(connection, attempt_id)
        presented = await _presented(services, connection, holding, stored)
    if stored.facts.state is not AttemptState.STAGED or stored.answer is None:
        return
    response = open_answer(services.vault, stored.answer, attempt=stored.facts)
    answer = configured.host.parse_refresh(response)
    attempt = Attempt(
        id=attempt_id,
        account=holding.account,
        configured=configured,
        presented=presented,
        redirect_uri=holding.redirect_uri,
        asked_at=stored.started_at,
        send_before=0.0,
        candidate=stored.facts.candidate,
    )
    await settle_attempt(services, attempt, answer, response)


async def _presented(
    services: Services, connection: Connection, holding: Holding, stored: StoredAttempt
) -> str | None:
    """
    The token that was presented: it stays where the answer brought no other.

    ``None`` where it is not the account's own any more and no candidate either.
    """
    facts = stored.facts
    if facts.candidate is not None:
        found = await candidates.load(connection, facts.candidate)
        if found is None:
            return None
        version, sealed = found
        return open_candidate(
            services.vault,
            sealed,
            attempt_id=facts.candidate,
            link_id=facts.link_id,
            version=version,
        )
    own = (holding.account.link_id, holding.account.token_version) == (facts.link_id, facts.version)
    if not own or holding.refresh is None:
        return None
    return open_refresh(services.vault, holding)
