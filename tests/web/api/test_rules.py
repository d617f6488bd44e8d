"""Explicit rules through the API: written, listed and ended, and every misfit refused by name."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from permsync.flows.authenticate_key import Scope
from permsync.web.problems import MEDIA_TYPE
from tests.asgi_client import JSON, Answer, AsgiClient
from tests.flows.scenes import column, rows
from tests.web.api.hostile import bodies
from tests.web.api.scenes import Scene, synced
from tests.web.visitors import CallWith
from tests.world import World

# What a hostile rule may be answered; it may also be a rule.
CODES = {
    "body_too_large",
    "request_malformed",
    "unknown_repository",
    "unknown_user",
}
NEAR = {
    "subject": {"type": "user", "id": "1"},
    "repo": {"id": "1"},
    "effect": "deny",
    "expires_at": "2099-12-31T00:00:00Z",
    "note": "why",
}


def body(scene: Scene, **more: object) -> dict[str, Any]:
    """A denial of the scene's repository to its person, and what else is said."""
    pair = {"subject": {"type": "user", "id": scene.user}, "repo": {"id": scene.repository}}
    return {**pair, "effect": "deny", **more}


async def put(caller: AsgiClient, question: object) -> Answer:
    raw = question if isinstance(question, bytes) else json.dumps(question).encode()
    return await caller.send("PUT", "/v1/rules", [raw], headers=JSON)


async def test_a_denial_is_written_listed_and_ended(world: World, program: CallWith) -> None:
    ada = await synced(world)
    caller = await program(Scope.RULES_WRITE)
    until = datetime.now(UTC) + timedelta(days=2)

    written = await put(caller, body(ada, expires_at=until.isoformat(), note="audit"))

    assert written.status == 200, written.body
    rule = written.json
    assert (rule["effect"], rule["user"], rule["note"]) == ("deny", ada.user, "audit")
    assert rule["repository"] == {
        "id": ada.repository,
        "host": "github",
        "external_id": ada.external_id,
        "full_name": ada.full_name,
    }
    assert rule["actor"] == "key:rules:write"
    assert datetime.fromisoformat(rule["expires_at"]) == until
    question = {key: body(ada)[key] for key in ("subject", "repo")}
    checking = await program(Scope.CHECK)
    said = (await checking.post_json("/v1/check", question)).json
    assert (said["reason"], datetime.fromisoformat(said["valid_until"])) == ("explicit_deny", until)
    assert (await caller.get("/v1/rules")).json == {"rules": [rule], "next_cursor": None}

    ended = await caller.send("DELETE", f"/v1/rules/{rule['id']}")

    assert (ended.status, ended.json) == (200, rule)
    assert (await checking.post_json("/v1/check", question)).json["reason"] == "grant"
    again = await caller.send("DELETE", f"/v1/rules/{rule['id']}")
    assert (again.status, again.json["code"]) == (404, "unknown_rule")


async def test_sent_twice_it_is_one_rule_and_one_change(world: World, program: CallWith) -> None:
    ada = await synced(world)
    caller = await program(Scope.RULES_WRITE)
    first = await put(caller, body(ada))
    second = await put(caller, body(ada))
    assert first.json == second.json
    changes = "SELECT count(*) FROM change WHERE kind = 'rule'"
    assert await column(world.services.database, changes) == [1]


async def test_people_and_repositories_go_by_every_name(world: World, program: CallWith) -> None:
    ada = await synced(world)
    caller = await program(Scope.RULES_WRITE)
    subjects = (
        {"type": "user", "id": ada.user},
        {"type": "identity", "issuer": "test", "subject": "ada"},
        {"type": "account", "host": "github", "id": ada.account.external_id},
    )
    repos = (
        {"id": ada.repository},
        {"host": "github", "external_id": ada.external_id},
        {"host": "github", "full_name": ada.full_name},
    )
    ids = {
        (await put(caller, body(ada, subject=subject, repo=repo))).json["id"]
        for subject in subjects
        for repo in repos
    }
    assert len(ids) == 1


