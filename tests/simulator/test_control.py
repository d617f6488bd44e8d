"""The control interface pulls every lever over HTTP and answers 400 to what it does not know."""

import json
from typing import Any

import pytest

from permsync.simulator.control import listed
from permsync.simulator.edits import EDITS
from permsync.simulator.hook_levers import HOOK_LEVERS
from permsync.simulator.kinds import roles
from permsync.simulator.levers import LEVERS
from permsync.simulator.server import RunningSimulator
from tests.simulator.visitor import Answer, Visitor, ask


def _post(simulator: RunningSimulator, path: str, **arguments: Any) -> Answer:
    return ask("POST", f"{simulator.url}/control/{path}", json.dumps(arguments))


def _get(simulator: RunningSimulator, path: str) -> Any:
    answer = ask("GET", f"{simulator.url}/control{path}")
    assert answer.status == 200
    return answer.json


def test_it_lists_every_lever_with_its_sentence_and_arguments(simulator: RunningSimulator) -> None:
    shown = _get(simulator, "")
    assert set(shown["levers"]) == {*LEVERS, *EDITS, *HOOK_LEVERS}
    assert shown["hosts"] == sorted(role.sample.host for role in roles().values())
    assert shown["levers"]["outage"] == {
        "does": "Answers everything with 503 and an HTML page.",
        "arguments": {"on": "bool = True"},
    }
    assert all(each["does"].endswith(".") for each in listed().values())


def test_a_lever_works_and_returns_its_result(gitlab: Visitor) -> None:
    gitlab.link()
    answer = _post(gitlab.simulator, "gitlab/expire-access-tokens", person="ada")
    assert (answer.status, answer.json) == (200, {"result": 1})
    assert gitlab.get("/api/v4/user").status == 401


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("gitlab/explode", {}, "there is no lever 'explode'"),
        ("nowhere/outage", {}, "there is no host 'nowhere'"),
        ("frobnicate", {}, "there is no command 'frobnicate'"),
        ("gitlab/outage", {"on": "perhaps"}, "on: Input should be a valid boolean"),
        ("gitlab/outage", {"off": True}, "off: Unexpected keyword argument"),
        ("gitlab/set-rotation", {}, "policy: Missing required keyword only argument"),
        ("gitlab/set-account-state", {"person": "x", "state": "blocked"}, "there is no 'x'"),
        ("gitlab/remove-repository", {"repository": "a/b"}, "there is no 'a/b'"),
        ("reset", {"state": {"hosts": 3}}, "hosts: "),
    ],
)
def test_what_does_not_fit_is_400_with_a_message(
    simulator: RunningSimulator, path: str, arguments: dict[str, Any], message: str
) -> None:
    answer = _post(simulator, path, **arguments)
    assert answer.status == 400
    assert answer.json["error"].startswith(message)


@pytest.mark.parametrize("body", ["[1]", "{", '"x"'])
def test_a_body_must_be_an_object(simulator: RunningSimulator, body: str) -> None:
    answer = ask("POST", f"{simulator.url}/control/gitlab/outage", body)
    assert answer.status == 400
    assert "JSON object" in answer.json["error"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/state")])
def test_an_unknown_page_or_method_is_400(
    simulator: RunningSimulator, method: str, path: str
) -> None:
    assert ask(method, f"{simulator.url}/control{path}").status == 400


def test_the_state_can_be_read_and_given_back(simulator: RunningSimulator) -> None:
    state = _get(simulator, "/state")
    number = _post(simulator, "github/add-repository", full_name="acme/extra").json["result"]
    assert number in simulator.world.hosts["github"].repositories
    assert _post(simulator, "reset", state=state).status == 200
    assert number not in simulator.world.hosts["github"].repositories


def test_reset_returns_to_the_start(simulator: RunningSimulator) -> None:
    _post(simulator, "github/outage")
    assert simulator.world.hosts["github"].faults.outage
    _post(simulator, "reset")
    assert not simulator.world.hosts["github"].faults.outage


def test_time_can_be_moved(simulator: RunningSimulator) -> None:
    before = simulator.world.now()
    assert _post(simulator, "advance", seconds=1000).json["result"] >= before + 1000


def test_requests_are_listed_by_host_and_number(gitlab: Visitor) -> None:
    gitlab.link()
    rows = _get(gitlab.simulator, "/requests?host=gitlab&limit=1")["requests"]
    assert [(row["path"], row["grant"], row["status"]) for row in rows] == [
        ("/oauth/token", "authorization_code", 200)
    ]
    assert _get(gitlab.simulator, "/requests?host=github")["requests"] == []


def test_secrets_and_canaries_are_told(gitlab: Visitor) -> None:
    token = gitlab.link()["access_token"]
    shown = _get(gitlab.simulator, "/secrets")
    assert token in shown["secrets"]
    assert shown["canaries"] == gitlab.simulator.world.canaries
