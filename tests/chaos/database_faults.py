"""
What the database can do to a refresh: refuse, break off, fall silent, go away, come back.

Struck are the two commits that matter, the claim and the adoption of new tokens, of the
victim's connections only; the restart is a real one.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tests.chaos.database_proxy import Commit, Committing, Script
from tests.chaos.faults import Fault
from tests.chaos.host_proxy import Exchange
from tests.chaos.scene import Scene

STALL_SECONDS = 1.5
AWAY_SECONDS = 1.5


def at_commit(commit: Commit, script: Script) -> Callable[[Scene], Awaitable[None]]:
    """This happens to the victim's next commit of this meaning."""

    async def act(scene: Scene) -> None:
        victim = await scene.victim()
        scene.on_commit(commit, script)
        scene.ask(victim)
        await scene.until_fired()

    return act


async def refuse(committing: Committing) -> None:
    """PostgreSQL could not commit, and says so."""
    await committing.refuse()


async def cut_before(committing: Committing) -> None:
    """The connection ends before PostgreSQL hears of the commit."""
    committing.cut()


async def lose_acknowledgement(committing: Committing) -> None:
    """It is committed, and nobody is told."""
    await committing.forward()
    committing.cut()


async def stall(committing: Committing) -> None:
    """The commit takes its time."""
    await asyncio.sleep(STALL_SECONDS)
    committing.acknowledge(await committing.forward())


async def go_away(scene: Scene) -> None:
    """The database is away when the answer comes, and back a little later."""
    victim = await scene.victim()

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        said = await exchange.answer()
        await scene.place.database_proxy.refuse()
        await exchange.deliver(said)
        await asyncio.sleep(AWAY_SECONDS)
        await scene.place.database_proxy.listen()

    scene.on_token(script)
    scene.ask(victim)
    await scene.until_fired()


async def restart(scene: Scene) -> None:
    """PostgreSQL restarts while the host works; everybody's connections die, ours too."""
    done = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        said = await exchange.answer()
        await scene.place.restart_database()
        done.set()
        await exchange.deliver(said)

    scene.on_token(script)
    scene.ask(scene.rescuer)
    await scene.until_fired()
    await done.wait()


# Where a commit has to be repeated, a busy machine may outlive the lease meanwhile.
FAULTS = (
    Fault("commit error at the claim", at_commit(Commit.CLAIM, refuse)),
    Fault("commit error at adoption", at_commit(Commit.ADOPT, refuse), 2),
    Fault("cut before the claim", at_commit(Commit.CLAIM, cut_before)),
    Fault("cut before adoption", at_commit(Commit.ADOPT, cut_before), 2),
    Fault("claim's ack lost", at_commit(Commit.CLAIM, lose_acknowledgement)),
    Fault("adoption's ack lost", at_commit(Commit.ADOPT, lose_acknowledgement), 2),
    Fault("claim stalls", at_commit(Commit.CLAIM, stall)),
    Fault("adoption stalls", at_commit(Commit.ADOPT, stall), 2),
    Fault("database away", go_away, 2),
    Fault("database restart", restart, 2, alone=True),
)
