"""
Whether a refresh may start now, and which token it presents.

What is decided here: who must wait for whom, when a token may be presented again after an
attempt that nobody ended, and when no refresh can help. A claim is a plan on facts that
were read; the store carries it out by compare-and-set and refuses it where they moved (I1,
I4). This module must not know what an answer means.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from permsync.codehost import Rotation
from permsync.model import AccountReason, Durations
from permsync.rules.refresh import (
    AccountFacts,
    AttemptFacts,
    AttemptState,
    final_reason,
    next_candidate,
)
from permsync.rules.refresh.circuit import Blocked, CircuitFacts, plan_pass


class Waiting(StrEnum):
    """Why a refresh must wait: a closed set, told to whoever asked for a token."""

    RUNNING = "refresh_running"
    BACKING_OFF = "refresh_backing_off"
    REFUSED_ONCE = "refresh_refused_once"
    CLIENT_REFUSED = "client_refused"
    LAST_RESORT = "refresh_unanswered"


@dataclass(frozen=True, slots=True)
class Claim:
    """
    Start an attempt now.

    ``takes_over`` is a live attempt whose owner is gone, ``candidate`` the token to present
    instead of the account's own, ``probes`` that the circuit is half open and this is the
    one try.
    """

    takes_over: int | None = None
    candidate: int | None = None
    probes: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """An answer was stored and not judged yet: judge it, without a call."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: nothing is presented before ``until``."""

    until: datetime
    why: Waiting


@dataclass(frozen=True, slots=True)
class Hopeless:
    """No refresh can help; only the person can. ``reason`` says why."""

    reason: AccountReason


@dataclass(frozen=True, slots=True)
class Withheld:
    """The person is disabled: nothing is presented for them, nor given out."""


Plan = Claim | Judge | Wait | Hopeless | Withheld


def plan_claim(
    account: AccountFacts,
    attempt: AttemptFacts | None,
    circuit: CircuitFacts | None,
    durations: Durations,
    *,
    rotation: Rotation,
    now: datetime,
) -> Plan:
    """
    Decide whether a refresh may start.

    ``attempt`` is the live one, if any. Its lease ends after its owner's own deadline, the
    settle time and the skew (I6), so past it nobody sends any more and the token may be
    presented again: single flight means that nobody else holds its successor.
    """
    leased = attempt is not None and now < attempt.lease_until
    if attempt is not None and attempt.state is AttemptState.STAGED and not leased:
        return Judge(attempt.id)
    if account.user_disabled:
        # What is uncertain stays so: an enabled person's token is presented again.
        return Withheld()
    reason = final_reason(account, durations)
    if reason is not None:
        return Hopeless(reason)
    candidate = _to_present(account, attempt, durations, now=now)
    if candidate is None and not account.has_refresh_token:
        return Hopeless(AccountReason.NO_REFRESH_TOKEN)
    if attempt is not None and leased:
        return Wait(attempt.lease_until, Waiting.RUNNING)
    if account.refresh_try_at is not None and now < account.refresh_try_at:
        why = Waiting.REFUSED_ONCE if account.rejections else Waiting.BACKING_OFF
        return Wait(account.refresh_try_at, why)
    if _is_last_resort(account, attempt, rotation, now=now) and account.serves_until is not None:
        return Wait(account.serves_until, Waiting.LAST_RESORT)
    passage = plan_pass(circuit, now=now)
    if isinstance(passage, Blocked):
        return Wait(passage.until, Waiting.CLIENT_REFUSED)
    return Claim(
        takes_over=attempt.id if attempt is not None else None,
        candidate=candidate,
        probes=passage.probes,
    )


def _to_present(
    account: AccountFacts, attempt: AttemptFacts | None, durations: Durations, *, now: datetime
) -> int | None:
    """
    The candidate to present, or ``None`` for the account's own token.

    An attempt that nobody ended is repeated with the token that it presented: the host may
    have spent that one, and only it can be asked again for the successor. Its candidate may
    have run out meanwhile; the host decides.
    """
    if attempt is not None and attempt.candidate in {one.id for one in account.candidates}:
        return attempt.candidate
    candidate = next_candidate(account, durations, now=now)
    return candidate.id if candidate is not None else None


def _is_last_resort(
    account: AccountFacts, attempt: AttemptFacts | None, rotation: Rotation, *, now: datetime
) -> bool:
    """
    Whether presenting may kill what still works: the access token is served to its end first.

    A host that revokes the whole family on reuse does so where the unanswered request was
    carried out after all.
    """
    may_be_spent = attempt is not None or account.uncertain_before
    serves = account.serves_until is not None and now < account.serves_until
    return rotation is Rotation.FAMILY and may_be_spent and serves
