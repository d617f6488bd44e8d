"""Accounts are listed with their state, their last sync and our sentences, never a secret."""

from typing import Any

from permsync.flows.authenticate_key import Scope
from tests.asgi_client import AsgiClient
from tests.flows.scenes import found_in, spoil, sync
from tests.web.api.scenes import synced
from tests.web.visitors import CallWith
from tests.world import World


async def read(caller: AsgiClient, target: str) -> list[dict[str, Any]]:
    answer = await caller.get(target)
    assert answer.status == 200, answer.body
    listed: list[dict[str, Any]] = answer.json["accounts"]
    return listed


async def test_an_account_is_listed_with_its_last_sync(world: World, program: CallWith) -> None:
    ada = await synced(world, host="gitlab")
    (account,) = await read(await program(Scope.ACCOUNTS), "/v1/accounts")

    assert (account["id"], account["user"]) == (str(ada.account.id), ada.user)
    assert (account["host"], account["login"]) == ("gitlab", "ada")
    assert account["external_id"] == ada.account.external_id
    assert (account["state"], account["reason"]) == ("active", None)
    assert account["scopes"] == ["read_api"]
    assert account["missing_scopes"] == []
    assert account["access_expires_at"]
    assert account["next_sync_at"]
    run = account["last_run"]
    assert (run["state"], run["trigger"], run["failure"]) == ("succeeded", "schedule", None)
    assert run["total"] == run["added"] > 0
    assert account["synced_at"] == run["started_at"]


async def test_accounts_are_listed_of_one_person_at_one_host_or_all(
    world: World, program: CallWith
) -> None:
    ada, grace = await world.user("ada"), await world.user("grace")
    for person, host in (("ada", "github"), ("ada", "gitlab"), ("grace", "github")):
        await world.link(person, host)
    caller = await program(Scope.ACCOUNTS)
    for target, expected in {
        "/v1/accounts": [("ada", "github"), ("ada", "gitlab"), ("grace", "github")],
        f"/v1/accounts?user={ada.id}": [("ada", "github"), ("ada", "gitlab")],
        f"/v1/accounts?user={grace.id}&host=github": [("grace", "github")],
        f"/v1/accounts?user={grace.id}&host=gitlab": [],
        "/v1/accounts?host=gitlab": [("ada", "gitlab")],
        "/v1/accounts?host=nowhere": [],
        f"/v1/accounts?user={'9' * 18}": [],
    }.items():
        found = await read(caller, target)
        assert [(one["login"], one["host"]) for one in found] == expected, target


async def test_pages_together_are_all_accounts(world: World, program: CallWith) -> None:
    ada = await world.user("ada")
    for host in ("github", "gitlab", "bitbucket"):
        await world.link("ada", host)
    caller = await program(Scope.ACCOUNTS)
    for target in ("/v1/accounts?limit=2", f"/v1/accounts?limit=2&user={ada.id}"):
        first = (await caller.get(target)).json
        second = (await caller.get(f"{target}&cursor={first['next_cursor']}")).json
        hosts = [one["host"] for page in (first, second) for one in page["accounts"]]
        assert hosts == ["github", "gitlab", "bitbucket"], target
        assert second["next_cursor"] is None


async def test_a_failed_sync_is_told_in_our_words_and_no_secret_is(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    spoil(world, "github", "api", "html", times=100)
    await sync(world, ada.account)
    answer = await (await program(Scope.ACCOUNTS)).get("/v1/accounts")
    run = answer.json["accounts"][0]["last_run"]
    assert run["state"] == "failed"
    assert run["failure"]
    assert run["failure_text"].endswith(".")
    told = answer.body.decode()
    assert not found_in(told, world.simulator.world.canaries)
    assert not found_in(told, world.simulator.world.secrets())


async def test_what_does_not_fit_is_refused_and_named(program: CallWith) -> None:
    caller = await program(Scope.ACCOUNTS)
    for query, field in (
        ("user=ada", "user"),
        ("host=%00", "host"),
        ("limit=-1", "limit"),
        ("cursor=-", "cursor"),
        ("state=active", "state"),
    ):
        answer = await caller.get(f"/v1/accounts?{query}")
        assert (answer.status, answer.json["field"]) == (400, field), query
