"""A wish for a sync is queued once per account, or says who must act first."""

from typing import Any

from permsync.flows.authenticate_key import Scope
from permsync.flows.disable_user import disable_user
from permsync.flows.unlink_account import unlink_account
from permsync.model import Account
from tests.asgi_client import Answer
from tests.flows.scenes import column, last_run, rows, sync
from tests.flows.test_apply_listing import claimed
from tests.web.visitors import CallWith
from tests.world import World


async def queued(world: World) -> list[str]:
    statement = "SELECT dedupe_key FROM pgqueuer WHERE status = 'queued' ORDER BY dedupe_key"
    return await column(world.services.database, statement)


async def lose(world: World, account: Account) -> None:
    """End access as a refused refresh does."""
    await rows(
        world.services.database,
        "UPDATE account SET state = 'needs_reauth', reason = 'revoked_or_expired' WHERE id = :id",
        id=account.id,
    )


def placed(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status == 202, answer.body
    accounts: list[dict[str, Any]] = answer.json["accounts"]
    return [(one["account"], one["sync"]) for one in accounts]


async def test_every_way_to_name_one_account_queues_it_once(
    world: World, program: CallWith
) -> None:
    ada = await world.link("ada", "github")
    caller = await program(Scope.REFRESH)
    for body in (
        {"account": str(ada.id)},
        {"host": "github", "external_id": ada.external_id},
        {"user": str(ada.user_id)},
    ):
        assert placed(await caller.post_json("/v1/refresh", body)) == [(str(ada.id), "queued")]
    assert await queued(world) == [f"sync_account:{ada.id}"]


async def test_a_wish_during_a_run_is_a_run_more(world: World, program: CallWith) -> None:
    ada = await world.link("ada", "github")
    await rows(world.services.database, "UPDATE pgqueuer SET status = 'picked'")
    answer = await (await program(Scope.REFRESH)).post_json("/v1/refresh", {"account": str(ada.id)})
    assert placed(answer) == [(str(ada.id), "again")]


async def test_an_account_that_only_the_person_can_repair_says_so(
    world: World, program: CallWith
) -> None:
    ada = await world.link("ada", "github")
    await lose(world, ada)
    caller = await program(Scope.REFRESH)
    for body in (
        {"account": str(ada.id)},
        {"host": "github", "external_id": ada.external_id},
        {"user": str(ada.user_id)},
    ):
        answer = await caller.post_json("/v1/refresh", body)
        assert (answer.status, answer.json["code"]) == (409, "token_unavailable"), body
        assert answer.json["reason"] == "revoked_or_expired"
        assert answer.json["detail"] == "Token refresh failed, please reconnect."


async def test_a_disabled_persons_account_is_not_synced(world: World, program: CallWith) -> None:
    ada = await world.link("ada", "github")
    await rows(world.services.database, "DELETE FROM pgqueuer")
    await disable_user(world.services, ada.user_id, disabled=True, actor="test")
    caller = await program(Scope.REFRESH)
    for body in (
        {"account": str(ada.id)},
        {"host": "github", "external_id": ada.external_id},
        {"user": str(ada.user_id)},
    ):
        answer = await caller.post_json("/v1/refresh", body)
        assert (answer.status, answer.json["reason"]) == (409, "user_disabled"), body
    assert await queued(world) == []


async def test_one_broken_account_does_not_keep_the_others_of_a_person(
    world: World, program: CallWith
) -> None:
    broken = await world.link("ada", "github")
    healthy = await world.link("ada", "gitlab")
    gone = await world.link("ada", "bitbucket")
    await lose(world, broken)
    await unlink_account(world.services, gone.id, user_id=gone.user_id, actor="test")

    answer = await (await program(Scope.REFRESH)).post_json(
        "/v1/refresh", {"user": str(broken.user_id)}
    )

    assert placed(answer) == [(str(broken.id), "refused"), (str(healthy.id), "queued")]
    refused = answer.json["accounts"][0]
    assert refused["reason"] == "revoked_or_expired"
    assert refused["reason_text"] == "Token refresh failed, please reconnect."


async def test_what_is_not_there_is_a_problem_with_its_own_code(
    world: World, program: CallWith
) -> None:
    nobody = await world.user("margaret")
    caller = await program(Scope.REFRESH)
    for body, code in (
        ({"account": "9" * 18}, "unknown_account"),
        ({"user": "9" * 18}, "unknown_user"),
        ({"user": str(nobody.id)}, "unknown_account"),
        ({"host": "github", "external_id": "0"}, "unknown_account"),
        ({"host": "nowhere", "external_id": "0"}, "unknown_account"),
    ):
        answer = await caller.post_json("/v1/refresh", body)
        assert (answer.status, answer.json["code"]) == (404, code), body


async def test_what_does_not_fit_is_refused_and_named(program: CallWith) -> None:
    caller = await program(Scope.REFRESH)
    for body, field in (
        ({}, "body"),
        ({"account": 12}, "account"),
        ({"account": "0"}, "account"),
        ({"account": "1", "user": "2"}, "user"),
        ({"user": "2", "now": True}, "now"),
        ({"host": "github"}, "external_id"),
        ({"external_id": "1"}, "host"),
        ({"host": "a\x00", "external_id": "1"}, "host"),
        ({"everybody": True}, "body"),
    ):
        answer = await caller.post_json("/v1/refresh", body)
        assert (answer.status, answer.json["code"]) == (400, "request_malformed"), body
        assert answer.json["field"] == field, body


async def test_syncs_that_wait_or_run_are_taken_back_by_every_name(
    world: World, program: CallWith
) -> None:
    ada = await world.link("ada", "github")
    caller = await program(Scope.REFRESH)
    for body in (
        {"account": str(ada.id)},
        {"host": "github", "external_id": ada.external_id},
        {"user": str(ada.user_id)},
    ):
        await caller.post_json("/v1/refresh", body)
        run = await claimed(world, ada)
        answer = await caller.post_json("/v1/refresh/cancel", body)
        (told,) = answer.json["accounts"]
        assert (told["account"], told["waited"]) == (str(ada.id), True), body
        assert (told["run"]["id"], told["run"]["state"]) == (str(run.id), "cancelled")
        assert await queued(world) == []
        (nothing,) = (await caller.post_json("/v1/refresh/cancel", body)).json["accounts"]
        assert (nothing["waited"], nothing["run"]) == (False, None)


async def test_nobodys_syncs_cannot_be_taken_back(program: CallWith) -> None:
    caller = await program(Scope.REFRESH)
    for body, code in (
        ({"account": "999"}, "unknown_account"),
        ({"host": "github", "external_id": "0"}, "unknown_account"),
        ({"user": "999"}, "unknown_user"),
    ):
        answer = await caller.post_json("/v1/refresh/cancel", body)
        assert (answer.status, answer.json["code"]) == (404, code)


async def test_the_run_names_the_key_that_asked(world: World, program: CallWith) -> None:
    ada = await world.link("ada", "github")
    await (await program(Scope.REFRESH)).post_json("/v1/refresh", {"account": str(ada.id)})
    await sync(world, ada)
    assert (await last_run(world, ada))["actor"] == "key:refresh"
