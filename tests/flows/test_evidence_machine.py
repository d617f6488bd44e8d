"""
A stateful property: whatever hosts do and say, in whatever order, the promises of EVIDENCE hold.

Hypothesis changes a small world, loses and repeats notices, breaks hosts, holds and kills
workers, lets days pass, and links and unlinks people (``tests.evidence.machine``); the real
flows run on the real database against the simulator. After every thing that happens each
invariant is asked by its number (``tests.evidence.promises``), and in the end stored access
is the hosts' truth. Each safeguard that is taken out is missed by the promise it is there for.

    PERMSYNC_SOAK=500 python -m pytest tests/flows/test_evidence_machine.py

draws so many runs anew instead of a few that are always the same.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from permsync.rules import changes
from permsync.store import asks, fences, pairs
from permsync.store.engine import Connection
from permsync.store.pairs import Pair
from tests.evidence.bench import Bench
from tests.evidence.labour import Mishap
from tests.evidence.machine import Evidence
from tests.evidence.opening import bench, lose, scene
from tests.evidence.promises import BrokenPromiseError
from tests.evidence.scene import Scene
from tests.evidence.settling import settle
from tests.evidence.truth import ACCOUNT

__all__ = ["bench", "scene"]

EXAMPLES, STEPS = 12, 30
SOAK = int(os.environ.get("PERMSYNC_SOAK", "0"))
LATE = Mishap(hold_at=1, late=True)  # the listing's answer is in hand


def test_no_order_of_events_breaks_a_promise(bench: Bench) -> None:
    here = type("Here", (Evidence,), {"bench": bench})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=SOAK or EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not SOAK,
            phases=(Phase.generate,),
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert issubclass(here, Evidence)


def tell(scene: Scene, verb: str) -> None:
    """A notice about Ada and the repository comes and is processed."""
    host = scene.host(0)
    scene.receive(verb, host, scene.repository(host, 0), "ada")
    scene.process(0, again=False)


def a_notice_overtakes_a_listing(scene: Scene) -> None:
    """The listing saw the pair, and is applied after the notice that it is gone."""
    scene.press(0)
    scene.work(LATE)
    lose(scene)
    tell(scene, "remove_pair")
    scene.resume(0)


def an_ask_overtakes_a_listing(scene: Scene) -> None:
    """The listing saw the pair, and is applied after an ask that found it gone."""
    tell(scene, "look")
    scene.press(0)
    scene.work(LATE)
    lose(scene)
    scene.pass_time(scene.memory.settle + timedelta(seconds=1))
    for _ in range(2):
        scene.work()
    scene.resume(0)


def a_listing_lies_once(scene: Scene) -> None:
    """One listing leaves out what is true."""
    host = scene.host(0)
    scene.lie(host, scene.repository(host, 0), "ada", ACCOUNT)


def a_notice_lies(scene: Scene) -> None:
    """A notice takes away what is true."""
    tell(scene, "remove_pair")


def an_ask_says_no(scene: Scene) -> None:
    """The account's own source lets go of the pair, and the other one holds it still."""
    lose(scene)
    tell(scene, "look")
    scene.pass_time(scene.memory.settle + timedelta(seconds=1))
    scene.work()
    scene.work()


async def _nothing(*_: object, **__: object) -> None:
    """A safeguard that is not there."""


def _always(*_: object) -> bool:
    """A first no that is as good as a second."""
    return True


_load_others = pairs.load_others


async def _decide_for_others(connection: Connection, **about: Any) -> list[Pair]:
    """One source's no is taken for everybody's."""
    others = await _load_others(connection, **about)
    for each in others:
        await pairs.save_no(connection, each)
    return others


Happening = Callable[[Scene], None]
TAKEN_OUT: dict[str, tuple[object, str, object, Happening, str]] = {
    "the fence of a notice": (fences, "add", _nothing, a_notice_overtakes_a_listing, "I1"),
    "the fence of an ask": (fences, "add", _nothing, an_ask_overtakes_a_listing, "I2"),
    "asking again": (asks, "want", _nothing, a_notice_lies, "I3"),
    "each source decides for itself": (
        pairs,
        "load_others",
        _decide_for_others,
        an_ask_says_no,
        "I4",
    ),
    "the second no": (changes, "_is_second", _always, a_listing_lies_once, "Promise 3"),
}


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_with_every_safeguard_in_place_the_promise_holds(scene: Scene, name: str) -> None:
    TAKEN_OUT[name][3](scene)
    settle(scene)
    assert not scene.held


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_without_a_safeguard_its_promise_is_broken(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module, function, instead, happens, promise = TAKEN_OUT[name]
    monkeypatch.setattr(module, function, instead)
    with pytest.raises(BrokenPromiseError, match=f"^{promise}:"):
        happens(scene)
