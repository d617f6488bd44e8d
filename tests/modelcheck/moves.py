"""
What may happen next in the refresh model: the steps of the workers, the wire, and faults.

Each step of a worker is one short transaction or one send, as in the product; between two of
them anything else may happen. What a step writes is what the product's rules say. A fault is
one of a budget, and time may not pass over work that a sweeper would have done by then.
"""

from collections.abc import Iterator

from permsync.rules.refresh import AttemptState, Outcome
from permsync.rules.refresh.claim import Claim, Judge, Plan, plan_claim
from tests.modelcheck import host_side
from tests.modelcheck.world import (
    DEADLINE,
    LAST_VERSION,
    LASTING,
    NOW,
    ROTATION,
    SETTLE,
    Bad,
    Flight,
    Live,
    Mutation,
    Rules,
    Stored,
    Told,
    Worker,
    World,
    account_facts,
    durations,
    live_facts,
    ticks,
    with_worker,
)
from tests.modelcheck.writes import written

Step = tuple[str, World]


def moves(world: World, rules: Rules) -> Iterator[Step]:
    """Every step that is possible now, and the world after it."""
    for number, worker in enumerate(world.workers):
        if worker.is_idle:
            yield from _begin(world, rules, number)
        elif worker.told is not None:
            yield from _finish(world, rules, number)
        elif not worker.sent:
            yield _send(world, number)
        if not worker.is_idle and world.faults_left:
            yield _crash(world, rules, number)
    for flight in world.wire:
        yield from _fly(world, rules, flight)
    if world.relinks_left:
        yield _link_again(world)
    yield from _use(world, rules)
    yield from _pass_time(world, rules)


def _plan(world: World, rules: Rules) -> Plan:
    live = None if rules.mutation is Mutation.I1 else live_facts(world.stored)
    return plan_claim(
        account_facts(world.stored),
        live,
        None,
        durations(rules.mutation),
        rotation=ROTATION[rules.policy],
        now=NOW,
    )


def _is_recovering(stored: Stored) -> bool:
    return bool(stored.live or stored.rejections or stored.faults or stored.is_uncertain)


def _is_due(world: World, rules: Rules) -> bool:
    """
    Whether anybody would refresh: a recovery, or a token that ran out.

    They do for ever; so that states end, beyond the last version only a dead one does.
    """
    stored = world.stored
    if stored.version <= LAST_VERSION or _is_recovering(stored):
        return True
    return not host_side.would_work(world.host, rules.policy, stored.token)


def _begin(world: World, rules: Rules, number: int) -> Iterator[Step]:
    """An idle worker claims, or judges what a dead one had staged."""
    stored = world.stored
    if not _is_due(world, rules):
        return
    match _plan(world, rules):
        case Claim(takes_over=takes_over, candidate=candidate):
            lease = ticks(durations(rules.mutation).refresh_lease)
            live = Live(number, AttemptState.ARMED, stored.version, lease, candidate)
            taken = takes_over is not None
            claimed = stored._replace(
                live=live,
                is_uncertain=stored.is_uncertain or taken,
                pardons=stored.pardons + taken,
            )
            token = stored.token if candidate is None else candidate
            worker = Worker(stored.link, stored.version, token, candidate, send_in=DEADLINE)
            yield f"worker {number} claims", with_worker(world, number, worker, stored=claimed)
        case Judge():
            staged = stored.live
            assert staged is not None
            judge = Worker(stored.link, staged.version, stored.token, staged.candidate)
            judge = judge._replace(told=Bad.UNUSABLE)
            owned = stored._replace(live=staged._replace(owner=number))
            yield (
                f"worker {number} judges",
                written(with_worker(world, number, judge, stored=owned), rules, number),
            )
        case _:
            return


