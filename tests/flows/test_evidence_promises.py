"""
The promises of the evidence machine can be broken: each one notices what it is there for.

What is stored, or what is remembered of the hosts, is spoilt by hand, and the very next look
must tell by the promise's own number. This module must not know how a run goes.
"""

from collections.abc import Callable
from functools import partial

import pytest

from permsync.store.engine import Database
from tests.evidence.memory import Step
from tests.evidence.opening import bench, lose, scene
from tests.evidence.places import person_id
from tests.evidence.promises import BrokenPromiseError
from tests.evidence.scene import Scene
from tests.evidence.settling import check_end, settle
from tests.flows.scenes import rows

__all__ = ["bench", "scene"]

LISTED = "UPDATE account SET listed_at = clock_timestamp()"
MISS = "UPDATE \"grant\" SET missed = true, as_of = :at WHERE source = 'account_listing'"


def spoil(scene: Scene, *statements: str) -> None:
    """Carry out what no flow would."""
    database: Database = scene.bench.database
    for statement in statements:
        values = {"at": scene.now.at} if ":at" in statement else {}
        scene.bench.run(rows(database, statement, **values))


def listed(scene: Scene) -> Step:
    """Tell that Ada's account was listed."""
    (account,) = scene.now.accounts.values()
    return Step("sync_account", account["id"], account["link_id"])


def an_account_row_vanishes(scene: Scene) -> None:
    spoil(scene, "DELETE FROM \"grant\" WHERE source = 'account_listing'")
    scene.look(listed(scene))


def a_row_of_the_other_source_is_written(scene: Scene) -> None:
    spoil(scene, "UPDATE \"grant\" SET level = level WHERE source = 'repo_listing'")
    scene.look(listed(scene))


def a_hold_dates_its_rows(scene: Scene) -> None:
    spoil(
        scene,
        LISTED,
        "INSERT INTO run (account_id, trigger, state, failure)"
        " SELECT id, 'schedule', 'partial', 'held' FROM account",
    )
    scene.look(listed(scene))


def an_unchanged_row_is_written(scene: Scene) -> None:
    spoil(scene, LISTED, "UPDATE \"grant\" SET level = level WHERE source = 'account_listing'")
    scene.look(listed(scene))


def a_run_of_another_link_writes(scene: Scene) -> None:
    (account,) = scene.now.accounts.values()
    spoil(scene, MISS)
    scene.look(Step("sync_account", account["id"], "a link that is over"))


def a_private_repository_opens(scene: Scene) -> None:
    spoil(scene, "UPDATE repository SET visibility = 'public'")
    scene.look()


def a_denied_repository_is_allowed(scene: Scene) -> None:
    scene.memory.denied.update(
        (each.id, *name) for each in scene.users.values() for name in _all(scene)
    )
    scene.look()


def everything_is_asked_about(scene: Scene) -> None:
    scene.memory.fold_above = 0
    spoil(
        scene,
        "INSERT INTO ask (account_id, repository_id, wanted_at, due_at)"
        ' SELECT account_id, repository_id, :at, :at FROM "grant"'
        " WHERE source = 'account_listing'",
    )
    scene.look()


def what_is_lost_is_dated_anew(scene: Scene) -> None:
    lose(scene)
    spoil(scene, LISTED)
    scene.look()


def what_was_not_seen_is_not_missed(scene: Scene) -> None:
    lose(scene)
    spoil(scene, LISTED)
    scene.look(listed(scene))


def what_is_lost_stays(scene: Scene) -> None:
    lose(scene)
    check_end(scene)


def what_ended_counts(scene: Scene) -> None:
    """The truth was never seen again since access ended, and yet it is allowed."""
    (account,) = scene.now.accounts.values()
    lose(scene)
    scene.memory.ends[account["host"], account["external_id"]] = scene.bench.run(
        scene.bench.clock.now()
    )
    spoil(scene, "UPDATE account SET ended_reason = 'disabled_at_host'")
    scene.look()


def _all(scene: Scene) -> list[tuple[str, str]]:
    return list(scene.now.repositories)


def what_was_never_true_is_allowed(scene: Scene) -> None:
    """Nothing was true for longer than the hard age, and yet it is allowed."""
    lose(scene)
    scene.pass_time(scene.memory.hard / 2)
    scene.memory.hard /= 4
    scene.look()


def asked_one_by_one(scene: Scene) -> list[int]:
    """How many pairs the host was asked about, between one listing of Ada and the next."""
    counts = [0]
    for one in list(scene.host(0).log.records):
        if "membership=true" not in one.query:
            continue
        if "id_after" in one.query:
            counts[-1] += 1
        else:
            counts.append(0)
    return counts


@pytest.mark.parametrize("told", [True, False])
def test_however_wide_a_change_no_more_is_asked_than_the_fold(scene: Scene, *, told: bool) -> None:
    """I12: every pair is lost at once, and each may be told by a notice of its own."""
    host = scene.host(0)
    for number in range(scene.memory.fold_above * 2):
        one = host.add_repository(f"platform/wide-{number}")
        scene.change(partial(host.grant, "ada", one.id))
    scene.press(0)
    scene.work()
    for one in host.by_id():
        scene.change(partial(host.revoke, "ada", one.id))
        if told:
            scene.receive("remove_pair", host, one, "ada")
            scene.process(0, again=False)
    scene.press(0)
    settle(scene)

    assert max(asked_one_by_one(scene)) <= scene.memory.fold_above
    assert not [key for key in scene.now.rows if key.person == person_id(host, "ada")]


SPOILT: dict[str, Callable[[Scene], None]] = {
    "Promise 3": an_account_row_vanishes,
    "I4": a_row_of_the_other_source_is_written,
    "I5": what_is_lost_stays,
    "I6": what_was_never_true_is_allowed,
    "I7": a_hold_dates_its_rows,
    "I8": an_unchanged_row_is_written,
    "I9": a_run_of_another_link_writes,
    "I10": a_private_repository_opens,
    "I11": a_denied_repository_is_allowed,
    "I12": everything_is_asked_about,
    "R3": what_was_not_seen_is_not_missed,
    "Age": what_is_lost_is_dated_anew,
}


@pytest.mark.parametrize("promise", SPOILT)
def test_a_broken_promise_is_noticed_by_its_number(scene: Scene, promise: str) -> None:
    with pytest.raises(BrokenPromiseError, match=f"^{promise}:"):
        SPOILT[promise](scene)


def test_a_yes_from_before_access_ended_is_noticed(scene: Scene) -> None:
    with pytest.raises(BrokenPromiseError, match=r"^I9: allowed"):
        what_ended_counts(scene)
