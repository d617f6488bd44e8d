"""
Ends access through an account, with a reason of ours, in one commit.

The state, the audit entry and the change row move together or not at all, and only while
link, version and state are what the verdict was given on (EVIDENCE R10, REFRESH I4). Rows
of grants stay: the state gates them. This module must not decide that access ends.
"""

from permsync.flows.deps import Services
from permsync.model import Account, AccountReason, AccountState
from permsync.rules.refresh import Outcome
from permsync.store import accounts, audit, changes, runs
from permsync.store.audit import Action
from permsync.store.changes import Change, ChangeKind
from permsync.telemetry import Event, logger

log = logger(__name__)


async def end_access(
    services: Services, account: Account, *, state: AccountState, reason: AccountReason
) -> bool:
    """Turn the account into ``state``; false where it moved on since it was read."""
    async with services.database.begin() as connection:
        moved = await accounts.save_state(
            connection, account, state=state, reason=reason, rejections=account.rejections
        )
        if moved:
            await runs.abandon(connection, account.id, failure=reason.value)
            await audit.record(connection, state_entry(account, state, reason))
            await changes.append(connection, [state_change(account, state)])
    if moved:
        note_end(account, reason=reason)
    return moved


def note_end(account: Account, *, reason: AccountReason | None) -> None:
    """Log that access through the account ended; the commit is behind the caller."""
    code = reason.value if reason else None
    log.warning(Event.ACCOUNT_ENDED, account=account.id, host=account.host, reason=code)


def state_entry(account: Account, state: AccountState, reason: AccountReason | None) -> audit.Entry:
    """The audit entry of a change of state that nobody asked for."""
    action = {
        AccountState.ACTIVE: Action.ACCOUNT_HEALED,
        AccountState.SUSPECT: Action.ACCOUNT_SUSPECT,
    }
    return audit.Entry(
        action=action.get(state, Action.ACCOUNT_ENDED),
        actor="permsync",
        user_id=account.user_id,
        account_id=account.id,
        host=account.host,
        code=reason.value if reason else None,
    )


def failure_entry(account: Account, outcome: Outcome) -> audit.Entry:
    """The audit entry of a refresh that brought no tokens and left the account's state."""
    return audit.Entry(
        action=Action.REFRESH_FAILED,
        actor="permsync",
        user_id=account.user_id,
        account_id=account.id,
        host=account.host,
        code=outcome.value,
    )


def state_change(account: Account, state: AccountState) -> Change:
    """The change row of a change of state."""
    return Change(
        kind=ChangeKind.ACCOUNT,
        account_id=account.id,
        was=account.state.value,
        became=state.value,
    )