def _send(world: World, number: int) -> Step:
    """The token leaves, unless the worker was held up past its own deadline (I6)."""
    worker = world.workers[number]
    if worker.send_in <= 0:
        late = worker._replace(told=Bad.UNSENT)
        return f"worker {number} is too late to send", with_worker(world, number, late)
    assert worker.token is not None
    stored = world.stored
    if (worker.link, worker.version) == (stored.link, stored.version):
        stored = stored._replace(posts=stored.posts + 1)
    sent = with_worker(world, number, worker._replace(sent=True), stored=stored)
    flight = Flight(number, worker.token, worker.send_in + SETTLE)
    return f"worker {number} sends", _with_wire(sent, add=flight)


def _fly(world: World, rules: Rules, flight: Flight) -> Iterator[Step]:
    """The host reads a request, or a worker its answer; or a fault comes between."""
    if flight.told is None:
        yield _deliver(world, rules, flight)
    elif flight.worker is not None:
        told = _told(world, flight, flight.told)
        yield f"the answer reaches worker {flight.worker}", _with_wire(told, drop=flight)
    if not world.faults_left or flight.worker is None:
        return
    if flight.told is None:
        refused = _with_wire(_told(world, flight, Bad.REJECTED), drop=flight)
        yield "the host refuses although the token is good", _faulted(refused)
        orphan = flight._replace(worker=None, lives_in=min(flight.lives_in, SETTLE))
        for bad in (Bad.NOTHING, Bad.UNAVAILABLE):
            broken = _with_wire(_told(world, flight, bad), drop=flight, add=orphan)
            yield f"worker {flight.worker} gets {bad.value}", _faulted(broken)
        if rules.policy in host_side.GRACEFUL:  # elsewhere nobody could tell it from a refusal
            yield "the wire delivers a request twice", _faulted(_with_wire(world, add=orphan))
    elif isinstance(flight.told, int):
        for bad in (Bad.NOTHING, Bad.UNUSABLE):
            spoiled = _with_wire(_told(world, flight, bad), drop=flight)
            name = f"worker {flight.worker} gets {bad.value} instead of its tokens"
            yield name, _faulted(_excused(spoiled, rules))


def _deliver(world: World, rules: Rules, flight: Flight) -> Step:
    host, number = host_side.present(world.host, rules.policy, flight.token)
    delivered = _with_wire(world._replace(host=host), drop=flight)
    told: Told = Bad.REJECTED if number is None else number
    if flight.worker is not None:
        return "the host answers", _with_wire(delivered, add=flight._replace(told=told))
    after = delivered if number is None else _excused(delivered, rules)
    return "the host reads a request that nobody waits for", after


def _told(world: World, flight: Flight, told: Told) -> World:
    assert flight.worker is not None
    worker = world.workers[flight.worker]._replace(told=told)
    return with_worker(world, flight.worker, worker)


def _finish(world: World, rules: Rules, number: int) -> Iterator[Step]:
    """A worker writes down what it was told; the acknowledgement may get lost."""
    worker = world.workers[number]
    after = written(world, rules, number)
    yield f"worker {number} writes what it was told ({worker.told})", after
    if not world.faults_left:
        return
    if worker.recorded is None and isinstance(worker.told, int) and after.workers[number].is_idle:
        recorded = Outcome.ADOPTED if _is_adopted(world, after) else Outcome.KEPT
        again = with_worker(after, number, worker._replace(recorded=recorded))
        yield f"worker {number} writes and does not learn that it did", _faulted(again)
    if rules.mutation is Mutation.I5 and isinstance(worker.told, int):
        dropped = with_worker(world, number, Worker())
        yield f"worker {number} cannot write and drops its tokens", _faulted(dropped)


def _is_adopted(before: World, after: World) -> bool:
    return before.stored.version != after.stored.version


def _crash(world: World, rules: Rules, number: int) -> Step:
    """SIGKILL: what the worker knew is gone, and nobody waits for what it sent."""
    worker = world.workers[number]
    wire = []
    loses = isinstance(worker.told, int) and worker.recorded is None
    for flight in world.wire:
        if flight.worker != number:
            wire.append(flight)
        elif flight.told is None:
            wire.append(flight._replace(worker=None, lives_in=min(flight.lives_in, SETTLE)))
        else:
            loses = loses or isinstance(flight.told, int)
    dead = with_worker(world._replace(wire=tuple(sorted(wire, key=repr))), number, Worker())
    return f"worker {number} is killed", _faulted(_excused(dead, rules) if loses else dead)