async def test_rules_are_listed_by_person_and_by_repository_in_pages(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    grace = await world.user("grace")
    writer = await program(Scope.RULES_WRITE)
    for subject in (ada.user, str(grace.id)):
        for effect in ("allow", "deny"):
            about = {"type": "user", "id": subject}
            assert (await put(writer, body(ada, subject=about, effect=effect))).status == 200
    reader = await program(Scope.RULES)
    for query, expected in (
        ("", 4),
        (f"user={ada.user}", 2),
        (f"repository={ada.repository}", 4),
        (f"user={grace.id}&repository={ada.repository}", 2),
        (f"user={'9' * 18}", 0),
        (f"repository={'9' * 18}", 0),
    ):
        answer = await reader.get(f"/v1/rules?{query}")
        assert len(answer.json["rules"]) == expected, query
    first = (await reader.get("/v1/rules?limit=3")).json
    rest = (await reader.get(f"/v1/rules?limit=3&cursor={first['next_cursor']}")).json
    assert [len(page["rules"]) for page in (first, rest)] == [3, 1]
    assert rest["next_cursor"] is None


async def test_reading_and_writing_need_scopes_of_their_own(
    world: World, program: CallWith
) -> None:
    ada = await synced(world)
    others = await program(
        Scope.CHECK, Scope.LIST, Scope.ACCOUNTS, Scope.REFRESH, Scope.TOKENS_LEND
    )
    reader = await program(Scope.RULES)
    for caller, verb, target, status in (
        (others, "PUT", "/v1/rules", 403),
        (others, "GET", "/v1/rules", 403),
        (others, "DELETE", "/v1/rules/1", 403),
        (reader, "PUT", "/v1/rules", 403),
        (reader, "DELETE", "/v1/rules/1", 403),
        (reader, "GET", "/v1/rules", 200),
    ):
        raw = [json.dumps(body(ada)).encode()]
        answer = await caller.send(verb, target, raw, headers=JSON)
        assert answer.status == status, (verb, target)
    assert await rows(world.services.database, "SELECT * FROM explicit_rule") == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"subject": {"type": "user", "id": "9" * 18}}, (404, "unknown_user", None)),
        (
            {"subject": {"type": "account", "host": "github", "id": "0"}},
            (404, "unknown_user", None),
        ),
        ({"repo": {"id": "9" * 18}}, (404, "unknown_repository", None)),
        ({"repo": {"host": "nowhere", "full_name": "a/b"}}, (404, "unknown_repository", None)),
        ({"effect": "maybe"}, (400, "request_malformed", "effect")),
        ({"effect": None}, (400, "request_malformed", "effect")),
        ({"expires_at": "2001-01-01T00:00:00Z"}, (400, "request_malformed", "expires_at")),
        ({"expires_at": "2099-01-01T00:00:00"}, (400, "request_malformed", "expires_at")),
        ({"expires_at": "2099-01-01"}, (400, "request_malformed", "expires_at")),
        ({"expires_at": 4_070_908_800}, (400, "request_malformed", "expires_at")),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, (400, "request_malformed", "expires_at")),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, (400, "request_malformed", "expires_at")),
        ({"note": "a\nb"}, (400, "request_malformed", "note")),
        ({"note": "x" * 501}, (400, "request_malformed", "note")),
        ({"actor": "me"}, (400, "request_malformed", "actor")),
    ],
)
async def test_what_does_not_fit_is_a_problem_and_writes_nothing(
    world: World,
    program: CallWith,
    more: dict[str, object],
    problem: tuple[int, str, str | None],
) -> None:
    ada = await synced(world)
    answer = await put(await program(Scope.RULES_WRITE), body(ada, **more))
    assert (answer.status, answer.json["code"], answer.json.get("field")) == problem
    assert await rows(world.services.database, "SELECT * FROM explicit_rule") == []


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=bodies(NEAR))
async def test_a_hostile_body_is_a_rule_or_a_problem(program: CallWith, raw: bytes) -> None:
    answer = await put(await program(Scope.RULES_WRITE), raw)
    assert answer.media_type == MEDIA_TYPE, answer.body
    assert 400 <= answer.status < 500
    assert answer.json["code"] in CODES
