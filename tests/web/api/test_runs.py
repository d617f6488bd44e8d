"""Runs are told with who asked for them and what they cost; one that runs is cancelled."""

from typing import Any

from permsync.flows.authenticate_key import Scope
from tests.asgi_client import AsgiClient
from tests.flows.scenes import column, found_in, rows, spoil, sync
from tests.flows.test_apply_listing import claimed
from tests.web.api.scenes import synced
from tests.web.visitors import CallWith
from tests.world import World


async def read(caller: AsgiClient, target: str) -> dict[str, Any]:
    answer = await caller.get(target)
    assert answer.status == 200, answer.body
    page: dict[str, Any] = answer.json
    return page


async def test_a_run_is_told_with_who_asked_what_it_cost_and_what_became_of_it(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    spoil(world, "github", "api", "html", times=100)
    await sync(world, ada.account)
    caller = await program(Scope.ACCOUNTS)

    failed, succeeded = (await read(caller, "/v1/runs"))["runs"]

    assert (succeeded["account"], succeeded["repository"]) == (str(ada.account.id), None)
    assert (succeeded["state"], succeeded["failure"]) == ("succeeded", None)
    assert succeeded["actor"] == f"user:{ada.user}"
    assert succeeded["duration_seconds"] >= 0
    assert succeeded["requests"] > succeeded["not_modified"] == 0
    assert (failed["state"], failed["actor"]) == ("failed", "permsync")
    assert failed["failure_text"].endswith(".")
    assert await read(caller, f"/v1/runs/{failed['id']}") == failed
    told = (await caller.get("/v1/runs")).body.decode()
    assert not found_in(told, world.simulator.world.canaries)


async def test_runs_are_filtered_and_paged(world: World, program: CallWith) -> None:
    ada = await synced(world)
    grace = await synced(world, "grace")
    for account in (ada.account, grace.account):
        await sync(world, account)
    caller = await program(Scope.ACCOUNTS)
    await rows(
        world.services.database,
        "UPDATE run SET state = 'abandoned', failure = 'superseded'"
        " WHERE id = (SELECT min(id) FROM run WHERE account_id = :id)",
        id=grace.account.id,
    )
    first = await read(caller, "/v1/runs?limit=3")
    rest = await read(caller, f"/v1/runs?limit=3&cursor={first['next_cursor']}")
    ids = [one["id"] for page in (first, rest) for one in page["runs"]]
    stored = await column(world.services.database, "SELECT id::text FROM run ORDER BY id DESC")
    assert (ids, rest["next_cursor"]) == (stored, None)
    for query, expected in (
        (f"account={ada.account.id}", 2),
        ("state=failed", 0),
        (f"account={ada.account.id}&state=succeeded", 2),
        ("repository=1", 0),
        (f"account={'9' * 18}", 0),
        ("failure=superseded", 1),
        ("failure=no_such_reason", 0),
    ):
        assert len((await read(caller, f"/v1/runs?{query}"))["runs"]) == expected, query
    for query, field in (
        ("state=done", "state"),
        ("account=x", "account"),
        ("failure=A", "failure"),
        ("cursor=-", "cursor"),
    ):
        answer = await caller.get(f"/v1/runs?{query}")
        assert (answer.status, answer.json["field"]) == (400, field), query


async def test_a_run_is_cancelled_in_either_form_and_twice_is_once(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    caller = await program(Scope.REFRESH)
    for verb, suffix in (("DELETE", ""), ("POST", "/cancel")):
        run = await claimed(world, ada.account)
        target = f"/v1/runs/{run.id}{suffix}"
        first = await caller.send(verb, target)
        again = await caller.send(verb, target)
        assert first.status == again.status == 200
        assert first.json == again.json
        assert (first.json["state"], first.json["failure"]) == ("cancelled", "cancelled")
    entries = "SELECT actor FROM audit_event WHERE action = 'sync_cancelled'"
    assert await column(world.services.database, entries) == ["key:refresh"] * 2


async def test_an_unknown_run_is_said_to_be_unknown(program: CallWith) -> None:
    reader, writer = await program(Scope.ACCOUNTS), await program(Scope.REFRESH)
    for caller, verb, target in (
        (reader, "GET", "/v1/runs/999"),
        (writer, "DELETE", "/v1/runs/999"),
        (writer, "POST", "/v1/runs/999/cancel"),
    ):
        answer = await caller.send(verb, target)
        assert (answer.status, answer.json["code"]) == (404, "unknown_run"), target
        assert (await caller.send(verb, target.replace("999", "x"))).status == 400


async def test_who_may_look_may_not_cancel(program: CallWith) -> None:
    reader = await program(Scope.ACCOUNTS)
    assert (await reader.send("DELETE", "/v1/runs/1")).status == 403
    assert (await reader.send("POST", "/v1/runs/1/cancel")).status == 403
    assert (await reader.post_json("/v1/refresh/cancel", {"account": "1"})).status == 403
