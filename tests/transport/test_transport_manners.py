"""
What the transport never does on its own: repeat, follow, remember, detour or repair.

A proxy and a second origin are played by servers of their own, so that a request that
strays is seen arriving.
"""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from permsync.codehost import Request, Response
from permsync.transport import (
    Answer,
    Exchange,
    NotSent,
    Transport,
    Unanswered,
    UnansweredReason,
    UnsentReason,
)
from tests.transport.raw_server import Peer, answer, raw_server, replies

SOON = timedelta(seconds=10)


async def _send(
    transport: Transport, request: Request, *, fresh: bool = False, bearer: str | None = None
) -> Answer:
    return await transport.send(
        request, connect_in=SOON, deadline_in=SOON, fresh=fresh, bearer=bearer
    )


async def _answers_for_ever(peer: Peer) -> None:
    while await peer.request():
        await peer.say(answer())


async def _answers_once_and_drops_the_next(peer: Peer) -> None:
    await peer.request()
    await peer.say(answer())
    await peer.request()


KEPT = timedelta(minutes=5)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_nothing_is_repeated_where_a_kept_connection_was_closed(method: str) -> None:
    async with (
        raw_server(_answers_once_and_drops_the_next) as server,
        Transport(idle=KEPT) as transport,
    ):
        await _send(transport, Request("GET", server.url))
        second = await _send(transport, Request(method, server.url))
    assert second == Unanswered(UnansweredReason.RESET)
    assert len(server.requests) == 2


async def test_ordinary_requests_share_a_connection() -> None:
    async with raw_server(_answers_for_ever) as server, Transport(idle=KEPT) as transport:
        for _ in range(3):
            await _send(transport, Request("GET", server.url))
    assert server.connections == 1


async def test_a_connection_that_lay_idle_is_not_used_again() -> None:
    """Its other end may be about to close it, and a request would be lost with it."""
    idle = timedelta(milliseconds=1)
    async with raw_server(_answers_for_ever) as server, Transport(idle=idle) as transport:
        for _ in range(3):
            await _send(transport, Request("GET", server.url))
            await asyncio.sleep(0.05)
    assert server.connections == 3


async def test_a_token_call_has_a_connection_of_its_own() -> None:
    async with raw_server(_answers_for_ever) as server, Transport() as transport:
        await _send(transport, Request("GET", server.url))
        for _ in range(2):
            await _send(transport, Request("POST", server.url), fresh=True)
    assert server.connections == 3


async def test_ordinary_requests_in_flight_are_bounded() -> None:
    async with raw_server(_answers_for_ever) as server, Transport(connections=2) as transport:
        sent = [_send(transport, Request("GET", server.url)) for _ in range(8)]
        given = await asyncio.gather(*sent)
    assert all(isinstance(each, Response) for each in given)
    assert server.open_most <= 2


async def test_a_slow_host_takes_no_room_from_another() -> None:
    held = asyncio.Event()

    async def holds(peer: Peer) -> None:
        await peer.request()
        held.set()
        await asyncio.Event().wait()

    async with (
        raw_server(holds) as slow,
        raw_server(_answers_for_ever) as quick,
        Transport(connections=1) as transport,
    ):
        waiting = asyncio.create_task(_send(transport, Request("GET", slow.url)))
        await held.wait()
        given = await _send(transport, Request("GET", quick.url))
        waiting.cancel()
    assert isinstance(given, Response)


async def test_a_token_call_does_not_wait_for_room() -> None:
    held = asyncio.Event()

    async def holds(peer: Peer) -> None:
        await peer.request()
        held.set()
        await asyncio.Event().wait()

    async with (
        raw_server(holds) as slow,
        raw_server(_answers_for_ever) as quick,
        Transport(connections=1) as transport,
    ):
        waiting = asyncio.create_task(_send(transport, Request("GET", slow.url)))
        await held.wait()
        given = await _send(transport, Request("POST", quick.url), fresh=True)
        waiting.cancel()
    assert isinstance(given, Response)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_an_order(status: int) -> None:
    async with raw_server(_answers_for_ever) as elsewhere:
        location = f"location: {elsewhere.url}/\r\n".encode()
        away = answer(b"", status=f"{status} Away", headers=location)
        async with raw_server(replies(away)) as server, Transport() as transport:
            given = await _send(transport, Request("POST", server.url, body=b"x"), bearer="t")
    assert isinstance(given, Response)
    assert given.status == status
    assert elsewhere.requests == []


