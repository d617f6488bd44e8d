"""
A link, an unlink or a key rotation at every step of a refresh that is under way.

The steps: while the intent is written, before the host has the request, after the host's
commit, and while the new tokens are written. Whatever the order, the newest link wins, and
what a refresh brings for an older one is revoked; what is sealed anew stays what it was.
"""

import asyncio
from collections.abc import Callable, Coroutine

from tests.chaos.database_proxy import Commit, Committing
from tests.chaos.faults import Fault
from tests.chaos.host_proxy import Exchange, Script
from tests.chaos.scene import Scene

Act = Callable[[Scene], Coroutine[None, None, None]]
# So long a commit is held while the person's own write queues behind its lock.
HELD_SECONDS = 0.4
REVOKED_SECONDS = 10.0


async def link_again(scene: Scene) -> None:
    """The person goes through the consent page once more."""
    await scene.link()


async def unlink(scene: Scene) -> None:
    """The person disconnects the account."""
    await scene.rescuer.say("unlink", account=scene.account, user=scene.user)


async def rotate(scene: Scene) -> None:
    """The operator seals everything anew with the other key, which is first by now."""
    assert scene.operator is not None, "the operator's process is there before the fault"
    said = await scene.operator.say("rotate")
    if said.get("unopened") or "error" in said:
        scene.broken.append(f"a key rotation came to {said}")


def with_operator(act: Act) -> Act:
    """The same, with a process of the operator's that has the keys in another order."""

    async def whole(scene: Scene) -> None:
        scene.operator = await scene.place.caller(scene.place.settings(keys=scene.place.keys[::-1]))
        await act(scene)
        await scene.operator.leave()

    return whole


def while_committing(commit: Commit, deed: Act) -> Act:
    """The deed begins while the victim's commit is on its way."""

    async def act(scene: Scene) -> None:
        victim = await scene.victim()
        deeds: list[asyncio.Task[None]] = []

        async def script(committing: Committing) -> None:
            deeds.append(asyncio.create_task(deed(scene)))
            await asyncio.sleep(HELD_SECONDS)
            committing.acknowledge(await committing.forward())

        scene.on_commit(commit, script)
        asked = scene.ask(victim)
        await scene.until_fired()
        await asked
        await asyncio.gather(*deeds)

    return act


def before_the_host(deed: Act) -> Act:
    """The deed is done while the request is on its way."""

    async def act(scene: Scene) -> None:
        done = asyncio.Event()

        async def script(exchange: Exchange) -> None:
            await deed(scene)
            done.set()
            await exchange.pass_on()

        await _while_asking(scene, script, done)

    return act


def after_hosts_commit(deed: Act) -> Act:
    """The deed is done while the answer is on its way."""

    async def act(scene: Scene) -> None:
        done = asyncio.Event()

        async def script(exchange: Exchange) -> None:
            await exchange.forward()
            said = await exchange.answer()
            await deed(scene)
            done.set()
            await exchange.deliver(said)

        await _while_asking(scene, script, done)

    return act


async def _while_asking(scene: Scene, script: Script, done: asyncio.Event) -> None:
    scene.on_token(script)
    asked = scene.ask(await scene.victim())
    await scene.until_fired()
    await done.wait()
    await asked


def unlinked(act: Act) -> Act:
    """The same, and then nothing of this person may be left working at the host."""

    async def whole(scene: Scene) -> None:
        await act(scene)
        if scene.place.lane.kind == "bitbucket_cloud":
            return  # it has no way to revoke a token
        for _ in range(int(REVOKED_SECONDS / 0.2)):
            if not await _newest_works(scene):
                return
            await asyncio.sleep(0.2)
        scene.broken.append("a token outlived the unlink")

    return whole


async def _newest_works(scene: Scene) -> bool:
    pairs = await scene.pairs()
    newest = max(pairs, key=lambda each: int(each["number"]))
    return bool(newest["refresh_works"] or newest["access_works"])


_STEPS: dict[str, Callable[[Act], Act]] = {
    "while claiming": lambda deed: while_committing(Commit.CLAIM, deed),
    "before the host": before_the_host,
    "after host's commit": after_hosts_commit,
    "while adopting": lambda deed: while_committing(Commit.ADOPT, deed),
}
FAULTS = (
    *(Fault(f"re-link {when}", step(link_again)) for when, step in _STEPS.items()),
    *(Fault(f"key rotation {when}", with_operator(step(rotate))) for when, step in _STEPS.items()),
    *(Fault(f"unlink {when}", unlinked(step(unlink)), ended=True) for when, step in _STEPS.items()),
)
