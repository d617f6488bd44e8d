"""No body makes a check fail: it is answered with 200 or refused with a problem."""

from hypothesis import HealthCheck, given, settings

from permsync.flows.authenticate_key import Scope
from permsync.web.problems import MEDIA_TYPE
from tests.web.api.hostile import bodies
from tests.web.visitors import CallWith

NEAR = {
    "subject": {"type": "account", "host": "github", "id": "1"},
    "repo": {"host": "github", "full_name": "a/b"},
    "action": "read",
    "explain": True,
}
CANARY = "never-said-back"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raw=bodies(NEAR))
async def test_a_hostile_body_is_an_answer_or_a_problem(program: CallWith, raw: bytes) -> None:
    caller = await program(Scope.CHECK)
    answer = await caller.post_json("/v1/check", raw)
    if answer.status == 200:
        assert answer.json["allowed"] is False
    else:
        assert 400 <= answer.status < 500, answer.body
        assert answer.media_type == MEDIA_TYPE
        assert answer.json["code"] in {"request_malformed", "body_too_large"}


async def test_what_a_caller_sent_is_not_said_back(program: CallWith) -> None:
    caller = await program(Scope.CHECK)
    subject, repo = NEAR["subject"], NEAR["repo"]
    assert isinstance(subject, dict)
    assert isinstance(repo, dict)
    for body in (
        {**NEAR, "subject": {**subject, "id": f"\x00{CANARY}"}},
        {**NEAR, "subject": {**subject, "type": CANARY}},
        {**NEAR, "repo": {**repo, "host": CANARY * 100}},
        {**NEAR, "action": CANARY},
        {**NEAR, f"<{CANARY}>": 1},
        {**NEAR, "explain": {"a": CANARY}},
        {**NEAR, "repo": [CANARY]},
    ):
        answer = await caller.post_json("/v1/check", body)
        assert answer.status == 400
        assert CANARY not in answer.body.decode()
