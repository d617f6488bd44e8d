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
    it did not succeed. ``outlived`` says that its last listing is too old to count. ``holds``
    is whether the account has a row of the repository, ``lost_at`` when its last one went.
    """

    id: int
    state: AccountState
    listed_at: datetime | None
    wanted: bool = False
    failure: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    outlived: bool = False
    holds: bool = False
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """
    The repository that is looked for, as it is named, and the decision about it.

    ``owner`` is the name that the address begins with; ``included`` says that the operator
    mirrors it. Nothing in here may tell whether the repository is stored, but of what the
    person's own accounts have a row.
    """

    decision: Decision
    accounts: tuple[AccountSight, ...]
    owner: str
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


# Their own host shows these people the repository: they are told nothing new.
BY_OPERATOR = frozenset({Reason.CLOSED_BY_POLICY, Reason.SOURCE_NOT_COUNTED, Reason.USER_DISABLED})
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
    if decision.reason in BY_OPERATOR or _is_denied(missed):
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
    if any(_is_too_old(missed, one) for one in linked):
        return Diagnosis(Cause.NOT_READ_LATELY, Remedy.LOOK, latest.id, latest.listed_at)
    if latest.lost_at is not None:
        return Diagnosis(Cause.LOST, Remedy.LOOK, latest.id, latest.lost_at)
    return Diagnosis(Cause.NOT_SHOWN, Remedy.LOOK, latest.id, latest.listed_at)


def _is_denied(missed: Missed) -> bool:
    """A rule is told to those only who were shown the repository."""
    is_denied = missed.decision.reason is Reason.EXPLICIT_DENY
    return is_denied and any(one.holds for one in missed.accounts)


def _is_too_old(missed: Missed, account: AccountSight) -> bool:
    """A listing says the same of all that it does not show; a row is the account's own."""
    row_is = account.holds and missed.decision.reason is Reason.EVIDENCE_TOO_OLD
    return account.outlived or row_is


def _is_behind_sign_on(missed: Missed, left_out: Iterable[LeftOut]) -> bool:
    """An owner without a name may be any."""
    wanted = missed.owner.casefold()
    return any(
        one.to_approve and (one.owner is None or one.owner.casefold() == wanted) for one in left_out
    )
