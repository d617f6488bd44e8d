"""
Many accounts at once: a worker that is stopped or killed, and a host that allows few requests.

Nobody asks for these accounts; the workers refresh what is due, or is asked of them.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.chaos.faults import Fault
from tests.chaos.processes import PATIENCE_SECONDS, PERMSYNC, started
from tests.chaos.scene import Scene

HUNDRED = 100
IN_FLIGHT_SECONDS = 0.4
# What a worker runs side by side by default, and so the most that its death can cost.
IN_FLIGHT = 8
DRAIN_SECONDS = 30.0
ALLOWED_A_SECOND = 50
# What 10,000 accounts may take where the host allows 50 a second, and as much again.
PATIENCE_OF_EACH_SECONDS = 2 / ALLOWED_A_SECOND


async def hold_expired(scene: Scene, count: int) -> None:
    """So many accounts whose tokens have just expired; the lane's worker stands still."""
    pairs = await scene.place.control("bulk-accounts", count=count, prefix=scene.person)
    said = await scene.rescuer.say("hold", host=scene.place.lane.name, pairs=pairs)
    scene.others = said["accounts"]
    scene.tokens |= {each["refresh"] for each in pairs}
    await scene.expire()


@asynccontextmanager
async def busy_worker(scene: Scene) -> AsyncIterator[Process]:
    """A worker of its own in the middle of refreshing a hundred accounts."""
    await hold_expired(scene, HUNDRED)
    await scene.place.control("latency", token_ms=IN_FLIGHT_SECONDS * 1000)
    await scene.rescuer.say("nudge", accounts=scene.others)
    scene.on_token(lambda exchange: exchange.pass_on(), times=HUNDRED)
    settings = ("worker", "--settings", str(scene.place.settings()))
    log = scene.place.folder / "ended.log"
    async with started(settings, log=log, program=PERMSYNC) as worker:
        await scene.until_struck(PATIENCE_SECONDS)
        yield worker
    await scene.place.control("clear-faults")


async def stop_worker(scene: Scene) -> None:
    """SIGTERM: what runs ends in a commit, and then the worker leaves."""
    async with busy_worker(scene) as worker:
        worker.terminate()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                ended = await worker.wait()
        except TimeoutError:
            scene.broken.append("a worker did not stop in time")
        else:
            if ended != 0:
                scene.broken.append(f"a worker that was told to stop ended with {ended}")
    doubt = "SELECT count(*) FROM refresh_attempt WHERE account_id = any($1) AND closed_at IS NULL"
    if left := await scene.place.database.fetchval(doubt, scene.others):
        scene.broken.append(f"a worker that was told to stop left {left} refreshes in doubt")


async def kill_worker(scene: Scene) -> None:
    """SIGKILL: it costs what was in flight at most, and only where the host forgives nothing."""
    async with busy_worker(scene) as worker:
        await asyncio.sleep(IN_FLIGHT_SECONDS / 2)
        scene.count_as_dead()
        worker.kill()
        await worker.wait()


def flood(count: int) -> Callable[[Scene], Awaitable[None]]:
    """So many accounts are due at once, and the host allows few requests a second."""

    async def act(scene: Scene) -> None:
        await hold_expired(scene, count)
        await scene.place.control("quota", limit=ALLOWED_A_SECOND, window_seconds=1, where="token")
        scene.crowd_seconds = 60 + count * PATIENCE_OF_EACH_SECONDS
        await scene.rescuer.say("nudge", accounts=scene.others)
        settled = await scene.settle()
        await scene.place.control("clear-faults")
        if not settled:
            scene.broken.append("not all accounts were served in time")

    return act


FAULTS = (
    Fault("SIGTERM during 100 refreshes", stop_worker, alone=True),
    Fault("SIGKILL during 100 refreshes", kill_worker, 2, most_lost=IN_FLIGHT, alone=True),
    Fault("200 due, 50 requests a second", flood(200), most_posts=20, alone=True),
    Fault("10,000 due, 50 requests a second", flood(10_000), most_posts=200, alone=True, big=True),
)
