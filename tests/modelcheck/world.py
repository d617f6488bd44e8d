"""
The state of the refresh model: one account, its workers, the wire and a host.

Nothing here decides: the product's own rules do, on facts that this module makes out of the
state. Time is told in ticks that are left, never in instants, so that histories which differ
only in when they happened are one state.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from functools import cache
from typing import NamedTuple

from permsync.codehost import Rotation
from permsync.model import AccountReason, AccountState, Durations
from permsync.rules.refresh import (
    REUSE_REACH,
    AccountFacts,
    AttemptFacts,
    AttemptState,
    Candidate,
    Outcome,
)
from tests.modelcheck.host_side import HostSide, Policy, consent

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TICK = timedelta(seconds=1)
DEADLINE, SETTLE = 1, 1
WAITS = 1  # every back-off and every spaced repetition
GRACE_KEPT = 4  # well below the host's window, as the design asks
LAST_WAIT = 5  # as in the product, the repetitions together outlast what is kept
LASTING = 99  # longer than any history: it does not run out
ACCESS_TICKS = 1  # a token is due when it is issued, so that refreshes follow each other
LAST_VERSION = 2  # the last one that is refreshed without need

ROTATION = {
    Policy.STRICT: Rotation.STRICT,
    Policy.FAMILY: Rotation.FAMILY,
    Policy.GRACE: Rotation.GRACE,
    Policy.GRACE_NEWEST_WINS: Rotation.GRACE,
    # Nothing is documented for such a host, so an operator sets it as strict.
    Policy.REVOKE_ON_FIRST_USE: Rotation.STRICT,
    Policy.TOLERANT: Rotation.TOLERANT,
}


class Mutation(StrEnum):
    """An invariant that is taken out, to see that the search misses it."""

    NONE = "nothing"
    I1 = "I1: one live attempt per account"
    I3 = "I3: a token is used only after its commit"
    I4 = "I4: every write is a compare-and-set"
    I5 = "I5: no 2xx is dropped"
    SETTLE = "the settle wait"


class Rules(NamedTuple):
    """What one search is about."""

    policy: Policy
    mutation: Mutation = Mutation.NONE
    faults: int = 2
    relinks: int = 1


@cache
def durations(mutation: Mutation) -> Durations:
    """Every duration of a refresh in ticks."""
    wait = WAITS * TICK
    settle = 0 if mutation is Mutation.SETTLE else SETTLE
    return Durations(
        refresh_deadline=DEADLINE * TICK,
        refresh_settle=settle * TICK,
        refresh_lease=(DEADLINE + settle) * TICK,
        refresh_retry_first=wait,
        refresh_retry_second=wait,
        refresh_retry_third=LAST_WAIT * TICK,
        refresh_backoff=wait,
        refresh_grace=GRACE_KEPT * TICK,
        candidate=LASTING * TICK,
    )


class Bad(Enum):
    """What a worker may be told instead of tokens."""

    REJECTED = "a refusal"
    UNAVAILABLE = "a 502"
    UNUSABLE = "a 200 without tokens"
    NOTHING = "no answer"
    UNSENT = "nothing was sent"


Told = Bad | int  # or the number of a new token


class Worker(NamedTuple):
    """What one process remembers of the attempt it is at; all defaults: it is idle."""

    link: int = 0
    version: int = 0
    token: int | None = None
    candidate: int | None = None
    send_in: int = 0
    sent: bool = False
    told: Told | None = None
    recorded: Outcome | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it may begin something."""
        return self.token is None


class Flight(NamedTuple):
    """A request that may reach the host for ``lives_in`` ticks more, or its answer coming back."""

    worker: int | None
    token: int
    lives_in: int
    told: Told | None = None


class Live(NamedTuple):
    """The live attempt: the row that is lock, intent and evidence."""

    owner: int | None
    state: AttemptState
    version: int
    lease_in: int
    candidate: int | None = None


class Kept(NamedTuple):
    """A stored candidate; its token's number is its id."""

    token: int
    expires_in: int


class Stored(NamedTuple):
    """The account as the database has it."""

    link: int = 0
    version: int = 1
    token: int = 0
    state: AccountState = AccountState.ACTIVE
    reason: AccountReason | None = None
    rejections: int = 0
    faults: int = 0
    try_in: int = 0
    is_uncertain: bool = False
    reused_for: int | None = None
    access_in: int = ACCESS_TICKS
    candidates: tuple[Kept, ...] = ()
    live: Live | None = None
    posts: int = 0
    pardons: int = 0


class World(NamedTuple):
    """Everything; ``excused`` once a fault cost what no client can save."""

    host: HostSide
    stored: Stored = Stored()
    workers: tuple[Worker, ...] = (Worker(), Worker())
    wire: tuple[Flight, ...] = ()
    faults_left: int = 0
    relinks_left: int = 0
    excused: bool = False


def begin(rules: Rules) -> World:
    """A healthy account, linked a moment ago."""
    host, _ = consent(HostSide())
    return World(host, faults_left=rules.faults, relinks_left=rules.relinks)


@cache
def account_facts(stored: Stored) -> AccountFacts:
    """What the rules are told of the account."""
    return AccountFacts(
        state=stored.state,
        reason=stored.reason,
        link_id=str(stored.link),
        version=stored.version,
        has_refresh_token=True,
        rejections=stored.rejections,
        faults=stored.faults,
        refresh_try_at=_at(stored.try_in),
        uncertain_before=stored.is_uncertain,
        reused_before=_is_in_reach(stored),
        candidates=tuple(Candidate(one.token, _at(one.expires_in)) for one in stored.candidates),
        serves_until=_at(stored.access_in) if stored.access_in else None,
    )


def _is_in_reach(stored: Stored) -> bool:
    return stored.reused_for is not None and stored.reused_for >= stored.version - REUSE_REACH


@cache
def live_facts(stored: Stored) -> AttemptFacts | None:
    """What the rules are told of the live attempt, if there is one."""
    if stored.live is None:
        return None
    return AttemptFacts(
        id=0,
        state=stored.live.state,
        link_id=str(stored.link),
        version=stored.live.version,
        lease_until=_at(stored.live.lease_in),
        candidate=stored.live.candidate,
    )


def own_facts(stored: Stored, worker: Worker, number: int) -> AttemptFacts:
    """What the rules are told of a worker's own attempt, which may be over since long."""
    live = stored.live if stored.live is not None and stored.live.owner == number else None
    return AttemptFacts(
        id=number,
        state=live.state if live is not None else AttemptState.CLOSED,
        link_id=str(worker.link),
        version=worker.version,
        lease_until=_at(live.lease_in if live is not None else 0),
        candidate=worker.candidate,
        outcome=worker.recorded,
    )


def ticks(duration: timedelta | None) -> int:
    """A duration in whole ticks; none is no wait."""
    return 0 if duration is None else round(duration / TICK)


def _at(left: int) -> datetime:
    return NOW + left * TICK


def with_worker(
    world: World, number: int, worker: Worker, *, stored: Stored | None = None
) -> World:
    """The world with another worker in this place, and what it wrote."""
    workers = (*world.workers[:number], worker, *world.workers[number + 1 :])
    return world._replace(workers=workers, stored=world.stored if stored is None else stored)
