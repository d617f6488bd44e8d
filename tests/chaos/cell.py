"""
Plays one cell: a fault strikes a lane, the account settles, and both halves are judged.

What is decided here: that an account which survived must survive one more refresh too, and
that a fault which did not strike is played again. This module must not know a fault.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from time import monotonic

from tests.chaos import truth
from tests.chaos.faults import REPETITIONS, Fault
from tests.chaos.processes import Caller
from tests.chaos.scene import NotExercisedError, Scene
from tests.chaos.site import Place
from tests.chaos.verdict import LIVING, Facts, Terms, Verdict, judge

TRIES = 3
MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Result:
    """What a cell came to; ``facts`` are kept where something was broken."""

    fault: str
    lane: str
    accounts: int
    lost: int
    allowed: int
    falsely_dead: int
    overwritten: int
    stale_healthy: int
    most_posts: int
    broken: tuple[str, ...]
    seconds: float
    facts: tuple[str, ...] = ()


async def play(
    place: Place, rescuer: Caller, fault: Fault, *, asking: str = "ask", probe: bool = True
) -> Result:
    """
    Play the cell until it was exercised, at most three times; its result.

    ``asking`` is how tokens are asked for; ``probe`` is whether a survivor is refreshed again.
    """
    began = monotonic()
    result = None
    for _ in range(TRIES):
        scene = Scene(place, rescuer, asking=asking)
        try:
            result = await _play_once(scene, fault, probe=probe)
        except NotExercisedError as why:
            result = _unproven(fault, place, str(why))
            await scene.finish()
        except Exception as why:  # noqa: BLE001 - one cell that cannot be played is one red cell
            result = _unproven(fault, place, f"the harness failed: {type(why).__name__}: {why}")
            await scene.finish()
        else:
            break
        finally:
            scene.dismiss()
    assert result is not None, "there is at least one try"
    return replace(result, seconds=round(monotonic() - began, 2))


async def _play_once(scene: Scene, fault: Fault, *, probe: bool) -> Result:
    await scene.begin()
    await fault.act(scene)
    settled = await scene.settle()
    await scene.finish()
    facts = await scene.look(settled=settled, before={})
    judged = [(one, judge(one, _terms(scene, fault, one))) for one in facts.values()]
    survives = facts[scene.account].state in LIVING and not fault.ended and not scene.others
    if probe and survives and settled:
        await scene.expire()
        settled = await scene.settle()
        facts = await scene.look(settled=settled, before=facts)
        judged += [(one, judge(one, _terms(scene, fault, one))) for one in facts.values()]
    return _result(scene, fault, judged)


def _terms(scene: Scene, fault: Fault, facts: Facts) -> Terms:
    policy = scene.place.lane.policy
    gone = facts.state not in LIVING
    return Terms(
        unforgiving=scene.place.lane.unforgiving,
        reused=fault.reused and policy == "family",
        ended=fault.ended,
        may_revive=fault.reused,
        most_posts=fault.most_posts + (REPETITIONS if gone and not fault.ended else 0),
    )


def _result(scene: Scene, fault: Fault, judged: list[tuple[Facts, Verdict]]) -> Result:
    """Count by account: what was judged in either half counts once."""
    by_account: dict[str, list[Verdict]] = defaultdict(list)
    for facts, verdict in judged:
        by_account[facts.pairs[0].family if facts.pairs else ""].append(verdict)
    halves = list(by_account.values())
    broken = [*scene.broken, *(word for _, verdict in judged for word in verdict.broken)]
    lost = sum(any(one.lost for one in both) for both in halves)
    if lost > fault.most_lost:
        broken.append(f"{lost} accounts lost, {fault.most_lost} allowed")
    shown = [truth.as_json(facts) for facts, verdict in judged if verdict.broken]
    return Result(
        fault=fault.name,
        lane=scene.place.lane.name,
        accounts=len(halves),
        lost=lost,
        allowed=sum(any(one.lost and one.loss_allowed for one in both) for both in halves),
        falsely_dead=sum(any(one.falsely_dead for one in both) for both in halves),
        overwritten=sum(any(one.overwritten for one in both) for both in halves),
        stale_healthy=sum(any(one.stale_healthy for one in both) for both in halves),
        most_posts=max(verdict.most_presented for _, verdict in judged),
        broken=tuple(dict.fromkeys(broken)),
        seconds=0.0,
        facts=tuple(shown[:MOST_SHOWN]),
    )


def _unproven(fault: Fault, place: Place, why: str) -> Result:
    return Result(fault.name, place.lane.name, 0, 0, 0, 0, 0, 0, 0, (why,), 0.0)
