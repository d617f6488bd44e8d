"""
Webhooks on their way into the inbox: proved, stored before the answer, and never stored whole.

On the real database and the simulated hosts. What follows from a delivery is another test's.
"""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from permsync.codehost import CodeHost
from permsync.errors import DatabaseUnavailableError, UnknownError, WebhookRefusedError
from permsync.flows.drain_webhooks import drain_webhooks
from permsync.flows.receive_webhook import DRAIN, Received
from permsync.flows.tidy import tidy
from permsync.store.engine import Database
from permsync.store.queue import enqueue_rounds
from tests.flows.scenes import column, empty_queue, everything_stored, found_in, queued, rows
from tests.webhooks import (
    OLD_SECRET,
    SECRETS,
    Sent,
    bitbucket,
    github,
    gitlab,
    gitlab_signed,
    hooked,
    inbox,
    receive,
    waiting,
)
from tests.world import World

ADDED = {"user_id": 41, "project_id": 74, "user_email": "js@example.com", "user_name": "John S"}
PROJECT = {"project_id": 74, "project_visibility": "internal"}
COUNTED = "permsync_webhooks_total"


def counted(world: World, host: str, outcome: str) -> float:
    """How often this became of a delivery of this host."""
    found = world.services.metrics.registry.get_sample_value(
        COUNTED, {"host": host, "outcome": outcome}
    )
    return found or 0.0


async def refused(world: World, sent: Sent) -> str:
    """The reason for which it is refused."""
    with pytest.raises(WebhookRefusedError) as refusal:
        await receive(world, sent)
    assert await inbox(world) == []
    return refusal.value.reason


async def test_a_delivery_is_stored_and_its_job_is_due_when_the_host_is_answered(
    world: World,
) -> None:
    world = hooked(world)
    assert await receive(world, gitlab("user_add_to_team", ADDED)) is Received.ACCEPTED
    (row,) = await inbox(world)
    assert row["event"] == "user_add_to_team"
    assert row["notice"] == {"notice": "member_added", "person": "41", "repository": "74"}
    assert row["waits"]
    assert await queued(world.services.database) == {DRAIN}
    assert counted(world, "gitlab", "accepted") == 1


async def test_every_scheme_is_believed(world: World) -> None:
    world = hooked(world)
    now = int(time.time())
    for sent in (
        github("public", {"repository": {"id": 7}}),
        github("public", {"repository": {"id": 8}}, secret=OLD_SECRET),
        gitlab("user_add_to_team", ADDED),
        gitlab_signed("user_add_to_team", ADDED, at_seconds=now),
        bitbucket("bitbucket", "repo:deleted", {"repository": {"uuid": "{a-1}"}}),
        bitbucket("bitbucket-dc", "repo:modified", {"new": {"id": 7}}),
    ):
        assert await receive(world, sent) is Received.ACCEPTED


async def test_nothing_of_the_body_but_ids_is_kept(world: World) -> None:
    """Nor a secret that proved it."""
    world = hooked(world)
    await receive(world, gitlab("user_add_to_team", ADDED))
    stored = await everything_stored(world.services.database)
    assert '"41"' in stored
    assert found_in(stored, ["js@example.com", "John S", *SECRETS]) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x-gitlab-token": "wrong"}, "signature_wrong"),
        ({"x-gitlab-token": ""}, "signature_empty"),
        ({"webhook-signature": "v1,AAAA"}, "signature_wrong"),
        ({"x-gitea-event": "push"}, "foreign_host"),
    ],
)
async def test_what_is_not_proved_is_not_stored_and_is_counted(
    world: World, change: dict[str, str], reason: str
) -> None:
    world = hooked(world)
    sent = gitlab("user_add_to_team", ADDED)
    assert await refused(world, replace(sent, headers={**sent.headers, **change})) == reason
    assert await queued(world.services.database) == set()
    assert counted(world, "gitlab", reason) == 1


async def test_fake_18_an_old_timestamp_is_a_replay(world: World) -> None:
    world = hooked(world)
    late = int(time.time()) - 3_600
    sent = gitlab_signed("user_add_to_team", ADDED, at_seconds=late)
    assert await refused(world, sent) == "timestamp_wrong"


async def test_a_host_without_a_secret_has_no_webhooks(world: World) -> None:
    world = hooked(world, "github")
    with pytest.raises(UnknownError, match="gitlab"):
        await receive(world, gitlab("user_add_to_team", ADDED, token=""))
    with pytest.raises(UnknownError, match="nowhere"):
        await receive(world, replace(gitlab("push", {}), host="nowhere"))
    assert await inbox(world) == []


async def test_a_kind_without_webhooks_has_none(world: World) -> None:
    one = hooked(world).services.hosts["gitlab"]
    bare = type("Bare", (type(one.host),), {"hooks": None})
    host: CodeHost = object.__new__(bare)
    hosts = {"gitlab": replace(one, host=host)}
    world = replace(world, services=replace(world.services, hosts=hosts))
    with pytest.raises(UnknownError):
        await receive(world, gitlab("user_add_to_team", ADDED))


# Again


async def test_fake_18_a_redelivery_with_the_same_id_is_a_duplicate_once_it_was_carried_out(
    world: World,
) -> None:
    world = hooked(world)
    sent = gitlab("user_add_to_team", ADDED)
    await receive(world, sent)
    (first,) = await inbox(world)
    assert await receive(world, sent) is Received.ACCEPTED  # it waits: the job must exist

    await drain_webhooks(world.services)
    await empty_queue(world.services.database)
    assert await receive(world, sent) is Received.DUPLICATE
    (row,) = await inbox(world)
    assert (row["seen"], row["waits"], row["received_at"]) == (3, False, first["received_at"])
    assert await queued(world.services.database) == set()


