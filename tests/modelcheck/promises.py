"""
What must hold in every state of the refresh model, and what is only counted.

These are the promises of REFRESH 6.1, said about a state and not about a history. They know
the truth, which is the host's side, and hold what is stored against it.
"""

from permsync.model import LIVING, AccountReason, AccountState
from tests.modelcheck.host_side import would_work
from tests.modelcheck.world import Rules, World


def broken_promise(world: World, rules: Rules) -> str | None:
    """The first promise that this state breaks, in words."""
    stored = world.stored
    if world.host.tokens[stored.token].family != stored.link:
        return "overwritten: an older link's tokens stand where the newer link's did"
    if stored.posts > 1 + stored.pardons:
        return "posted twice: one version's token was presented again without need"
    if stored.state not in LIVING and _stored_works(world, rules):
        return "falsely dead: a stored token works"
    lost = is_lost(world, rules)
    if lost and not world.excused:
        return "lost: no token works, and no fault excuses it"
    if lost and stored.state is AccountState.ACTIVE and is_quiet(world):
        return "shown healthy: no token works, and nothing is going on"
    if (
        stored.state is AccountState.NEEDS_REAUTH
        and stored.reason is not AccountReason.ROTATION_LOST
    ):
        return "not named: the rotation was lost, and the reason says otherwise"
    return None


def is_lost(world: World, rules: Rules) -> bool:
    """No stored token works, and none that does is on its way or in a worker's hand."""
    return not _stored_works(world, rules) and not any(
        would_work(world.host, rules.policy, token) for token in _held(world)
    )


def is_quiet(world: World) -> bool:
    """No attempt is live, nobody is at work, nothing flies, and no try is due to come."""
    stored = world.stored
    resting = all(worker.is_idle for worker in world.workers) and not world.wire
    return resting and stored.live is None and not (stored.rejections or stored.faults)


def _stored_works(world: World, rules: Rules) -> bool:
    stored = world.stored
    tokens = [stored.token, *(one.token for one in stored.candidates)]
    if stored.live is not None and stored.live.candidate is not None:
        tokens.append(stored.live.candidate)
    return any(would_work(world.host, rules.policy, token) for token in tokens)


def _held(world: World) -> list[int]:
    link = world.stored.link
    held = [
        worker.told
        for worker in world.workers
        if isinstance(worker.told, int) and worker.link == link
    ]
    flying = [flight for flight in world.wire if isinstance(flight.told, int)]
    held += [
        flight.told
        for flight in flying
        if flight.worker is not None
        and world.workers[flight.worker].link == link
        and isinstance(flight.told, int)
    ]
    return held
