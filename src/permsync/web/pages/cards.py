"""
What the Linked accounts page shows of one account: a state, a sentence and one action.

What is decided here: which of five states an account is in (the worst of token, scope and
sync; a failure whose retry is pending is only a warning), and the one action that repairs
its cause. All words are ours. This module must not know HTML.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from permsync.codehost import CodeHost
from permsync.flows.deps import ConfiguredHost
from permsync.flows.show_accounts import ShownAccount
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
    APPROVE = "Approve single sign-on"
    RETRY = "Try again"
    REFRESH = "Refresh permissions"


LINKING = frozenset({Action.RECONNECT, Action.GRANT, Action.APPROVE})
ENDED = frozenset({Health.NEEDS_YOU, Health.DISABLED})
TOLD_RESULTS = frozenset({RunState.SUCCEEDED, RunState.PARTIAL})


class Consent(StrEnum):
    """What is known of one scope; the value is said to those who do not see its sign."""

    GRANTED = "granted"
    MISSING = "missing"
    UNSURE = "in doubt"


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope that permsync needs, as people read it."""

    name: str
    consent: Consent


@dataclass(frozen=True, slots=True)
class Card:
    """
    One linked account, ready to show.

    ``scopes`` are the needed ones, empty where the host knows none. ``result`` is the last
    run, if it read something. ``left_out`` is one sentence about those whom the last listing
    did not show. ``action`` is ``None`` where only the operator can help.
    """

    id: int
    host: str
    kind: str
    title: str
    login: str
    external_id: str
    health: Health
    text: str
    action: Action | None
    scopes: tuple[Scope, ...]
    synced_at: datetime | None
    next_sync_at: datetime | None
    visible: int
    result: Run | None
    left_out: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether the page should look again soon."""
        return self.health is Health.SYNCING

    @property
    def is_first(self) -> bool:
        """Whether nothing has been read through this link yet."""
        return self.is_running and self.synced_at is None

    @property
    def has_ended(self) -> bool:
        """Whether the person sees nothing through it until somebody acts."""
        return self.health in ENDED and self.action is not Action.APPROVE

    @property
    def links(self) -> bool:
        """Whether the action leads to the host's consent page."""
        return self.action in LINKING


def card_of(shown: ShownAccount, *, host: ConfiguredHost | None, title: str) -> Card:
    """``title`` is what people call the host; ``None`` is one that is not configured."""
    standing = shown.standing
    account, run = standing.account, standing.last_run
    health = health_of(shown)
    return Card(
        id=account.id,
        host=account.host,
        kind="" if host is None else host.host.kind,
        title=title,
        login=account.login,
        external_id=account.external_id,
        health=health,
        text=NOT_CONFIGURED if host is None else _text(shown, health),
        action=None if host is None else _action(shown, health),
        scopes=() if host is None else _scopes(shown, host.host),
        synced_at=account.listed_at,
        next_sync_at=account.sync_due_at,
        visible=shown.visible,
        result=run if run is not None and run.state in TOLD_RESULTS else None,
        left_out=sentences.left_out_text(shown.standing.left_out),
    )


def health_of(shown: ShownAccount) -> Health:
    """The worst of what is known of the account."""
    account, run = shown.standing.account, shown.standing.last_run
    if account.state is AccountState.DISABLED_AT_HOST:
        return Health.DISABLED
    needs_person = account.state in {AccountState.NEEDS_REAUTH, AccountState.NEEDS_SCOPE}
    if needs_person or shown.standing.lacks:
        return Health.NEEDS_YOU
    if shown.wanted or (run is not None and run.state is RunState.RUNNING):
        return Health.SYNCING
    if shown.standing.waits_for_approval:
        return Health.NEEDS_YOU
    failed = run is not None and run.state in {RunState.FAILED, RunState.PARTIAL}
    if account.state is AccountState.SUSPECT or failed:
        return Health.RETRYING
    return Health.WORKING


NOT_CONFIGURED = "This code host is no longer configured here; tell the operator."
WAITING = "Waiting for its turn to be read."
READING = "Permissions are being read from the code host."
TO_APPROVE = "The account works, but for what single sign-on keeps from it."
SCOPE_LACKING = sentences.STATES[AccountState.NEEDS_SCOPE]


def _text(shown: ShownAccount, health: Health) -> str:
    account, run = shown.standing.account, shown.standing.last_run
    if health is Health.RETRYING and account.reason is None and run is not None:
        return sentences.failure_text(run.failure or run.state.value)
    if health is Health.SYNCING and account.reason is None:
        return READING if run is not None and run.state is RunState.RUNNING else WAITING
    if health is Health.NEEDS_YOU and account.state is AccountState.ACTIVE:
        return SCOPE_LACKING if shown.standing.lacks else TO_APPROVE
    return sentences.account_text(account.state, shown.standing.reason)


def _scopes(shown: ShownAccount, host: CodeHost) -> tuple[Scope, ...]:
    """A host that refuses for a scope does not always say which: then all are in doubt."""
    lacks = shown.standing.lacks
    doubted = shown.standing.account.state is AccountState.NEEDS_SCOPE and not lacks
    held = Consent.UNSURE if doubted else Consent.GRANTED
    return tuple(
        Scope(host.scope_title(scope), Consent.MISSING if scope in lacks else held)
        for scope in host.scopes
    )


def _action(shown: ShownAccount, health: Health) -> Action:
    standing = shown.standing
    match health:
        case Health.NEEDS_YOU if standing.account.state is AccountState.NEEDS_REAUTH:
            return Action.RECONNECT
        case Health.NEEDS_YOU if standing.waits_for_approval and not standing.lacks:
            return Action.APPROVE
        case Health.NEEDS_YOU:
            return Action.GRANT
        case Health.DISABLED:
            return Action.RECONNECT
        case Health.RETRYING:
            return Action.RETRY
        case _:
            return Action.REFRESH
