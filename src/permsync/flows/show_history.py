"""
What became of one account lately: its last refreshes, syncs and revocations.

For operators and for the account's own page; no token is read. A fixed number of
statements. This module must not know how any of it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from permsync.errors import UnknownError
from permsync.flows.deps import Services
from permsync.flows.list_accounts import Standing, load_standings
from permsync.model import Run, User
from permsync.store import account_history, accounts, revocations, users
from permsync.store.account_history import PastAttempt
from permsync.store.revocations import RevocationFacts

LAST = 20


@dataclass(frozen=True, slots=True)
class History:
    """
    An account, whose it is, and what happened, newest first.

    ``next_try_at`` is when its token is presented next, where a refresh is under way or
    did not succeed; ``None`` where nothing is the matter or only the person can help.
    """

    standing: Standing
    user: User
    next_try_at: datetime | None
    attempts: Sequence[PastAttempt]
    runs: Sequence[Run]
    revocations: Sequence[RevocationFacts]


async def show_history(services: Services, account_id: int, *, last: int = LAST) -> History:
    """The account and the ``last`` of each kind; raises ``UnknownError``."""
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
        user = await users.load(connection, account.user_id) if account is not None else None
        if account is None or user is None:
            raise UnknownError(what="account", name=str(account_id))
        attempts = await account_history.load_attempts(connection, account_id, limit=last)
        runs = await account_history.load_runs(connection, account_id, limit=last)
        (standing,) = await load_standings(services, connection, [account])
        revoked = await revocations.load_last(connection, account_id, limit=last)
    live = [one.lease_until for one in attempts if one.closed_at is None]
    return History(
        standing=standing,
        user=user,
        next_try_at=max(live) if live else standing.next_try_at,
        attempts=attempts,
        runs=runs,
        revocations=revoked,
    )
