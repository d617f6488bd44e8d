"""The description at /openapi.json is what is sent: every status, every body, every scope."""

import json
from typing import Any

import jsonschema
import pytest

from permsync.flows.authenticate_key import Scope
from permsync.flows.unlink_account import unlink_account
from permsync.web.problems import MEDIA_TYPE
from tests.asgi_client import FORM, JSON, Answer, AsgiClient
from tests.web.api.scenes import synced
from tests.web.visitors import CallWith
from tests.world import World

NOBODY = b'{"subject":{"type":"user","id":"999"},"repo":{"id":"999"},"effect":"allow"}'


@pytest.fixture
async def described(anybody: AsgiClient) -> dict[str, Any]:
    """Return the description as a client generator would get it."""
    answer = await anybody.get("/openapi.json")
    assert answer.status == 200
    read: dict[str, Any] = answer.json
    return read


def check_described(described: dict[str, Any], operation: dict[str, Any], answer: Answer) -> None:
    """The answer has a described status, media type and body."""
    response = operation["responses"].get(str(int(answer.status)))
    assert response is not None, answer.status
    schema = response["content"][answer.media_type]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(
        answer.json
    )


async def test_every_answer_that_is_sent_is_described(
    world: World, program: CallWith, anybody: AsgiClient, described: dict[str, Any]
) -> None:
    ada = await synced(world)
    gone = await world.link("ada", "gitlab")
    await unlink_account(world.services, gone.id, user_id=gone.user_id, actor="test")
    admin, weak = await program(Scope.ADMIN), await program(Scope.CHECK)
    user = f"/v1/users/{ada.user}"
    lender = await program(Scope.TOKENS_LEND)

    async def borrow(account: str) -> Answer:
        return await lender.post_json(f"/v1/accounts/{account}/token", {})

    question = {"subject": {"type": "user", "id": ada.user}, "repo": {"id": ada.repository}}
    rule = json.dumps({**question, "effect": "deny"}).encode()
    ruled = await admin.send("PUT", "/v1/rules", [rule], headers=JSON)
    ended = f"/v1/rules/{ruled.json['id']}"
    sent: list[tuple[str, str, int, Answer]] = [
        ("/v1/check", "post", 200, await admin.post_json("/v1/check", question)),
        (
            "/v1/check",
            "post",
            200,
            await admin.post_json("/v1/check", {**question, "explain": True}),
        ),
        ("/v1/check", "post", 400, await admin.post_json("/v1/check", {})),
        ("/v1/check", "post", 401, await anybody.post_json("/v1/check", question)),
        ("/v1/check", "post", 413, await admin.post_json("/v1/check", b" " * (2 << 20))),
        ("/v1/check", "post", 415, await admin.send("POST", "/v1/check", [b"{}"], headers=FORM)),
        ("/v1/users/{user}/repos", "get", 200, await admin.get(f"{user}/repos?limit=2")),
        ("/v1/users/{user}/repos", "get", 403, await weak.get(f"{user}/repos")),
        ("/v1/users/{user}/repos", "get", 404, await admin.get("/v1/users/999/repos")),
        (
            "/v1/users/by-identity/repos",
            "get",
            200,
            await admin.get("/v1/users/by-identity/repos?issuer=test&subject=ada"),
        ),
        (
            "/v1/users/by-account/repos",
            "get",
            404,
            await admin.get("/v1/users/by-account/repos?host=github&id=0"),
        ),
        ("/v1/accounts", "get", 200, await admin.get("/v1/accounts")),
        ("/v1/accounts", "get", 400, await admin.get("/v1/accounts?limit=0")),
        ("/v1/accounts/{account}", "get", 200, await admin.get(f"/v1/accounts/{gone.id}")),
        ("/v1/accounts/{account}", "get", 404, await admin.get("/v1/accounts/999")),
        ("/v1/refresh", "post", 202, await admin.post_json("/v1/refresh", {"user": ada.user})),
        ("/v1/refresh", "post", 404, await admin.post_json("/v1/refresh", {"user": "999"})),
        (
            "/v1/refresh",
            "post",
            409,
            await admin.post_json("/v1/refresh", {"account": str(gone.id)}),
        ),
        ("/v1/accounts/{account}/token", "post", 404, await borrow("999")),
        ("/v1/accounts/{account}/token", "post", 403, await borrow(str(ada.account.id))),
        (
            "/v1/refresh/cancel",
            "post",
            200,
            await admin.post_json("/v1/refresh/cancel", {"user": ada.user}),
        ),
        ("/v1/budgets", "get", 200, await admin.get("/v1/budgets")),
        ("/v1/budgets", "get", 404, await admin.get("/v1/budgets?host=nowhere")),
        ("/v1/runs", "get", 200, await admin.get("/v1/runs")),
        ("/v1/runs/{run}", "get", 200, await admin.get("/v1/runs/1")),
        ("/v1/runs/{run}", "delete", 200, await admin.send("DELETE", "/v1/runs/1")),
        ("/v1/runs/{run}", "delete", 404, await admin.send("DELETE", "/v1/runs/999")),
        ("/v1/runs/{run}/cancel", "post", 200, await admin.send("POST", "/v1/runs/1/cancel")),
        ("/v1/rules", "put", 200, ruled),
        ("/v1/rules", "put", 404, await admin.send("PUT", "/v1/rules", [NOBODY], headers=JSON)),
        ("/v1/rules", "get", 200, await admin.get("/v1/rules")),
        ("/v1/rules/{rule}", "delete", 200, await admin.send("DELETE", ended)),
        ("/v1/rules/{rule}", "delete", 404, await admin.send("DELETE", ended)),
        ("/v1/users/{user}/disable", "post", 200, await admin.send("POST", f"{user}/disable")),
        ("/v1/users/{user}/enable", "post", 200, await admin.send("POST", f"{user}/enable")),
    ]
    assert {path for path, _, _, _ in sent} == set(described["paths"])
    for path, method, status, answer in sent:
        assert answer.status == status, (path, answer.body)
        check_described(described, described["paths"][path][method], answer)


