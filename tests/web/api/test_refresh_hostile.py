"""No body makes a wish for a sync fail: it is placed, or refused with a problem."""

from hypothesis import HealthCheck, given, settings

from permsync.flows.authenticate_key import Scope
from permsync.web.problems import MEDIA_TYPE
from tests.web.api.hostile import bodies
from tests.web.visitors import CallWith

CODES = {"request_malformed", "body_too_large", "unknown_account", "unknown_user"}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=bodies({"host": "github", "external_id": "1"}))
async def test_a_hostile_body_is_a_problem(program: CallWith, raw: bytes) -> None:
    caller = await program(Scope.REFRESH)
    answer = await caller.post_json("/v1/refresh", raw)
    assert 400 <= answer.status < 500, answer.body
    assert answer.media_type == MEDIA_TYPE
    assert answer.json["code"] in CODES
