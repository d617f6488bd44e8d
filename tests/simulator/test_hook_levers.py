"""The levers of webhooks, as another process pulls them over the control interface."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from permsync.simulator.server import RunningSimulator
from tests.simulator.letterbox import Letterbox, letterbox, until
from tests.simulator.visitor import Answer, ask

SECRET = "the secret of a hook"


@pytest.fixture
def box() -> Iterator[Letterbox]:
    with letterbox() as opened:
        yield opened


def pull(simulator: RunningSimulator, lever: str, **arguments: Any) -> Any:
    answer = attempt(simulator, lever, **arguments)
    assert answer.status == 200, answer.body
    return answer.json["result"]


def attempt(simulator: RunningSimulator, lever: str, **arguments: Any) -> Answer:
    return ask("POST", f"{simulator.url}/control/gitlab/{lever}", json.dumps(arguments))


def test_a_hook_is_told_what_is_edited_until_it_is_removed(
    simulator: RunningSimulator, box: Letterbox
) -> None:
    pull(simulator, "add-hook", url=box.url, secret=SECRET)
    pull(simulator, "join", person="linus", namespace="platform")
    (letter,) = box.wait(1)
    assert letter.headers["x-gitlab-token"] == SECRET
    assert SECRET in simulator.world.secrets()
    pull(simulator, "remove-hooks")
    pull(simulator, "leave", person="linus", namespace="platform")
    assert len(simulator.world.hosts["gitlab"].happened) == 0


def test_an_address_has_one_hook(simulator: RunningSimulator, box: Letterbox) -> None:
    for secret in ("one", "two"):
        pull(simulator, "add-hook", url=box.url, secret=secret)
    assert [each.secret for each in simulator.world.hosts["gitlab"].hooks] == ["two"]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "http://example.com/x", "http://127.0.0.1.example.com/", "x"]
)
def test_nothing_leaves_this_machine(simulator: RunningSimulator, url: str) -> None:
    assert attempt(simulator, "add-hook", url=url, secret=SECRET).status == 400


def test_a_host_pings_and_says_whatever_one_likes(
    simulator: RunningSimulator, box: Letterbox
) -> None:
    pull(simulator, "add-hook", url=box.url, secret=SECRET, style="token")
    pull(simulator, "ping-hooks")
    box.wait(1)
    ids = pull(simulator, "send-hook", event="user_destroy", content={"user_id": 7})
    last = box.wait(2)[-1]
    assert json.loads(last.body) == {"event_name": "user_destroy", "user_id": 7}
    assert [last.headers["idempotency-key"]] == ids


def test_a_delivery_is_sent_again_to_the_letter_or_under_another_id(
    simulator: RunningSimulator, box: Letterbox
) -> None:
    pull(simulator, "add-hook", url=box.url, secret=SECRET)
    pull(simulator, "join", person="linus", namespace="platform")
    (first,) = box.wait(1)
    until(lambda: len(pull(simulator, "show-deliveries")) == 1)
    (shown,) = pull(simulator, "show-deliveries")
    assert (shown["event"], shown["status"]) == ("user_add_to_group", 202)

    assert pull(simulator, "redeliver", delivery=shown["id"]) == 1
    assert box.wait(2)[1] == first
    assert pull(simulator, "redeliver", delivery=shown["id"], under_new_id=True) == 1
    third = box.wait(3)[2]
    assert third.body == first.body
    assert third.headers["idempotency-key"] != first.headers["idempotency-key"]
    assert attempt(simulator, "redeliver", delivery="never sent").status == 400


def test_faults_are_set_and_made_right(simulator: RunningSimulator, box: Letterbox) -> None:
    pull(simulator, "add-hook", url=box.url, secret=SECRET)
    pull(simulator, "spoil-hooks", signature="empty", copies=2)
    pull(simulator, "join", person="linus", namespace="platform")
    assert {each.headers["x-gitlab-token"] for each in box.wait(2)} == {""}
    pull(simulator, "spoil-hooks")
    pull(simulator, "leave", person="linus", namespace="platform")
    assert box.wait(3)[2].headers["x-gitlab-token"] == SECRET


def test_an_ended_consent_is_told_by_github(simulator: RunningSimulator, box: Letterbox) -> None:
    url = f"{simulator.url}/control/github"
    ask("POST", f"{url}/add-hook", json.dumps({"url": box.url, "secret": SECRET}))
    ask("POST", f"{url}/revoke-tokens", json.dumps({"person": "linus"}))
    (letter,) = box.wait(1)
    assert letter.headers["x-github-event"] == "github_app_authorization"
