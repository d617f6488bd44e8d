"""
The end of a run: faults stop, everything is listed and asked, and belief must be the truth.

Three days pass with a listing each, so that evidence which no source repeats outlives the
hard age (I5). This module must not know what happened before.
"""

from datetime import timedelta

from permsync.flows.check import check
from permsync.model import LIVING, Verdict
from permsync.simulator.faults import Faults
from tests.evidence import places
from tests.evidence.promises import BrokenPromiseError
from tests.evidence.scene import Scene
from tests.evidence.stored import Columns
from tests.evidence.truth import ACCOUNT, REPOSITORY, Key
from tests.flows.scenes import rows

DAY = timedelta(hours=25)
STEP = timedelta(milliseconds=10)
SOON = timedelta(hours=2)
ROUNDS = 3
MOST_JOBS = 400


def settle(scene: Scene) -> None:
    """Let the faults stop and every source speak; raises ``BrokenPromiseError``."""
    stop_faults(scene)
    while scene.held:
        scene.resume(0)
    for _ in range(ROUNDS):
        scene.reclaim(beat=False)
        drain(scene)
        scene.pass_time(DAY)
        scene.rounds()
    drain(scene)
    check_end(scene)


def check_end(scene: Scene) -> None:
    """What each source holds is what it can see, and answers are their union."""
    _check_rows(scene)
    _check_answers(scene)


def stop_faults(scene: Scene) -> None:
    """Nothing is wrong with any host any more."""
    for host in scene.places.hosts:
        host.faults = Faults()
        for each in host.installations.values():
            each.suspended_at = None
        host.touch()
    scene.places.faulty.clear()
    scene.note_truth()


def drain(scene: Scene) -> None:
    """Do every job, and wait for those that are due soon: later ones a listing answers."""
    for _ in range(MOST_JOBS):
        if not scene.work():
            due_in = _next_due_in(scene)
            if due_in is None or due_in > SOON:
                return
            scene.pass_time(max(due_in, STEP))
    raise BrokenPromiseError(f"I5: asks are never drained: {scene.now.jobs}")


def _next_due_in(scene: Scene) -> timedelta | None:
    query = "SELECT min(execute_after) - now() AS due_in FROM pgqueuer WHERE status = 'queued'"
    (found,) = scene.bench.run(rows(scene.bench.database, query))
    due_in: timedelta | None = found["due_in"]
    return due_in


def _check_rows(scene: Scene) -> None:
    for (host, person), one in scene.now.accounts.items():
        if _speaks(scene, one):
            _compare(scene, ACCOUNT, host, person=person)
    owners = scene.memory.history.now.owners
    for (host, repository), one in scene.now.repositories.items():
        listed = one["sync_due_at"] is not None and one["gone_at"] is None
        if listed and (host, repository) in owners:
            _compare(scene, REPOSITORY, host, repository=repository)


def _speaks(scene: Scene, account: Columns) -> bool:
    """Whether its own token still lists: linked, in use at the host, and nobody disabled."""
    linked = account["state"] in LIVING and account["disabled_at"] is None
    return linked and scene.places.is_active(account["host"], account["external_id"])


def _compare(
    scene: Scene,
    source: str,
    host: str,
    *,
    person: str | None = None,
    repository: str | None = None,
) -> None:
    def is_about(key: Key) -> bool:
        named = person in {None, key.person} and repository in {None, key.repository}
        return named and (key.source, key.host) == (source, host)

    believed = {key for key in scene.now.rows if is_about(key)}
    true = {key for key in scene.memory.history.now.held if is_about(key)}
    if believed != true:
        raise BrokenPromiseError(f"I5: stored {believed - true}, missing {true - believed}")


def _check_answers(scene: Scene) -> None:
    """Every person is allowed what one of their sources can see, or what is open, and no more."""
    for user in scene.users.values():
        accounts = [one for one in scene.now.accounts.values() if one["user_id"] == user.id]
        for name, one in scene.now.repositories.items():
            answer = scene.bench.run(check(scene.services, user.id, one["id"]))
            allowed = answer.decision.verdict is Verdict.ALLOW
            expected = _is_true(scene, accounts, name)
            if (user.id, *name) in scene.memory.denied or expected is None:
                expected = False if expected is not None else allowed
            if allowed is not expected:
                raise BrokenPromiseError(
                    f"I5: {user.name} and {name}: {answer.decision}, in truth {expected}"
                )


def _is_true(scene: Scene, accounts: list[Columns], name: tuple[str, str]) -> bool | None:
    """Whether the person may read it; ``None`` where it is open and nobody's listing shows it."""
    truth = scene.memory.history.now
    mine = [one for one in accounts if one["host"] == name[0] and _speaks(scene, one)]
    keys = [
        Key(source, name[0], one["external_id"], name[1])
        for one in mine
        for source in (ACCOUNT, REPOSITORY)
        if source == ACCOUNT or scene.now.repositories[name]["sync_due_at"] is not None
    ]
    if any(key in truth.held for key in keys):
        return True
    if any(one["disabled_at"] is not None for one in accounts):
        return False
    kind = truth.open.get(name)
    if kind is None or (kind == "internal" and not mine):
        return False
    return True if _is_shown(scene, name) else None


def _is_shown(scene: Scene, name: tuple[str, str]) -> bool:
    """Whether somebody who is asked would tell that it is open."""
    truth = scene.memory.history.now
    living = {who for who, one in scene.now.accounts.items() if _speaks(scene, one)}
    listed = any(
        key.source == ACCOUNT and key[1::2] == name and key[1:3] in living for key in truth.held
    )
    host = scene.places.hosts[0]
    covered = {places.owner_id(host, one) for one in scene.places.covered()}
    return listed or (name[0] == host.name and truth.owners.get(name) in covered)
