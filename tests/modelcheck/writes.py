"""
What a worker of the refresh model writes down: one transaction, as the product's rules say.

The facts are those that are stored at that instant. Which transition they lead to is the
product's to decide; here it is only carried out, on a state of a few small numbers.
"""

from permsync.codehost import TokenGrant, TokenRefusal, TokenRefusalKind
from permsync.rules.refresh import (
    UNCERTAIN_OUTCOMES,
    Answer,
    AttemptState,
    NotSent,
    Outcome,
    Unanswered,
)
from permsync.rules.refresh.outcome import (
    Adopt,
    Close,
    Doubt,
    Keep,
    Revoke,
    Settled,
    Stage,
    Transition,
    plan_outcome,
)
from tests.modelcheck import host_side
from tests.modelcheck.world import (
    ACCESS_TICKS,
    NOW,
    ROTATION,
    Bad,
    Kept,
    Mutation,
    Rules,
    Stored,
    Worker,
    World,
    account_facts,
    durations,
    own_facts,
    ticks,
    with_worker,
)

_MOST_CANDIDATES = 2
_REFUSALS = {
    Bad.REJECTED: TokenRefusal(TokenRefusalKind.REJECTED),
    Bad.UNAVAILABLE: TokenRefusal(TokenRefusalKind.UNAVAILABLE),
    Bad.UNUSABLE: TokenRefusal(TokenRefusalKind.UNUSABLE),
}


def written(world: World, rules: Rules, number: int) -> World:
    """One transaction: the rules on the facts as they are stored now, and what they say."""
    worker, stored = world.workers[number], world.stored
    if rules.mutation is Mutation.I4 and isinstance(worker.told, int):
        return with_worker(world, number, Worker(), stored=_overwritten(stored, worker))
    transition = plan_outcome(
        _answer(worker),
        own_facts(stored, worker, number),
        account_facts(stored),
        durations(rules.mutation),
        rotation=ROTATION[rules.policy],
        now=NOW,
        jitter=0.0,
    )
    return _carried_out(world, number, transition)


def _answer(worker: Worker) -> Answer:
    match worker.told:
        case int(number):
            return TokenGrant(access_token=f"access {number}", refresh_token=f"refresh {number}")
        case Bad.UNSENT:
            return NotSent()
        case Bad.NOTHING | None:
            return Unanswered()
        case bad:
            return _REFUSALS[bad]


def _overwritten(stored: Stored, worker: Worker) -> Stored:
    assert isinstance(worker.told, int)
    return stored._replace(token=worker.told, version=worker.version + 1, live=None)


def _carried_out(world: World, number: int, transition: Transition) -> World:
    worker, stored = world.workers[number], world.stored
    own = stored.live is not None and stored.live.owner == number
    ended = stored._replace(live=None) if own else stored
    idle = Worker()
    match transition:
        case Adopt():
            return with_worker(world, number, idle, stored=_adopted(ended, worker, transition))
        case Keep(expires_in=expires_in):
            assert isinstance(worker.told, int)
            kept = (*ended.candidates, Kept(worker.told, ticks(expires_in)))
            after = ended._replace(candidates=kept[-_MOST_CANDIDATES:])
            return with_worker(world, number, idle, stored=after)
        case Revoke():
            assert isinstance(worker.told, int)
            forgotten = host_side.revoke(world.host, worker.told)
            return with_worker(world._replace(host=forgotten), number, idle, stored=ended)
        case Stage():
            assert stored.live is not None
            staged = stored._replace(live=stored.live._replace(state=AttemptState.STAGED))
            return with_worker(world, number, worker, stored=staged)
        case Doubt(settle_in=settle_in, faults=faults):
            assert stored.live is not None
            live = stored.live._replace(
                owner=None, state=AttemptState.UNCERTAIN, lease_in=ticks(settle_in)
            )
            return with_worker(
                world, number, idle, stored=stored._replace(live=live, faults=faults)
            )
        case Close():
            return with_worker(world, number, idle, stored=_closed(ended, worker, transition))
        case Settled():
            return with_worker(world, number, idle)


def _adopted(stored: Stored, worker: Worker, adopt: Adopt) -> Stored:
    assert isinstance(worker.told, int)
    assert worker.token is not None
    kept = tuple(one for one in stored.candidates if one.token != worker.token)
    if adopt.keeps_presented_in is not None:
        kept = (*kept, Kept(worker.token, ticks(adopt.keeps_presented_in)))
    return stored._replace(
        version=adopt.version + 1,
        token=worker.told,
        state=adopt.state,
        reason=adopt.reason,
        rejections=0,
        faults=0 if adopt.proved_in is None else 1,
        try_in=ticks(adopt.proved_in),
        is_uncertain=False,
        reused_for=stored.reused_for if adopt.proved_in is None else worker.version,
        access_in=ACCESS_TICKS,
        candidates=kept[-_MOST_CANDIDATES:],
        posts=0,
        pardons=0,
    )


def _closed(stored: Stored, worker: Worker, close: Close) -> Stored:
    kept = tuple(one for one in stored.candidates if one.token != close.drops)
    stored = stored._replace(
        candidates=kept,
        is_uncertain=stored.is_uncertain or close.outcome in UNCERTAIN_OUTCOMES,
        reused_for=worker.version if close.outcome is Outcome.REUSED else stored.reused_for,
    )
    if close.turn is None:
        return stored
    return stored._replace(
        state=close.turn.state,
        reason=close.turn.reason,
        rejections=close.turn.rejections,
        faults=close.turn.faults,
        try_in=ticks(close.turn.try_in),
        pardons=stored.pardons + 1,
    )
