"""The application as a whole: what it serves, what it does not, and in which order it looks."""

import pytest

from permsync.flows.authenticate_key import Scope
from permsync.web.application import create_application
from permsync.web.keys import KeyedRoute
from permsync.web.openapi import Application
from permsync.web.problems import MEDIA_TYPE
from tests.asgi_client import AsgiClient
from tests.web.visitors import CallWith
from tests.world import PUBLIC_URL, World

QUESTION = {"subject": {"type": "user", "id": "1"}, "repo": {"id": "1"}}


async def test_an_unknown_path_is_a_problem(anybody: AsgiClient) -> None:
    answer = await anybody.get("/nowhere")
    assert (answer.status, answer.media_type) == (404, MEDIA_TYPE)
    assert answer.json["code"] == "not_found"


async def test_another_method_is_a_problem_that_names_the_right_one(anybody: AsgiClient) -> None:
    answer = await anybody.get("/v1/check")
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.header("allow") == "POST"


@pytest.mark.parametrize("target", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_no_page_that_loads_scripts_of_others_is_served(
    anybody: AsgiClient, target: str
) -> None:
    assert (await anybody.get(target)).status == 404


async def test_a_path_with_a_slash_too_many_redirects_nowhere(anybody: AsgiClient) -> None:
    assert (await anybody.get("/healthz/")).status == 404


async def test_every_route_for_programs_stands_behind_a_key(application: Application) -> None:
    paths = application.openapi()["paths"]
    assert paths
    for path, operations in paths.items():
        for operation in operations.values():
            assert operation["security"], path


async def test_the_key_is_looked_at_before_the_body(anybody: AsgiClient) -> None:
    for body in (b"[" * (2 << 20), b"{{{", b""):
        answer = await anybody.post_json("/v1/check", body)
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")


async def test_a_body_beyond_the_limit_is_refused(world: World, program: CallWith) -> None:
    caller = await program(Scope.CHECK)
    caller.app = create_application(world.services, public_url=PUBLIC_URL, body_limit=50)
    answer = await caller.post_json("/v1/check", QUESTION)
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


async def test_a_mebibyte_is_read_where_nobody_says_otherwise(program: CallWith) -> None:
    caller = await program(Scope.CHECK)
    padded = b'{"padding": "' + b"x" * (1 << 20) + b'"}'
    assert (await caller.post_json("/v1/check", padded)).status == 413
    assert (await caller.post_json("/v1/check", padded[100:])).status == 400


def test_a_route_that_names_no_scope_cannot_be_made() -> None:
    async def answer() -> None:
        """Answer nothing."""

    with pytest.raises(TypeError):
        KeyedRoute("/everything", answer)
