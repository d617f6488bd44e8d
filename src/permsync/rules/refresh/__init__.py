"""
The refresh of a token: its words, and the facts that its decisions stand on.

A refresh is a commit shared with a stranger: the host may spend our refresh token and
the answer may never reach our disk. So an attempt is a durable row before the token
leaves, and an outcome moves the account only by compare-and-set. Whether an attempt may
start is decided in ``claim``, what an answer means in ``outcome``, what a refused access
token means in ``api_refusal``, and when nobody may present anything in ``circuit``.

    due --claim--> ARMED --send--> answered
        provably not sent       close "unsent"; the same token, later
        usable tokens           adopt them at once; of an older version: keep as a candidate;
                                of an older link: revoke them
        a 2xx without tokens    STAGED: the sealed answer first, then its judgement
        definite rejection      suspect; the same token again, spaced; then each candidate
                                once; then needs_reauth
        client error            close, open the circuit; no account is blamed
        429, 5xx                close "maybe_consumed"; the same token, later
        no answer               UNCERTAIN until the settle time is over, then the same token

The invariants, by the names that code and tests call them:

    I1  at most one attempt is live per account
    I2  the intent is durable before the token leaves
    I3  a new access token is used or handed out only after its commit
    I4  every write of tokens and every write of a failure is a compare-and-set on the link
        and the token version; only token columns are written
    I5  no 2xx is ever dropped
    I6  who sends checks its own deadline right before; a lease covers the deadline, the
        settle time and the skew of the clocks
    I7  a new link and an unlink move link and version on, and so fence what is older
    I8  one door: only ``flows.fresh_token`` leads to token endpoints
    I9  nothing that can fail stands between an answer and its commit

This package must not know SQL, HTTP or any host. Time and chance are arguments.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from permsync.codehost import TokenAnswer
from permsync.model import LIVING, Account, AccountReason, AccountState, Durations


class AttemptState(StrEnum):
    """Where an attempt is; all but the last are live."""

    ARMED = "armed"
    UNCERTAIN = "uncertain"
    STAGED = "staged"
    CLOSED = "closed"


LIVE = frozenset(AttemptState) - {AttemptState.CLOSED}


class Outcome(StrEnum):
    """What became of an attempt: a closed set, stored with it."""

    ADOPTED = "adopted"
    KEPT = "kept"
    UNSENT = "unsent"
    REJECTED = "rejected"
    CLIENT_ERROR = "client_error"
    DISABLED = "disabled"
    MAYBE_CONSUMED = "maybe_consumed"
    UNANSWERED = "unanswered"
    SUPERSEDED = "superseded"
    REUSED = "reused"
    FENCED = "fenced"


# How many versions back an attempt that ended as reused may explain the death of a token.
REUSE_REACH = 2

UNCERTAIN_OUTCOMES = frozenset({Outcome.MAYBE_CONSUMED, Outcome.UNANSWERED})

# Verdicts that say "this credential is dead", which a token of the same link disproves. A
# missing scope or a disabled account is not healed by a token.
DISPROVABLE = frozenset(
    {
        AccountReason.ROTATION_LOST,
        AccountReason.REVOKED_OR_EXPIRED,
        AccountReason.CREDENTIAL_REJECTED,
        AccountReason.NO_REFRESH_TOKEN,
    }
)


MOST_DOUBLINGS = 20  # of a wait: any ceiling is reached by then, and nothing overflows

# Until when a token serves whose host says that it does not expire.
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing left this machine: the token was not spent."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Something may have arrived; whether the host committed is unknown."""


Answer = TokenAnswer | NotSent | Unanswered


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """
    An attempt as stored.

    It presents the account's refresh token, or a ``candidate``. ``outcome`` is set where it
    is closed, by its owner or by somebody who took it over.
    """

    id: int
    state: AttemptState
    link_id: str
    version: int
    lease_until: datetime
    candidate: int | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another refresh token of the same link, worth one try before the link is given up."""

    id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """
    What a claim and a verdict need to know of an account, read at one instant.

    ``rejections`` counts the definite refusals of this version's refresh token, ``faults``
    the tries in a row that said nothing definite. ``uncertain_before`` means that an
    attempt of this version may have spent the token, ``reused_before`` that one within reach
    ended as ``REUSED``. ``serves_until`` is when the access token dies, as far as
    anybody knows; ``None`` where it serves nobody any more. ``user_disabled`` means that its
    person was disabled here.
    """

    state: AccountState
    reason: AccountReason | None
    link_id: str
    version: int
    has_refresh_token: bool
    rejections: int = 0
    faults: int = 0
    refresh_try_at: datetime | None = None
    uncertain_before: bool = False
    reused_before: bool = False
    candidates: tuple[Candidate, ...] = ()
    serves_until: datetime | None = None
    user_disabled: bool = False


def spaced(durations: Durations) -> tuple[timedelta, ...]:
    """How long a refused token rests before each repetition; then it is believed dead."""
    return (
        durations.refresh_retry_first,
        durations.refresh_retry_second,
        durations.refresh_retry_third,
    )


def doubled(wait: timedelta, *, times: int, most: timedelta) -> timedelta:
    """``wait`` doubled so many times, but never more than ``most``."""
    return min(wait * (1 << min(times, MOST_DOUBLINGS)), most)


def final_reason(account: AccountFacts, durations: Durations) -> AccountReason | None:
    """
    Why no refresh can help any more; ``None`` while the refresh token awaits its verdict.

    A suspect whose access token the API refused has lost access at once, but its spaced
    tries go on: a success restores it.
    """
    early = _ended_early(account) and not _is_believed(account, durations)
    if account.state in LIVING or early:
        return None
    return account.reason or AccountReason.REVOKED_OR_EXPIRED


def next_try_at(account: Account) -> datetime | None:
    """When a refresh that did not succeed is tried again; ``None`` where no try is to come."""
    undecided = account.state in LIVING or _ended_early(account)
    return account.refresh_try_at if undecided else None


def _ended_early(account: Account | AccountFacts) -> bool:
    """Access ended at the API's word while the refresh token awaits its verdict."""
    refused = (AccountState.NEEDS_REAUTH, AccountReason.CREDENTIAL_REJECTED)
    return (account.state, account.reason) == refused and account.rejections > 0


def _is_believed(account: AccountFacts, durations: Durations) -> bool:
    """Every repetition was refused, and no other token is left to be tried."""
    return account.rejections > len(spaced(durations)) and not account.candidates


def next_candidate(
    account: AccountFacts, durations: Durations, *, now: datetime
) -> Candidate | None:
    """
    The candidate to be presented instead of the account's own token, if it is time for one.

    The own token comes first and is repeated. Between its repetitions candidates are tried
    where one would not live through them (the old token within its grace window), and any
    at all once the API refused the access token too: then there is nothing left to be
    careful with. The newest comes first, for the try of an older one may end it.
    """
    living = [one for one in account.candidates if now < one.expires_at]
    newest = max(living, key=lambda one: one.id, default=None)
    if newest is None or not account.has_refresh_token:
        return newest
    if account.rejections == 0:
        return None
    to_come = sum(spaced(durations)[account.rejections - 1 :], timedelta())
    is_urgent = min(one.expires_at for one in living) <= now + to_come
    return newest if is_urgent or not to_come or account.state not in LIVING else None
