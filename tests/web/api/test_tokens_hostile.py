"""No body makes a loan fail or be made by mistake: it is refused with a problem."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from permsync.flows.authenticate_key import Scope
from permsync.web.problems import MEDIA_TYPE
from tests.web.api.hostile import bodies
from tests.web.visitors import CallWith

CODES = {"request_malformed", "body_too_large", "unknown_account", "not_found"}
hostile = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@hostile
@given(raw=bodies({"min_remaining": 60}))
async def test_a_hostile_body_is_a_problem(program: CallWith, raw: bytes) -> None:
    caller = await program(Scope.TOKENS_LEND)
    answer = await caller.post_json("/v1/accounts/1/token", raw)
    assert 400 <= answer.status < 500, answer.body
    assert answer.media_type == MEDIA_TYPE
    assert answer.json["code"] in CODES


@hostile
@given(account=some.from_regex(r"[0-9a-zA-Z%._~-]{1,25}", fullmatch=True))
async def test_a_hostile_account_is_a_problem(program: CallWith, account: str) -> None:
    caller = await program(Scope.TOKENS_LEND)
    answer = await caller.post_json(f"/v1/accounts/{account}/token", {})
    assert 400 <= answer.status < 500, answer.body
    assert answer.media_type == MEDIA_TYPE
    assert answer.json["code"] in CODES


async def test_a_wish_is_a_whole_number_of_seconds_within_a_day(program: CallWith) -> None:
    caller = await program(Scope.TOKENS_LEND)
    for wish in (-1, 86_401, 1.5, "60", True, None, [60]):
        answer = await caller.post_json(
            "/v1/accounts/1/token", json.dumps({"min_remaining": wish}).encode()
        )
        assert (answer.status, answer.json["field"]) == (400, "min_remaining"), wish