def _link_again(world: World) -> Step:
    """The person consents once more: a new link, which fences every older attempt (I7)."""
    host, token = host_side.consent(world.host)
    stored = Stored(link=world.stored.link + 1, version=world.stored.version + 1, token=token)
    linked = world._replace(host=host, stored=stored, relinks_left=world.relinks_left - 1)
    return "the person links again", linked._replace(excused=False)


def _use(world: World, rules: Rules) -> Iterator[Step]:
    """Somebody calls the API; on most hosts that changes nothing."""
    used = [("what is stored", world.stored.token)]
    if rules.mutation is Mutation.I3:
        held = [worker.told for worker in world.workers if isinstance(worker.told, int)]
        used += [("what is not committed", token) for token in held]
    for name, token in used:
        host = host_side.use(world.host, rules.policy, token)
        if host != world.host:
            yield f"a reader uses {name}", world._replace(host=host)


def _pass_time(world: World, rules: Rules) -> Iterator[Step]:
    """One tick; a worker that sleeps past its deadline or its lease costs a fault."""
    stored, live = world.stored, world.stored.live
    if _is_swept(world, rules):
        return
    overslept = live is not None and live.owner is not None and live.lease_in == 1
    late = any(not (one.is_idle or one.sent) and one.send_in == 1 for one in world.workers)
    if (overslept or late) and not world.faults_left:
        return
    wire = [one._replace(lives_in=max(0, one.lives_in - 1)) for one in world.wire]
    after = world._replace(
        host=host_side.tick(world.host, rules.policy),
        stored=_older(stored),
        workers=tuple(
            worker._replace(send_in=max(0, worker.send_in - 1)) for worker in world.workers
        ),
        wire=tuple(one for one in wire if one.lives_in > 0 or one.told is not None),
    )
    if overslept and _holds_answer(world):
        after = _excused(after, rules)
    yield "a tick passes", _faulted(after) if overslept or late else after


def _is_swept(world: World, rules: Rules) -> bool:
    """Whether an idle worker would have begun something before a tick could pass."""
    stored = world.stored
    idle = any(worker.is_idle for worker in world.workers)
    due = stored.access_in == 0 or _is_recovering(stored)
    return idle and due and any(True for _ in _begin(world, rules, 0))


def _holds_answer(world: World) -> bool:
    """Whether tokens that the host gave are on their way to a worker, or there and unwritten."""
    told = [*(worker.told for worker in world.workers), *(flight.told for flight in world.wire)]
    return any(isinstance(one, int) for one in told)


def _older(stored: Stored) -> Stored:
    live = stored.live
    if live is not None:
        live = live._replace(lease_in=max(0, live.lease_in - 1))
    kept = [
        one if one.expires_in >= LASTING else one._replace(expires_in=one.expires_in - 1)
        for one in stored.candidates
    ]
    return stored._replace(
        live=live,
        try_in=max(0, stored.try_in - 1),
        access_in=max(0, stored.access_in - 1),
        candidates=tuple(one for one in kept if one.expires_in > 0),
    )


def _excused(world: World, rules: Rules) -> World:
    """A token that the host committed is gone for good, where it cannot be had again."""
    return world._replace(excused=world.excused or rules.policy in host_side.UNFORGIVING)


def _faulted(world: World) -> World:
    return world._replace(faults_left=world.faults_left - 1)


def _with_wire(world: World, *, add: Flight | None = None, drop: Flight | None = None) -> World:
    wire = list(world.wire)
    if drop is not None:
        wire.remove(drop)
    if add is not None:
        wire.append(add)
    return world._replace(wire=tuple(sorted(wire, key=repr)))
