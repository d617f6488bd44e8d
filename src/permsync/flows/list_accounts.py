"""
Lists linked accounts, each with its last run and the scopes it lacks.

A fixed number of statements, however many accounts. Tokens are not read. This module must
not know how an account is shown.
"""

from dataclasses import dataclass
from datetime import datetime

from permsync.errors import SealedValueError, SealingKeyError, UnknownError
from permsync.flows.deps import Services
from permsync.model import LIVING, Account, AccountReason, Run
from permsync.store import accounts, runs
from permsync.store.engine import Connection

# Failures of a run that neither the person nor the host can end.
OURS = frozenset({SealedValueError.code, SealingKeyError.code})


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and how it does. ``lacks`` is empty where the host is not configured."""

    account: Account
    last_run: Run | None
    lacks: frozenset[str]

    @property
    def next_try_at(self) -> datetime | None:
        """
        When a refresh that did not succeed is tried again.

        ``None`` where nothing failed, or where only the person can help.
        """
        return self.account.refresh_try_at if self.account.state in LIVING else None

    @property
    def reason(self) -> AccountReason | None:
        """Why the account is not simply active; a fault of ours is told where it has no other."""
        run, reason = self.last_run, self.account.reason
        if reason is None and run is not None and run.failure in OURS:
            return AccountReason.OPERATOR_MUST_REPAIR
        return reason


@dataclass(frozen=True, slots=True)
class StandingPage:
    """
    Accounts by ascending id.

    ``next_after`` continues the list, and is ``None`` at its end.
    """

    items: tuple[Standing, ...]
    next_after: int | None


async def list_accounts(
    services: Services,
    *,
    user_id: int | None = None,
    host: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> StandingPage:
    """The next ``limit`` accounts after the one with id ``after``, of this user and host."""
    async with services.database.begin() as connection:
        if user_id is None:
            found = list(
                await accounts.load_page(connection, after=after, limit=limit + 1, host=host)
            )
        else:
            found = await _load_of_user(connection, user_id, host=host, after=after)
        page = found[:limit]
        last_runs = await runs.load_last(connection, [one.id for one in page])
    return StandingPage(
        items=tuple(standing_of(services, one, last_runs.get(one.id)) for one in page),
        next_after=page[-1].id if len(found) > limit else None,
    )


async def _load_of_user(
    connection: Connection, user_id: int, *, host: str | None, after: int
) -> list[Account]:
    """All of them: a person has a handful."""
    held = await accounts.load_of_user(connection, user_id)
    wanted = [one for one in held if one.id > after and host in {None, one.host}]
    return sorted(wanted, key=lambda one: one.id)


def standing_of(services: Services, account: Account, last_run: Run | None) -> Standing:
    """The account with its last run and the scopes it lacks."""
    configured = services.hosts.get(account.host)
    lacks: frozenset[str] = frozenset()
    if configured is not None:
        lacks = configured.host.missing_scopes(account.scopes)
    return Standing(account, last_run, lacks)


async def load_own_account(services: Services, account_id: int, *, user_id: int) -> Account:
    """The account, if this user holds it; raises ``UnknownError`` as if there were none."""
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
    if account is None or account.user_id != user_id:
        raise UnknownError(what="account", name=str(account_id))
    return account
