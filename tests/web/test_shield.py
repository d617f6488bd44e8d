"""Around every route: headers of security, a longest body, and a last catch without a word."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import capture_logs

from permsync.telemetry import Event
from permsync.web.problems import answer_refusal
from permsync.web.shield import HEADERS, Shield
from tests.asgi_client import AsgiClient

CANARY = "a-text-nobody-should-see"
LIMIT = 10


class EndError(Exception):
    """What nobody foresaw."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body that came, as an application with handlers would."""
    request = Request(scope, receive)
    try:
        response = Response(await request.body(), media_type="text/plain")
    except HTTPException as refusal:
        response = await answer_refusal(request, refusal)
    await response(scope, receive, send)


async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise EndError(CANARY)


async def fail_halfway(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise EndError(CANARY)


async def lose_the_caller(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ClientDisconnect


async def open_up(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as a page that needs its own styles."""
    headers = {"content-security-policy": "default-src 'self'"}
    await Response("page", headers=headers)(scope, receive, send)


def behind(app: ASGIApp) -> AsgiClient:
    return AsgiClient(Shield(app, body_limit=LIMIT))


@pytest.mark.parametrize("app", [echo, fail])
async def test_every_answer_carries_the_headers_of_security(app: ASGIApp) -> None:
    with capture_logs():
        answer = await behind(app).get("/")
    assert {name: answer.header(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "target", ["/healthz", "/nowhere", "/me", "/v1/accounts", "/openapi.json", "/signin/callback"]
)
async def test_no_route_escapes_the_shield(anybody: AsgiClient, target: str) -> None:
    answer = await anybody.get(target)
    assert {name: answer.header(name) for name in HEADERS} == HEADERS


async def test_a_page_may_open_what_it_needs() -> None:
    answer = await behind(open_up).get("/")
    assert answer.header("content-security-policy") == "default-src 'self'"
    assert answer.header("referrer-policy") == "no-referrer"


async def test_a_body_up_to_the_limit_is_read() -> None:
    answer = await behind(echo).send("POST", "/", [b"12345", b"67890"])
    assert answer.body == b"1234567890"


async def test_a_body_that_grows_beyond_the_limit_is_not_read_on() -> None:
    answer = await behind(echo).send("POST", "/", [b"123456", b"78901", b"2"])
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


async def test_a_body_that_says_it_is_too_long_is_not_begun() -> None:
    answer = await behind(echo).send("POST", "/", [b"1"], headers={"content-length": "11"})
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


async def test_a_length_that_is_no_number_limits_nothing() -> None:
    answer = await behind(echo).send("POST", "/", [b"1"], headers={"content-length": "many"})
    assert answer.body == b"1"


async def test_an_exception_that_nobody_foresaw_is_a_problem_without_its_words() -> None:
    with capture_logs() as lines:
        answer = await behind(fail).get("/somewhere")
    assert (answer.status, answer.json["code"]) == (500, "defect")
    assert CANARY not in answer.body.decode()
    assert [(line["event"], line["path"]) for line in lines] == [(Event.DEFECT, "/somewhere")]


async def test_half_an_answer_is_cut_off_and_not_completed() -> None:
    with capture_logs() as lines, pytest.raises(EndError):
        await behind(fail_halfway).get("/")
    assert [line["event"] for line in lines] == [Event.DEFECT]


async def test_a_caller_who_leaves_during_the_answer_is_no_defect() -> None:
    with capture_logs() as lines:
        await behind(lose_the_caller).get("/")
    assert not lines


async def test_a_caller_who_leaves_before_their_body_ends_is_not_answered() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with capture_logs() as lines:
        await Shield(echo, body_limit=LIMIT)(scope, receive, send)
    assert not sent
    assert not lines


async def test_what_is_not_http_is_not_ours_to_shield() -> None:
    seen: list[str] = []

    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_message: Message) -> Message:
        return {}

    async def drop(_message: Message) -> None:
        """Send nothing."""

    await Shield(note, body_limit=LIMIT)({"type": "lifespan"}, nothing, drop)
    assert seen == ["lifespan"]


async def test_a_path_may_have_a_limit_of_its_own() -> None:
    longer = AsgiClient(Shield(echo, body_limit=LIMIT, limits={"/longer/": LIMIT * 2}))
    body = b"x" * (LIMIT + 1)
    assert (await longer.send("POST", "/longer/one", [body])).status == 200
    with capture_logs():
        assert (await longer.send("POST", "/other", [body])).status != 200
        assert (await longer.send("POST", "/longer/one", [body, body])).status != 200