async def test_a_cookie_is_not_kept() -> None:
    baked = answer(headers=b"set-cookie: session=1; Path=/\r\n")
    async with raw_server(replies(baked, baked)) as server, Transport() as transport:
        for _ in range(2):
            await _send(transport, Request("GET", server.url))
    assert b"cookie" not in server.requests[1].lower()


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(_answers_for_ever) as proxy, raw_server(_answers_for_ever) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        async with Transport() as transport:
            await _send(transport, Request("GET", server.url))
    assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_a_proxy_of_the_settings_is_used() -> None:
    async with raw_server(_answers_for_ever) as proxy, Transport(proxy_url=proxy.url) as transport:
        await _send(transport, Request("GET", "http://code.example/api"))
    assert proxy.requests[0].startswith(b"GET http://code.example/api HTTP/1.1\r\n")


async def test_nothing_was_sent_where_the_proxy_is_away() -> None:
    async with raw_server(_answers_for_ever) as proxy:
        pass
    async with Transport(proxy_url=proxy.url) as transport:
        given = await _send(transport, Request("GET", "http://code.example/api"))
    assert given == NotSent(UnsentReason.PROXY_FAILED)


async def test_nothing_was_sent_where_the_proxy_refuses() -> None:
    refused = answer(b"", status="403 Forbidden")
    async with (
        raw_server(replies(refused)) as proxy,
        Transport(proxy_url=proxy.url) as transport,
    ):
        given = await _send(transport, Request("GET", "https://code.example/api"))
    assert given == NotSent(UnsentReason.PROXY_FAILED)


async def test_a_request_is_sent_as_it_was_said() -> None:
    asked = Request(
        "POST",
        "{}/a%2Fb/%7Ec?x=%20&y=a+b",
        headers={"accept": "application/json", "content-type": "text/plain"},
        body=b"k=v",
    )
    async with raw_server(_answers_for_ever) as server, Transport(agent="permsync/9") as transport:
        await _send(
            transport,
            Request(asked.method, asked.url.format(server.url), asked.headers, asked.body),
            bearer="gho_1",
        )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert lines[0] == b"post /a%2fb/%7ec?x=%20&y=a+b http/1.1"
    assert body == b"k=v"
    assert sorted(lines[1:]) == sorted(
        [
            b"accept: application/json",
            b"accept-encoding: gzip, deflate",
            b"authorization: bearer gho_1",
            b"content-length: 3",
            b"content-type: text/plain",
            b"host: " + server.url.removeprefix("http://").encode(),
            b"user-agent: permsync/9",
        ]
    )


# What makes a request impossible -> its URL's end, a header, a bearer.
IMPOSSIBLE: dict[str, tuple[str, dict[str, str], str | None]] = {
    "a line break in the bearer": ("/", {}, "gho_1\r\nx-evil: 1"),
    "a line break in a header": ("/", {"accept": "a\nb"}, None),
    "a null in a header": ("/", {"accept": "a\0b"}, None),
    "a space in the URL": ("/a b", {}, None),
    "a line break in the URL": ("/a\r\nx-evil: 1", {}, None),
    "letters beyond ASCII in the URL": ("/ü", {}, None),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
async def test_a_request_is_not_sent_with(case: str) -> None:
    path, headers, bearer = IMPOSSIBLE[case]
    async with raw_server(_answers_for_ever) as server, Transport() as transport:
        given = await _send(transport, Request("GET", server.url + path, headers), bearer=bearer)
    assert given == NotSent(UnsentReason.UNSENDABLE)
    assert server.connections == 0


async def test_every_exchange_is_observed_without_its_query() -> None:
    observed: list[Exchange] = []
    async with Transport(observe=observed.append) as transport:
        async with raw_server(_answers_once_and_drops_the_next) as server:
            for _ in range(2):
                await _send(transport, Request("GET", f"{server.url}/?code=secret"))
        await _send(transport, Request("GET", f"{server.url}/?code=secret"))
    outcomes = ["2xx", "unanswered", "unsent"]
    assert observed == [Exchange(origin=server.url, outcome=outcome) for outcome in outcomes]


async def test_the_log_has_no_query_and_no_token() -> None:
    with capture_logs() as lines:
        async with raw_server(_answers_for_ever) as server, Transport() as transport:
            await _send(transport, Request("GET", f"{server.url}/a?code=secret"), bearer="gho_1")
    assert [line["url"] for line in lines] == [f"{server.url}/a"]
    assert not [line for line in lines if "gho_1" in str(line)]
