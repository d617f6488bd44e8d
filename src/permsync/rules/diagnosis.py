"""
Why a person does not see a repository that they expect to see, and what would change it.

A decision names one reason out of a program's view; a person needs the next thing to do. What
is decided here: the one cause that is told, the nearest to the person first (link, reconnect,
approve), and the one remedy. A repository that nobody listed and one that the person may not
read are told in the same words, so that nobody learns what exists. This module must not know
a sentence, a host or who asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from permsync.model import AccountState, Decision, LeftOut, Reason, Verdict


class Cause(StrEnum):
    """A closed set: what people are told."""

    VISIBLE = "visible"
    ELSEWHERE = "elsewhere"
    BY_OPERATOR = "by_operator"
    NOT_INCLUDED = "not_included"
    NOT_LINKED = "not_linked"
    NEEDS_REAUTH = "needs_reauth"
    NEEDS_SCOPE = "needs_scope"
    DISABLED_AT_HOST = "disabled_at_host"
    BEING_READ = "being_read"
    SINGLE_SIGN_ON = "single_sign_on"
    NOT_READ_LATELY = "not_read_lately"
    LOST = "lost"
    NOT_SHOWN = "not_shown"


class Remedy(StrEnum):
    """What one click does about it."""

    LINK = "link"
    RECONNECT = "reconnect"
    GRANT = "grant"
    APPROVE = "approve"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class AccountSight:
    """
    One account of the person at the repository's host.

    ``wanted`` says that a sync waits or runs; ``failure`` is the code of the last one, where
    it did not succeed. ``lost_at`` is when the account's last row of the repository went.
    """

    id: int
    state: AccountState
    listed_at: datetime | None
    wanted: bool = False
    failure: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """
    The repository that is looked for, as far as it is known, and the decision about it.

    ``owner_id`` is its owner's at the host, ``None`` where nobody listed it; ``owner`` is the
    name that the address begins with. ``included`` says that the operator mirrors the owner.
    """

    decision: Decision
    accounts: tuple[AccountSight, ...]
    owner: str
    owner_id: str | None
    included: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    The cause, and the remedy where there is one, through this account.

    ``at`` is the age of the evidence, or since when it is so; ``failure`` is a code of ours.
    """

    cause: Cause
    remedy: Remedy | None = None
    account_id: int | None = None
    at: datetime | None = None
    failure: str | None = None


BY_OPERATOR = frozenset(
    {Reason.EXPLICIT_DENY, Reason.CLOSED_BY_POLICY, Reason.SOURCE_NOT_COUNTED}
    | {Reason.USER_DISABLED}
)
_ENDED = (
    (AccountState.NEEDS_REAUTH, Cause.NEEDS_REAUTH, Remedy.RECONNECT),
    (AccountState.NEEDS_SCOPE, Cause.NEEDS_SCOPE, Remedy.GRANT),
    (AccountState.DISABLED_AT_HOST, Cause.DISABLED_AT_HOST, Remedy.RECONNECT),
)


def diagnose(missed: Missed) -> Diagnosis:
    """The cause nearest to the person, and its remedy."""
    decision = missed.decision
    if decision.verdict is Verdict.ALLOW:
        return Diagnosis(Cause.VISIBLE, account_id=decision.account_id, at=decision.synced_at)
    if decision.reason in BY_OPERATOR:
        return Diagnosis(Cause.BY_OPERATOR)
    if not missed.included:
        return Diagnosis(Cause.NOT_INCLUDED)
    linked = [one for one in missed.accounts if one.state is not AccountState.UNLINKED]
    if not linked:
        return Diagnosis(Cause.NOT_LINKED, Remedy.LINK)
    for state, cause, remedy in _ENDED:
        for one in linked:
            if one.state is state:
                return Diagnosis(cause, remedy, one.id)
    return _of_working(missed, linked)


def _of_working(missed: Missed, linked: list[AccountSight]) -> Diagnosis:
    """Every account works: what keeps its host from showing the repository through it."""
    for one in linked:
        if one.wanted:
            return Diagnosis(Cause.BEING_READ, account_id=one.id, at=one.listed_at)
    for one in linked:
        if _is_behind_sign_on(missed, one.left_out):
            return Diagnosis(Cause.SINGLE_SIGN_ON, Remedy.APPROVE, one.id)
    for one in linked:
        if one.failure is not None or one.listed_at is None:
            at, failure = one.listed_at, one.failure
            return Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, one.id, at, failure)
    latest = max(linked, key=lambda one: (one.lost_at is not None, one.listed_at))
    if missed.decision.reason is Reason.EVIDENCE_TOO_OLD:
        return Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, latest.id, latest.listed_at)
    if latest.lost_at is not None:
        return Diagnosis(Cause.LOST, Remedy.LOOK, latest.id, latest.lost_at)
    return Diagnosis(Cause.NOT_SHOWN, Remedy.LOOK, latest.id, latest.listed_at)


def _is_behind_sign_on(missed: Missed, left_out: Iterable[LeftOut]) -> bool:
    """An owner without a name may be the one; so may only the repository's own."""
    waiting = [one for one in left_out if one.to_approve]
    if missed.owner_id is not None:
        return any(one.owner_id == missed.owner_id for one in waiting)
    wanted = missed.owner.casefold()
    return any(one.owner is None or one.owner.casefold() == wanted for one in waiting)
