"""
Writes down tokens that their host is to be told to forget, in the commit that lets them go.

What is decided here: what the tokens are bound to in the outbox, and when they die of age
by themselves. This module must not ask a host.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from permsync.codehost import TokenGrant
from permsync.errors import SealedValueError
from permsync.flows.deps import Services
from permsync.flows.seal_tokens import (
    ACCESS,
    REFRESH,
    open_answer,
    open_both,
    open_candidate,
)
from permsync.model import Account, Sealed, TokenSet
from permsync.store import accounts, candidates, refresh_attempts, revocations
from permsync.store.candidates import StoredCandidate
from permsync.store.engine import Connection
from permsync.store.refresh_attempts import StoredAttempt
from permsync.store.refreshes import Holding
from permsync.store.revocations import SealedRevocation
from permsync.telemetry import Event, logger
from permsync.vault import Binding

log = logger(__name__)


async def queue_revocation(
    services: Services,
    connection: Connection,
    tokens: TokenSet,
    *,
    host: str,
    account_id: int | None = None,
    link_id: str | None = None,
    dies_at: datetime | None = None,
) -> int:
    """
    Have these tokens revoked at their host once the caller's transaction commits.

    Without ``link_id`` they are tokens of a link that was never stored. Returns the id of
    the revocation.
    """
    revocation_id = await revocations.next_id(connection)
    link_id = link_id or accounts.new_link_id()

    def sealed(token: str | None, field: str) -> Sealed | None:
        where = place(revocation_id, link_id=link_id, field=field)
        return services.vault.seal(token, binding=where) if token is not None else None

    revocation = SealedRevocation(
        id=revocation_id,
        host=host,
        account_id=account_id,
        link_id=link_id,
        access=sealed(tokens.access_token, ACCESS),
        refresh=sealed(tokens.refresh_token, REFRESH),
        dies_at=dies_at,
    )
    await revocations.enqueue(connection, revocation)
    return revocation_id


async def queue_revocation_of(
    services: Services, connection: Connection, holding: Holding
) -> list[int]:
    """
    Have all revoked that a link holds: its tokens, its candidates, and unjudged answers.

    The caller holds the account's row and erases them. Returns the ids of the revocations. A
    value that does not open must keep nobody linked: it is logged and let go.
    """
    account = holding.account
    queued = []
    for tokens, dies_at in await _held(services, connection, holding):
        queued.append(
            await queue_revocation(
                services,
                connection,
                tokens,
                host=account.host,
                account_id=account.id,
                link_id=account.link_id,
                dies_at=dies_at,
            )
        )
    return queued


async def _held(
    services: Services, connection: Connection, holding: Holding
) -> list[tuple[TokenSet, datetime | None]]:
    """Everything that the account's link may still use, and when each dies of age."""
    account = holding.account
    own = _opened(account, lambda: _open_own(services, holding))
    kept = [
        _opened(account, partial(_open_candidate, services, one))
        for one in await candidates.load_all(connection, account.id)
    ]
    came = [
        _opened(account, partial(_open_answer, services, account, one))
        for one in await refresh_attempts.load_unadopted(connection, account.id)
    ]
    held = [(own, _dies_at(account, own))] if own is not None else []
    # How long the others live is the host's secret: ours is only how long we keep them.
    return held + [(tokens, None) for tokens in (*kept, *came) if tokens is not None]


def _opened(account: Account, opening: Callable[[], TokenSet | None]) -> TokenSet | None:
    try:
        return opening()
    except SealedValueError:
        log.exception(Event.DEFECT, account=account.id)
        return None


def _open_own(services: Services, holding: Holding) -> TokenSet | None:
    return open_both(services.vault, holding) if holding.access is not None else None


def _open_candidate(services: Services, kept: StoredCandidate) -> TokenSet:
    token = open_candidate(
        services.vault,
        kept.token,
        attempt_id=kept.id,
        link_id=kept.link_id,
        version=kept.version,
    )
    return TokenSet(None, token)


def _open_answer(services: Services, account: Account, stored: StoredAttempt) -> TokenSet | None:
    """The tokens of an answer, where today's host file finds any in it."""
    configured = services.hosts.get(account.host)
    if configured is None or stored.answer is None:
        return None
    response = open_answer(services.vault, stored.answer, attempt=stored.facts)
    answer = configured.host.parse_refresh(response)
    if not isinstance(answer, TokenGrant):
        return None
    return TokenSet(answer.access_token, answer.refresh_token)


def _dies_at(account: Account, own: TokenSet) -> datetime | None:
    """When the last of its own tokens is too old to be used; ``None`` where nobody knows."""
    if account.access_expires_at is None:
        return None
    if own.refresh_token is None:
        return account.access_expires_at
    if account.refresh_expires_at is None:
        return None
    return max(account.access_expires_at, account.refresh_expires_at)


def place(revocation_id: int, *, link_id: str, field: str) -> Binding:
    """Where one token value of a revocation belongs."""
    return Binding(subject="revocation", id=revocation_id, link_id=link_id, field=field, version=0)
