"""
Plays one cell: a fault strikes a lane, the account settles, and both halves are judged.

What is decided here: that an account which survived must survive one more refresh too, and
that a fault which did not strike is played again. This module must not know a fault.
"""

from dataclasses import dataclass, replace
from time import monotonic

from tests.chaos import truth
from tests.chaos.faults import REPETITIONS, Fault
from tests.chaos.processes import Caller
from tests.chaos.scene import NotExercisedError, Scene
from tests.chaos.site import Place
from tests.chaos.verdict import LIVING, Facts, Terms, Verdict, judge

TRIES = 3


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
    assert result is not None, "there is at least one try"
    return replace(result, seconds=round(monotonic() - began, 2))


async def _play_once(scene: Scene, fault: Fault, *, probe: bool) -> Result:
    await scene.begin()
    await fault.act(scene)
    settled = await scene.settle()
    await scene.finish()
    first = await scene.look(settled=settled)
    verdicts = [judge(first, _terms(scene, fault, first))]
    facts = [first]
    if probe and first.state in LIVING and settled and not fault.ended:
        await scene.expire()
        settled = await scene.settle()
        facts.append(await scene.look(settled=settled, before=first))
        verdicts.append(judge(facts[-1], _terms(scene, fault, facts[-1])))
    return _result(scene, fault, verdicts, facts)


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


def _result(scene: Scene, fault: Fault, verdicts: list[Verdict], facts: list[Facts]) -> Result:
    broken = [*scene.broken, *(word for verdict in verdicts for word in verdict.broken)]
    return Result(
        fault=fault.name,
        lane=scene.place.lane.name,
        accounts=1,
        lost=any(verdict.lost for verdict in verdicts),
        allowed=all(verdict.loss_allowed for verdict in verdicts if verdict.lost)
        and any(verdict.lost for verdict in verdicts),
        falsely_dead=any(verdict.falsely_dead for verdict in verdicts),
        overwritten=any(verdict.overwritten for verdict in verdicts),
        stale_healthy=any(verdict.stale_healthy for verdict in verdicts),
        most_posts=max(verdict.most_presented for verdict in verdicts),
        broken=tuple(dict.fromkeys(broken)),
        seconds=0.0,
        facts=tuple(truth.as_json(one) for one in facts) if broken else (),
    )


def _unproven(fault: Fault, place: Place, why: str) -> Result:
    return Result(fault.name, place.lane.name, 0, 0, 0, 0, 0, 0, 0, (why,), 0.0)
