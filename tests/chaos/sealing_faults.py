"""Damaged rows and missing keys: an error of ours, never the end of an account."""

from permsync.vault import new_sealing_key
from tests.chaos.faults import Fault
from tests.chaos.processes import ProcessDiedError
from tests.chaos.scene import Scene

SWAP = """
UPDATE account SET refresh_sealed = other.refresh_sealed, access_sealed = other.access_sealed
FROM account AS other
WHERE account.id = any($1::bigint[]) AND other.id = any($1::bigint[]) AND account.id <> other.id
"""


async def swap_ciphertexts(scene: Scene) -> None:
    """Two rows hold each other's tokens for a while: neither may be used, neither is dead."""
    other = Scene(scene.place, scene.rescuer)
    await other.begin()
    await scene.expire()
    both = [scene.account, other.account]
    await scene.place.database.execute(SWAP, both)
    presented = len(scene.place.host_proxy.presentations)
    given = [await one.ask(one.rescuer) for one in (scene, other)]
    states = {(await one.row())["state"] for one in (scene, other)}
    await scene.place.database.execute(SWAP, both)
    # For the database's own history the swap is an overwriting, and it was ours.
    await scene.forget_history()
    if any(one is not None and "token" in str(one) for one in given):
        scene.broken.append("a swapped token was given out")
    if states != {"active"}:
        scene.broken.append(f"a swapped ciphertext made an account {states}")
    if len(scene.place.host_proxy.presentations) != presented:
        scene.broken.append("a swapped token was presented")


async def use_wrong_key(scene: Scene) -> None:
    """A process with another key does not start, and touches nothing."""
    before = await scene.row()
    try:
        await scene.place.caller(scene.place.settings(keys=[new_sealing_key()]))
    except ProcessDiedError as refusal:
        if "sealing_key" not in str(refusal):
            scene.broken.append(f"a wrong key is called {refusal}")
    else:
        scene.broken.append("a process with a wrong key started")
    if await scene.row() != before:
        scene.broken.append("a wrong key changed an account")


async def retire_key_too_early(scene: Scene) -> None:
    """One process seals with a key that the others do not have (yet, or any more)."""
    scene.keys = [new_sealing_key(), *scene.place.keys]
    ahead = await scene.place.caller(scene.place.settings(keys=scene.keys))
    await scene.ask(ahead)
    await scene.ask(scene.rescuer)
    await scene.expire()
    await scene.ask(scene.rescuer)
    if (await scene.row())["state"] != "active":
        scene.broken.append("a missing key ended an account")
    await ahead.leave()
    await _take_back(scene)


async def _take_back(scene: Scene) -> None:
    """Seal everything with the lane's own keys again, or later processes could not start."""
    keys = [*scene.place.keys, scene.keys[0]]
    operator = await scene.place.caller(scene.place.settings(keys=keys))
    said = await operator.say("rotate")
    if said.get("unopened") or "error" in said:
        scene.broken.append(f"taking a key back came to {said}")
    await operator.leave()


FAULTS = (
    Fault("swapped ciphertexts", swap_ciphertexts),
    Fault("wrong key", use_wrong_key),
    Fault("key missing in one process", retire_key_too_early),
)
