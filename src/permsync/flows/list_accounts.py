"""
Lists linked accounts, each with its last run, the scopes it lacks and whom it was not shown.

A fixed number of statements, however many accounts. Tokens are not read. This module must
not know how an account is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from permsync.errors import SealedValueError, SealingKeyError, UnknownError
from permsync.flows.deps import Services
from permsync.model import LIVING, Account, AccountReason, LeftOut, Run
from permsync.rules.refresh import next_try_at
from permsync.store import accounts, gaps, runs
from permsync.store.engine import Connection

# Failures of a run that neither the person nor the host can end.
OURS = frozenset({SealedValueError.code, SealingKeyError.code})


@dataclass(frozen=True, slots=True)
class Standing:
    """
    An account and how it does. ``lacks`` is empty where the host is not configured.

    ``left_out`` are the owners of whom its last listing showed nothing certain.
    """

    account: Account
    last_run: Run | None
    lacks: frozenset[str]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def waits_for_approval(self) -> bool:
        """Whether more would be shown once the person has approved a single sign-on."""
        return any(one.to_approve for one in self.left_out)

    @property
    def next_try_at(self) -> datetime | None:
        """
        When a refresh that did not succeed is tried again.

        ``None`` where nothing failed, or where only the person can help.
        """
        return next_try_at(self.account)

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
        items = await load_standings(services, connection, page)
    return StandingPage(
        items=tuple(items),
        next_after=page[-1].id if len(found) > limit else None,
    )


async def _load_of_user(
    connection: Connection, user_id: int, *, host: str | None, after: int
) -> list[Account]:
    """All of them: a person has a handful."""
    held = await accounts.load_of_user(connection, user_id)
    wanted = [one for one in held if one.id > after and host in {None, one.host}]
    return sorted(wanted, key=lambda one: one.id)


async def load_standings(
    services: Services, connection: Connection, held: Sequence[Account]
) -> list[Standing]:
    """How these accounts do, in their order."""
    ids = [one.id for one in held]
    last_runs = await runs.load_last(connection, ids)
    left_out = await gaps.load_shown(connection, ids)
    return [
        Standing(
            account=one,
            last_run=last_runs.get(one.id),
            lacks=_lacks(services, one),
            left_out=left_out.get(one.id, ()) if one.state in LIVING else (),
        )
        for one in held
    ]


def _lacks(services: Services, account: Account) -> frozenset[str]:
    configured = services.hosts.get(account.host)
    return frozenset() if configured is None else configured.host.missing_scopes(account.scopes)


async def load_own_account(services: Services, account_id: int, *, user_id: int) -> Account:
    """The account, if this user holds it; raises ``UnknownError`` as if there were none."""
    async with services.database.begin() as connection:
        account = await accounts.load(connection, account_id)
    if account is None or account.user_id != user_id:
        raise UnknownError(what="account", name=str(account_id))
    return account
