"""
What the network and the machines on the way do to a refresh, from both sides of the host.

The scripts are in :mod:`tests.chaos.wire_faults`; here is who asks meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.chaos import wire_faults as wire
from tests.chaos.faults import Fault
from tests.chaos.host_proxy import Script
from tests.chaos.scene import Scene

REFUSING_SECONDS = 0.7


def on_the_wire(script: Script, *, times: int = 1) -> Callable[[Scene], Awaitable[None]]:
    """This happens to the next requests that present the account's token."""

    async def act(scene: Scene) -> None:
        scene.on_token(script, times=times)
        asked = scene.ask(scene.rescuer)
        await scene.until_fired()
        await asked

    return act


async def refuse_connections(scene: Scene) -> None:
    await scene.place.host_proxy.refuse()
    await scene.ask(scene.rescuer)
    await asyncio.sleep(REFUSING_SECONDS)
    await scene.place.host_proxy.listen()


async def deliver_twice(scene: Scene) -> None:
    await on_the_wire(wire.deliver_twice)(scene)
    await asyncio.sleep(0.5)


async def deliver_late(scene: Scene) -> None:
    await on_the_wire(wire.deliver_late)(scene)
    await asyncio.sleep(wire.LATE_SECONDS)


FAULTS = (
    Fault("connection refused", refuse_connections),
    Fault("reset before the host", on_the_wire(wire.reset_before_forwarding), most_posts=2),
    Fault("reset while the host works", on_the_wire(wire.reset_after_forwarding), most_posts=2),
    Fault("reset after the answer", on_the_wire(wire.reset_after_answer), most_posts=2),
    Fault("black hole before the host", on_the_wire(wire.swallow_request), most_posts=2),
    Fault("black hole behind the host", on_the_wire(wire.swallow_answer), most_posts=2),
    Fault("answer truncated", on_the_wire(wire.truncate_answer), most_posts=2),
    Fault("answer delayed", on_the_wire(wire.delay_answer)),
    Fault("request delivered late", deliver_late, most_posts=5, reused=True),
    Fault("request delivered twice", deliver_twice, most_posts=5, reused=True),
    Fault("502 after commit", on_the_wire(wire.replace_answer(wire.BAD_GATEWAY)), most_posts=2),
    Fault("200 error after commit", on_the_wire(wire.replace_answer(wire.SPOKEN_ERROR)), 2),
    Fault("200 HTML after commit", on_the_wire(wire.replace_answer(wire.WEB_PAGE)), 2),
    Fault("empty body after commit", on_the_wire(wire.replace_answer(wire.NOTHING)), 2),
    Fault("oversized after commit", on_the_wire(wire.replace_answer(wire.OVERSIZED)), 2),
    Fault("redirect after commit", on_the_wire(wire.replace_answer(wire.REDIRECT)), 2),
    Fault("502 from in between", on_the_wire(wire.answer_instead(wire.BAD_GATEWAY)), 2),
    Fault("503 three times", on_the_wire(wire.answer_instead(wire.UNAVAILABLE), times=3), 4),
    Fault("429 three times", on_the_wire(wire.answer_instead(wire.TOO_MANY), times=3), 4),
    Fault("200 error", on_the_wire(wire.answer_instead(wire.SPOKEN_ERROR)), 2),
    Fault("200 HTML", on_the_wire(wire.answer_instead(wire.WEB_PAGE)), 2),
    Fault("empty body", on_the_wire(wire.answer_instead(wire.NOTHING)), 2),
    Fault("oversized body", on_the_wire(wire.answer_instead(wire.OVERSIZED)), 2),
    Fault("redirect", on_the_wire(wire.answer_instead(wire.REDIRECT)), 2),
    Fault("1 spurious rejection", on_the_wire(wire.refuse_spuriously), 2),
    Fault("3 spurious rejections", on_the_wire(wire.refuse_spuriously, times=3), 4),
)