async def test_problems_and_not_the_librarys_own_errors_are_described(
    described: dict[str, Any],
) -> None:
    for operations in described["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            problems = {
                status: response
                for status, response in operation["responses"].items()
                if not status.startswith("2")
            }
            assert {"400", "401", "403", "503", "default"} <= set(problems)
            assert all(set(one["content"]) == {MEDIA_TYPE} for one in problems.values())
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_every_route_says_which_scope_its_key_needs(described: dict[str, Any]) -> None:
    needed = {
        path: sorted({one["security"][0]["service_key"][0] for one in operations.values()})
        for path, operations in described["paths"].items()
    }
    assert needed == {
        "/v1/check": ["check"],
        "/v1/budgets": ["admin"],
        "/v1/users/by-identity/repos": ["list"],
        "/v1/users/by-account/repos": ["list"],
        "/v1/users/{user}/repos": ["list"],
        "/v1/accounts": ["accounts"],
        "/v1/accounts/{account}": ["accounts"],
        "/v1/accounts/{account}/token": ["tokens:lend"],
        "/v1/refresh": ["refresh"],
        "/v1/refresh/cancel": ["refresh"],
        "/v1/runs": ["accounts"],
        "/v1/runs/{run}": ["accounts", "refresh"],
        "/v1/runs/{run}/cancel": ["refresh"],
        "/v1/rules": ["rules", "rules:write"],
        "/v1/rules/{rule}": ["rules:write"],
        "/v1/users/{user}/disable": ["admin"],
        "/v1/users/{user}/enable": ["admin"],
    }
    scheme = described["components"]["securitySchemes"]["service_key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


async def test_the_examples_are_questions_that_are_understood(
    program: CallWith, described: dict[str, Any]
) -> None:
    caller = await program(Scope.ADMIN)
    for path, method in (("/v1/check", "post"), ("/v1/refresh", "post"), ("/v1/rules", "put")):
        content = described["paths"][path][method]["requestBody"]["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            raw = json.dumps(example["value"]).encode()
            answer = await caller.send(method.upper(), path, [raw], headers=JSON)
            assert answer.status in {200, 404}, (path, answer.body)


async def test_the_description_is_a_description(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
