"""
What the Linked accounts page shows of one account: a state, a sentence and one action.

What is decided here: which of five states an account is in (the worst of token, scope and
sync; a failure whose retry is pending is only a warning), and the one action that repairs
its cause. All words are ours. This module must not know HTML.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from permsync.flows.list_accounts import Standing
from permsync.model import AccountState, Run, RunState
from permsync.web import sentences


class Health(StrEnum):
    """The five states, the same words on every page."""

    WORKING = "Working"
    SYNCING = "Syncing"
    RETRYING = "Trying again"
    NEEDS_YOU = "Needs you"
    DISABLED = "Disabled at host"


class Action(StrEnum):
    """What one click does; the value is the button's word."""

    RECONNECT = "Reconnect"
    GRANT = "Grant access"
    RETRY = "Try again"
    REFRESH = "Refresh permissions"


LINKING = frozenset({Action.RECONNECT, Action.GRANT})


@dataclass(frozen=True, slots=True)
class Card:
    """One linked account, ready to show."""

    id: int
    host: str
    title: str
    login: str
    external_id: str
    health: Health
    text: str
    action: Action
    granted: tuple[str, ...] | None
    missing: tuple[str, ...]
    synced_at: datetime | None
    next_sync_at: datetime | None
    visible: int
    run: Run | None

    @property
    def is_running(self) -> bool:
        """Whether the page should look again soon."""
        return self.health is Health.SYNCING

    @property
    def links(self) -> bool:
        """Whether the action leads to the host's consent page."""
        return self.action in LINKING


def card_of(standing: Standing, *, title: str, visible: int, wanted: bool) -> Card:
    """``wanted`` says that a sync waits in the queue; ``title`` names the host's kind."""
    account, run = standing.account, standing.last_run
    health = health_of(standing, wanted=wanted)
    return Card(
        id=account.id,
        host=account.host,
        title=title,
        login=account.login,
        external_id=account.external_id,
        health=health,
        text=_text(standing, health),
        action=_action(account.state, health),
        granted=None if account.scopes is None else tuple(sorted(account.scopes)),
        missing=tuple(sorted(standing.lacks)),
        synced_at=account.listed_at,
        next_sync_at=account.sync_due_at,
        visible=visible,
        run=run if run is not None and run.state is not RunState.RUNNING else None,
    )


def health_of(standing: Standing, *, wanted: bool) -> Health:
    """The worst of what is known of the account."""
    account, run = standing.account, standing.last_run
    if account.state is AccountState.DISABLED_AT_HOST:
        return Health.DISABLED
    if account.state in {AccountState.NEEDS_REAUTH, AccountState.NEEDS_SCOPE} or standing.lacks:
        return Health.NEEDS_YOU
    if wanted or (run is not None and run.state is RunState.RUNNING):
        return Health.SYNCING
    failed = run is not None and run.state in {RunState.FAILED, RunState.PARTIAL}
    if account.state is AccountState.SUSPECT or failed:
        return Health.RETRYING
    return Health.WORKING


def _text(standing: Standing, health: Health) -> str:
    account, run = standing.account, standing.last_run
    if health is Health.RETRYING and account.reason is None and run is not None:
        return sentences.failure_text(run.failure or run.state.value)
    if health is Health.SYNCING and account.reason is None:
        return "Permissions are being read from the code host."
    return sentences.account_text(account.state, account.reason)


def _action(state: AccountState, health: Health) -> Action:
    match health:
        case Health.NEEDS_YOU if state is AccountState.NEEDS_REAUTH:
            return Action.RECONNECT
        case Health.NEEDS_YOU:
            return Action.GRANT
        case Health.DISABLED:
            return Action.RECONNECT
        case Health.RETRYING:
            return Action.RETRY
        case _:
            return Action.REFRESH
