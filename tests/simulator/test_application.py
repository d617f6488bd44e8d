"""When faults strike: before or after the host's own commit, and never beyond their host."""

import pytest

from permsync.simulator.application import dialect_of
from permsync.simulator.faults import NextAnswer, Quota, RateLimit, Shape
from permsync.simulator.kinds import roles
from permsync.simulator.server import RunningSimulator
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor, ask

APIS = {role.sample.host: dialect_of(kind).who_path for kind, role in roles().items()}


@pytest.fixture(params=APIS)
def visitor(simulator: RunningSimulator, request: pytest.FixtureRequest) -> Visitor:
    return Visitor(simulator, request.param)


def _queue(visitor: Visitor, shape: Shape, *, times: int = 1) -> None:
    fault = NextAnswer("token", shape, times=times, seconds=0)
    visitor.host.faults.next_answers.append(fault)


@pytest.mark.parametrize("path", ["/nowhere", "/githubx/api/v3/user"])
def test_a_path_outside_every_host_is_404(simulator: RunningSimulator, path: str) -> None:
    assert ask("GET", simulator.url + path).status == 404


def test_an_unknown_path_of_a_host_is_404_in_its_own_words(visitor: Visitor, world: World) -> None:
    answer = ask("GET", f"{visitor.url}/no/such/thing")
    assert answer.status == 404
    assert world.canary in answer.text


def test_an_outage_is_a_503_page_on_every_path_of_that_host(visitor: Visitor) -> None:
    visitor.host.faults.outage = True
    for path in (visitor.token_path, visitor.authorize_path, APIS[visitor.name]):
        answer = ask("GET", visitor.url + path)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (
            503,
            "text/html",
        )
    others = [each for each in APIS if each != visitor.name]
    assert ask("GET", visitor.simulator.host_url(others[0]) + APIS[others[0]]).status != 503


def test_a_good_answer_asks_for_a_wait_where_the_host_is_told_to(visitor: Visitor) -> None:
    visitor.link()
    visitor.host.faults.slow_down_seconds = 7
    good = visitor.get(APIS[visitor.name])
    assert (good.status, good.headers["retry-after"]) == (200, "7")
    assert "retry-after" not in visitor.get(APIS[visitor.name], token="wrong").headers


@pytest.mark.parametrize("shape", ["502", "html", "empty", "redirect", "hang", "rejection"])
def test_an_uncommitted_fault_leaves_the_refresh_token_alive(gitlab: Visitor, shape: Shape) -> None:
    token = gitlab.link()["refresh_token"]
    _queue(gitlab, shape)
    assert b"access_token" not in gitlab.refresh(token).body
    assert "access_token" in gitlab.refresh(token).json


@pytest.mark.parametrize(("shape", "status"), [("commit_then_502", 502), ("commit_then_hang", 504)])
def test_a_committed_fault_has_spent_the_refresh_token(
    visitor: Visitor, shape: Shape, status: int
) -> None:
    visitor.host.policy.rotation = "strict"
    token = visitor.link()["refresh_token"]
    _queue(visitor, shape)
    assert visitor.refresh(token).status == status
    assert "access_token" not in visitor.refresh(token).json


def test_a_spurious_rejection_comes_as_often_as_asked(visitor: Visitor, world: World) -> None:
    token = visitor.link()["refresh_token"]
    _queue(visitor, "rejection", times=2)
    answers = [visitor.refresh(token).json for _ in range(3)]
    assert ["access_token" in each for each in answers] == [False, False, True]
    assert world.canary in answers[0]["error_description"]


def test_a_client_may_be_refused_for_a_while(visitor: Visitor) -> None:
    token = visitor.link()["refresh_token"]
    _queue(visitor, "invalid_client")
    assert visitor.refresh(token).json["error"] in {
        "incorrect_client_credentials",
        "invalid_client",
        "unauthorized_client",
    }
    assert "access_token" in visitor.refresh(token).json


def test_a_fresh_token_may_be_refused_like_a_wrong_one_for_a_while(visitor: Visitor) -> None:
    visitor.link()
    refused = visitor.get(APIS[visitor.name], token="wrong").status
    assert refused != 200
    fault = NextAnswer("api", "unauthorized", match=APIS[visitor.name], times=2)
    visitor.host.faults.next_answers.append(fault)
    answers = [visitor.get(APIS[visitor.name]).status for _ in range(3)]
    assert answers == [refused, refused, 200]


def test_an_answer_may_have_any_status_and_message(visitor: Visitor, world: World) -> None:
    visitor.link()
    fault = NextAnswer("api", "status", match=APIS[visitor.name], status=418, message="teapot")
    visitor.host.faults.next_answers.append(fault)
    answer = visitor.get(APIS[visitor.name])
    assert answer.status == 418
    assert "teapot" in answer.text
    assert world.canary in answer.text


def test_the_token_endpoint_can_be_rate_limited_alone(visitor: Visitor) -> None:
    token = visitor.link()["refresh_token"]
    visitor.host.faults.rate_limit = RateLimit(where="token", retry_after_seconds=4)
    answer = visitor.refresh(token)
    assert (answer.status, answer.headers["retry-after"]) == (429, "4")
    assert visitor.get(APIS[visitor.name]).status == 200
    visitor.host.faults.rate_limit = None
    assert "access_token" in visitor.refresh(token).json


def test_one_rate_limited_answer_can_be_queued(visitor: Visitor) -> None:
    token = visitor.link()["refresh_token"]
    _queue(visitor, "rate_limited")
    assert visitor.refresh(token).status == 429
    assert "access_token" in visitor.refresh(token).json


def test_a_quota_of_the_token_endpoint_opens_again(visitor: Visitor, world: World) -> None:
    token = visitor.link()["refresh_token"]
    visitor.host.policy.rotation = "tolerant"
    visitor.host.faults.quota = Quota(limit=1, window_seconds=1e6, where="token")
    assert [visitor.refresh(token).status for _ in range(2)] == [200, 429]
    world.advance(1e6)
    visitor.host.policy.refresh_ttl_seconds = None
    visitor.host.tokens.pairs[1].refresh_expires_at = None
    assert visitor.refresh(token).status == 200


def test_every_request_is_logged_with_status_and_person(visitor: Visitor) -> None:
    tokens = visitor.link("grace")
    visitor.get(APIS[visitor.name])
    visitor.refresh(tokens["refresh_token"])
    posts = visitor.host.token_posts("refresh_token")
    assert [(each.person, each.status) for each in posts] == [("grace", 200)]
    assert visitor.host.log.presentations() == {tokens["refresh_token"]: 1}
    (call,) = visitor.host.log.to_path(APIS[visitor.name])
    assert (call.method, call.status, call.person) == ("GET", 200, "grace")


def test_a_spoiled_request_is_logged_with_the_token_it_presented(gitlab: Visitor) -> None:
    token = gitlab.link()["refresh_token"]
    _queue(gitlab, "502", times=2)
    gitlab.refresh(token)
    gitlab.refresh(token)
    assert gitlab.host.log.presentations() == {token: 2}
    assert {each.status for each in gitlab.host.token_posts("refresh_token")} == {502}