async def test_a_redelivery_of_one_that_failed_waits_again_and_is_as_old_as_it_was(
    world: World,
) -> None:
    world = hooked(world)
    sent = gitlab("user_add_to_team", ADDED)
    await receive(world, sent)
    (first,) = await inbox(world)
    await rows(world.services.database, "UPDATE webhook_delivery SET tries = 9, failed_at = now()")
    assert await waiting(world) == 0

    assert await receive(world, sent) is Received.ACCEPTED
    (row,) = await inbox(world)
    assert (row["waits"], row["tries"]) == (True, 0)
    assert row["received_at"] == first["received_at"]


async def test_an_id_that_was_seen_hides_no_other_body(world: World) -> None:
    """Headers are not signed, so an id proves nothing."""
    world = hooked(world)
    sent = gitlab("user_add_to_team", ADDED)
    await receive(world, sent)
    await drain_webhooks(world.services)
    other = gitlab("user_remove_from_team", ADDED)
    assert await receive(world, replace(other, headers=sent.headers)) is Received.ACCEPTED


async def test_without_an_id_the_same_words_may_mean_something_new(world: World) -> None:
    world = hooked(world)
    sent = gitlab("user_remove_from_team", ADDED)
    del sent.headers["idempotency-key"]
    await receive(world, sent)
    assert await receive(world, sent) is Received.ACCEPTED
    (first,) = await inbox(world)
    await drain_webhooks(world.services)

    assert await receive(world, sent) is Received.ACCEPTED
    (row,) = await inbox(world)
    assert row["waits"]
    assert row["received_at"] > first["received_at"]


# Quietly


@pytest.mark.parametrize(
    "sent",
    [
        github("push", {"ref": "refs/heads/main"}),
        github("ping", {"zen": "Keep it logically awesome."}),
        github("member", {"action": "removed"}),
    ],
)
async def test_what_says_nothing_is_kept_quietly(world: World, sent: Sent) -> None:
    world = hooked(world)
    assert await receive(world, sent) is Received.KEPT
    (row,) = await inbox(world)
    assert not row["waits"]
    assert await queued(world.services.database) == set()
    assert await receive(world, sent) is Received.KEPT


async def test_a_full_inbox_takes_only_what_closes_something(world: World) -> None:
    world = hooked(world)
    world = replace(world, services=replace(world.services, webhook_backlog=2))
    looks = [gitlab("project_rename", {"project_id": number}) for number in (1, 2, 3)]
    said = [await receive(world, each) for each in looks]
    assert said == [Received.ACCEPTED, Received.ACCEPTED, Received.OVERFLOWED]
    assert await receive(world, gitlab("user_remove_from_team", ADDED)) is Received.ACCEPTED
    assert await receive(world, gitlab("push", PROJECT)) is Received.KEPT
    assert await waiting(world) == 3
    assert counted(world, "gitlab", "overflowed") == 1

    await drain_webhooks(world.services)
    assert await receive(world, looks[2]) is Received.ACCEPTED


async def test_a_host_that_waits_much_takes_no_room_from_another(world: World) -> None:
    world = hooked(world)
    world = replace(world, services=replace(world.services, webhook_backlog=1))
    await receive(world, gitlab("project_rename", {"project_id": 1}))
    sent = github("repository", {"action": "renamed", "repository": {"id": 7}})
    assert await receive(world, sent) is Received.ACCEPTED


async def test_what_is_over_is_forgotten_and_what_waits_is_not(world: World) -> None:
    world = hooked(world)
    await receive(world, gitlab("push", {}))
    await receive(world, gitlab("project_rename", {"project_id": 1}))
    old = timedelta(days=30)
    await rows(
        world.services.database,
        "UPDATE webhook_delivery SET received_at = received_at - CAST(:old AS interval)",
        old=old,
    )
    await receive(world, gitlab("push", {}))
    await tidy(world.services)
    events = await column(world.services.database, "SELECT event FROM webhook_delivery ORDER BY id")
    assert events == ["project_rename", "push"]


async def test_a_wish_during_the_round_is_not_lost(world: World) -> None:
    """The round is running: what arrives has it done once more."""
    world = hooked(world)
    database = world.services.database
    async with database.begin() as connection:
        await enqueue_rounds(connection, [DRAIN])
    await rows(database, "UPDATE pgqueuer SET status = 'picked'")
    await receive(world, gitlab("project_rename", {"project_id": 1}))
    (headers,) = await column(database, "SELECT headers FROM pgqueuer")
    assert {"again", "again_at"} <= set(headers)


async def test_a_round_that_rests_is_brought_forward(world: World) -> None:
    world = hooked(world)
    database = world.services.database
    async with database.begin() as connection:
        await enqueue_rounds(connection, [DRAIN])
    await rows(database, "UPDATE pgqueuer SET execute_after = now() + interval '1 hour'")
    await receive(world, gitlab("project_rename", {"project_id": 1}))
    assert await column(database, "SELECT execute_after <= now() FROM pgqueuer") == [True]


async def test_without_a_database_the_host_is_not_told_that_it_was_heard(world: World) -> None:
    world = hooked(world)
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    world = replace(world, services=replace(world.services, database=nowhere))
    with pytest.raises(DatabaseUnavailableError):
        await receive(world, gitlab("user_remove_from_team", ADDED))
    await nowhere.close()
