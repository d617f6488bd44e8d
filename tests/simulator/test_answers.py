"""What each spoiled answer looks like when it arrives."""

import http.client

import pytest

from permsync.simulator.answers import OVERSIZED_BYTES
from permsync.simulator.faults import NextAnswer, Shape
from tests.simulator.visitor import Answer, Visitor


def _spoiled(visitor: Visitor, shape: Shape) -> Answer:
    visitor.host.faults.next_answers.append(NextAnswer("api", shape))
    return visitor.get("/api/v4/user")


@pytest.mark.parametrize(("shape", "status"), [("html", 200), ("502", 502)])
def test_html_where_json_was_expected(gitlab: Visitor, shape: Shape, status: int) -> None:
    answer = _spoiled(gitlab, shape)
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (
        status,
        "text/html",
    )
    assert gitlab.simulator.world.canary in answer.text


def test_an_empty_body(gitlab: Visitor) -> None:
    answer = _spoiled(gitlab, "empty")
    assert (answer.status, answer.body) == (200, b"")


def test_an_object_without_fields(gitlab: Visitor) -> None:
    assert _spoiled(gitlab, "empty_object").json == {}


def test_a_body_beyond_ten_megabytes(gitlab: Visitor) -> None:
    assert len(_spoiled(gitlab, "oversized").body) > OVERSIZED_BYTES


def test_a_body_that_is_not_utf8(gitlab: Visitor) -> None:
    with pytest.raises(UnicodeDecodeError):
        _ = _spoiled(gitlab, "invalid_utf8").text


def test_a_redirect_to_a_page(gitlab: Visitor) -> None:
    answer = _spoiled(gitlab, "redirect")
    assert answer.status == 301
    assert answer.headers["location"].startswith(gitlab.url)
    assert answer.headers["content-type"].startswith("text/html")


def test_success_with_an_error_inside(gitlab: Visitor) -> None:
    answer = _spoiled(gitlab, "200_error")
    assert (answer.status, answer.json["error"]) == (200, "server_error")
    assert gitlab.simulator.world.canary in answer.json["error_description"]


def test_a_body_that_ends_too_early(gitlab: Visitor) -> None:
    with pytest.raises(http.client.IncompleteRead):
        _spoiled(gitlab, "truncated")
    assert gitlab.get("/api/v4/user").status == 401
