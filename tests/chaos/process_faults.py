"""
Crowds, kills and pauses: what happens to the processes of permsync themselves.

The points of a kill are those of REFRESH 6: before the intent is durable, after it, after
the last byte was sent, after the host's commit, before our commit, after it. A pause is
longer than the lease, and ends before sending, after sending, or with the answer in hand.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.chaos.database_proxy import Commit, Committing
from tests.chaos.faults import Fault
from tests.chaos.host_proxy import Exchange
from tests.chaos.scene import Scene

CROWD = asyncio.Semaphore(1)


def crowd(processes: int, *, callers: int) -> Callable[[Scene], Awaitable[None]]:
    """So many processes ask at once, each so often: one POST, one version for everybody."""

    async def act(scene: Scene) -> None:
        async with CROWD:
            made = await asyncio.gather(*(scene.place.caller() for _ in range(processes)))
            scene.on_token(lambda exchange: exchange.pass_on())
            said = await asyncio.gather(*(scene.ask(one, times=callers) for one in made))
            await asyncio.gather(*(one.leave() for one in made))
        given = [each for one in said if one is not None for each in one["given"]]
        if len(given) != processes * callers or len({str(each) for each in given}) != 1:
            scene.broken.append("not all callers were given the same version")

    return act


async def kill_before_intent(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(committing: Committing) -> None:
        scene.kill(victim)
        committing.cut()

    scene.on_commit(Commit.CLAIM, script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_after_intent(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(committing: Committing) -> None:
        await committing.forward()
        scene.kill(victim)

    scene.on_commit(Commit.CLAIM, script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_before_arrival(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(_: Exchange) -> None:
        scene.kill(victim)

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_after_sending(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        scene.kill(victim)
        await exchange.answer()

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_after_hosts_commit(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        await exchange.answer()
        scene.kill(victim)

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_before_our_commit(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(committing: Committing) -> None:
        scene.kill(victim)
        committing.cut()

    scene.on_commit(Commit.ADOPT, script)
    scene.ask(victim)
    await scene.until_fired()


async def kill_after_our_commit(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(committing: Committing) -> None:
        await committing.forward()
        scene.kill(victim)

    scene.on_commit(Commit.ADOPT, script)
    scene.ask(victim)
    await scene.until_fired()


async def pause_before_sending(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(committing: Committing) -> None:
        said = await committing.forward()
        victim.pause()
        committing.acknowledge(said)

    scene.on_commit(Commit.CLAIM, script)
    scene.ask(victim)
    await scene.until_fired()
    rescue = scene.ask(scene.rescuer)
    await scene.outlive_lease()
    await rescue
    victim.resume()


async def pause_after_sending(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        victim.pause()
        await exchange.deliver(await exchange.answer())

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()
    scene.ask(scene.rescuer)
    await scene.outlive_lease()
    victim.resume()


async def pause_with_answer(scene: Scene) -> None:
    victim = await scene.victim()

    async def script(exchange: Exchange) -> None:
        async def pause() -> None:
            victim.pause()

        scene.place.database_proxy.expect_begin(pause)
        await exchange.pass_on()

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()
    scene.ask(scene.rescuer)
    await scene.outlive_lease()
    victim.resume()


FAULTS = (
    Fault("2 processes", crowd(2, callers=5)),
    Fault("8 processes", crowd(8, callers=3)),
    Fault("50 processes", crowd(50, callers=1), alone=True, big=True),
    Fault("kill before intent", kill_before_intent),
    Fault("kill after intent", kill_after_intent),
    Fault("kill, request never arrives", kill_before_arrival, most_posts=2),
    Fault("kill after last byte sent", kill_after_sending, most_posts=2),
    Fault("kill after host's commit", kill_after_hosts_commit, most_posts=2),
    Fault("kill before our commit", kill_before_our_commit, most_posts=2),
    Fault("kill after our commit", kill_after_our_commit),
    Fault("pause before sending", pause_before_sending),
    Fault("pause after sending", pause_after_sending, most_posts=4, reused=True),
    Fault("pause with the answer", pause_with_answer, most_posts=4, reused=True),
)
