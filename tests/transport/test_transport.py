"""
Every fault of the wire has its own answer: surely unsent, perhaps sent, or a whole response.

The difference decides whether a refresh token is still good, so each fault is played by a
server that sends the bytes in question.
"""

import asyncio
import gzip
import tracemalloc
from datetime import timedelta

import pytest

from permsync.codehost import Request, Response
from permsync.transport import (
    Answer,
    NotSent,
    Transport,
    Unanswered,
    UnansweredReason,
    UnsentReason,
)
from tests.transport.raw_server import Peer, Script, answer, raw_server, replies

SOON = timedelta(seconds=10)
AT_ONCE = timedelta(milliseconds=100)
AFTER_CONNECTING = timedelta(milliseconds=500)
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"


async def _ask(url: str, *, deadline_in: timedelta = SOON, fresh: bool = False) -> Answer:
    async with Transport() as transport:
        return await transport.send(
            Request("POST", url, body=b"grant_type=refresh_token"),
            connect_in=SOON,
            deadline_in=deadline_in,
            fresh=fresh,
        )


def _says(*parts: bytes) -> Script:
    """Answer the first request with these bytes as they are, and close."""
    return replies(b"".join(parts))


async def _resets(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def _resets_in_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD, b"content-length: 10\r\n\r\n12345")
    peer.reset()


async def _speaks_first(peer: Peer) -> None:
    await peer.say(answer(b"this is plain HTTP", status="400 Bad Request"))


async def _is_silent(peer: Peer) -> None:
    await peer.request()
    await asyncio.Event().wait()


async def _drips(peer: Peer) -> None:
    await peer.request()
    await peer.say(HEAD, b"content-length: 1000000\r\n\r\n")
    while True:
        await peer.say(b".")
        await asyncio.sleep(0.01)


# What the server does -> why there is no answer.
FAULTS: dict[str, tuple[Script, UnansweredReason]] = {
    "a reset after the request": (_resets, UnansweredReason.RESET),
    "a close after the request": (_says(b""), UnansweredReason.RESET),
    "a head that ends early": (_says(b"HTTP/1.1 200 OK\r\ncont"), UnansweredReason.RESET),
    "a body shorter than its length": (
        _says(HEAD, b"content-length: 10\r\n\r\n12345"),
        UnansweredReason.TRUNCATED,
    ),
    "chunks without an end": (
        _says(HEAD, b"transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"),
        UnansweredReason.TRUNCATED,
    ),
    "no HTTP at all": (_says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), UnansweredReason.GARBLED),
    "a status that is no number": (_says(b"HTTP/1.1 OK\r\n\r\n"), UnansweredReason.GARBLED),
    "a length that is no number": (
        _says(HEAD, b"content-length: ten\r\n\r\n0123456789"),
        UnansweredReason.GARBLED,
    ),
    "chunks of no size": (
        _says(HEAD, b"transfer-encoding: chunked\r\n\r\nzz\r\n12345\r\n"),
        UnansweredReason.GARBLED,
    ),
    "gzip that is none": (
        _says(answer(b"no gzip", headers=b"content-encoding: gzip\r\n")),
        UnansweredReason.GARBLED,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_request_may_have_been_sent_after(fault: str) -> None:
    script, reason = FAULTS[fault]
    async with raw_server(script) as server:
        given = await _ask(server.url)
    assert isinstance(given, Unanswered)
    assert given.reason is reason
    assert len(server.requests) == 1


async def test_the_request_may_have_been_sent_after_a_reset_in_the_body() -> None:
    async with raw_server(_resets_in_the_body) as server:
        given = await _ask(server.url)
    # Loopback may drop the head with the reset, so both words are right.
    assert isinstance(given, Unanswered)
    assert given.reason in {UnansweredReason.RESET, UnansweredReason.TRUNCATED}


async def test_the_status_of_a_broken_answer_is_kept() -> None:
    async with raw_server(_says(HEAD, b"content-length: 10\r\n\r\n12345")) as server:
        assert await _ask(server.url) == Unanswered(UnansweredReason.TRUNCATED, 200)


@pytest.mark.parametrize(
    ("script", "status"), [(_is_silent, None), (_drips, 200)], ids=["silence", "a slow drip"]
)
async def test_the_deadline_ends(script: Script, status: int | None) -> None:
    async with raw_server(script) as server:
        given = await _ask(server.url, deadline_in=AFTER_CONNECTING)
    assert given == Unanswered(UnansweredReason.TIMED_OUT, status)


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with raw_server(_is_silent) as server:
        pass
    assert await _ask(server.url) == NotSent(UnsentReason.UNREACHABLE)


async def test_nothing_was_sent_where_the_name_cannot_be_one() -> None:
    name = "a" * 64  # RFC 1035 2.3.4: a label has at most 63 octets
    assert await _ask(f"http://{name}.test/") == NotSent(UnsentReason.NAME_UNKNOWN)


async def test_nothing_was_sent_where_tls_fails() -> None:
    async with raw_server(_speaks_first) as server:
        given = await _ask(server.url.replace("http:", "https:"))
    assert given == NotSent(UnsentReason.TLS_FAILED)


async def test_nothing_was_sent_where_tls_does_not_come_about_in_time() -> None:
    async with raw_server(_is_silent) as server, Transport() as transport:
        given = await transport.send(
            Request("GET", server.url.replace("http:", "https:")),
            connect_in=AT_ONCE,
            deadline_in=SOON,
        )
    assert given == NotSent(UnsentReason.CONNECT_TIMEOUT)
    assert server.requests == []


async def test_nothing_was_sent_where_the_deadline_ends_while_connecting() -> None:
    async with raw_server(_is_silent) as server:
        given = await _ask(server.url.replace("http:", "https:"), deadline_in=AT_ONCE)
    assert given == NotSent(UnsentReason.CONNECT_TIMEOUT)


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 429, 500, 502, 599])
async def test_every_status_is_an_answer(status: int) -> None:
    async with raw_server(replies(answer(b"", status=f"{status} Words"))) as server:
        given = await _ask(server.url)
    assert isinstance(given, Response)
    assert given.status == status


async def test_ten_megabytes_are_read() -> None:
    body = bytes(range(256)) * (10 * MIB // 256)
    async with raw_server(replies(answer(body))) as server:
        given = await _ask(server.url)
    assert isinstance(given, Response)
    assert given.body == body


@pytest.mark.parametrize(("fresh", "cap"), [(False, 2000), (True, 1000)], ids=["page", "token"])
@pytest.mark.parametrize("over", [0, 1], ids=["at the cap", "over the cap"])
async def test_a_body_ends_at_its_cap(fresh: bool, cap: int, over: int) -> None:
    async with (
        raw_server(replies(answer(b"x" * (cap + over)))) as server,
        Transport(page_bytes=2000, token_bytes=1000) as transport,
    ):
        given = await transport.send(
            Request("GET", server.url), connect_in=SOON, deadline_in=SOON, fresh=fresh
        )
    if over:
        assert given == Unanswered(UnansweredReason.TOO_LARGE, 200)
    else:
        assert isinstance(given, Response)


async def test_a_bomb_is_cut_before_it_fills_the_memory() -> None:
    bomb = gzip.compress(bytes(100 * MIB), compresslevel=1)
    packed = answer(bomb, headers=b"content-encoding: gzip\r\n")
    async with raw_server(replies(packed)) as server, Transport(page_bytes=MIB) as transport:
        tracemalloc.start()
        given = await transport.send(Request("GET", server.url), connect_in=SOON, deadline_in=SOON)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert given == Unanswered(UnansweredReason.TOO_LARGE, 200)
    assert most < 10 * MIB


async def test_a_packed_body_arrives_unpacked() -> None:
    packed = answer(gzip.compress(b"[1]"), headers=b"content-encoding: gzip\r\n")
    async with raw_server(replies(packed)) as server:
        given = await _ask(server.url)
    assert isinstance(given, Response)
    assert given.body == b"[1]"


async def test_a_body_of_bad_utf_8_arrives_as_it_is() -> None:
    async with raw_server(replies(answer(b"\xff\xfe{"))) as server:
        given = await _ask(server.url)
    assert isinstance(given, Response)
    assert given.body == b"\xff\xfe{"


async def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    async with raw_server(_says(HEAD, b"\r\n[1, 2]")) as server:
        given = await _ask(server.url)
    assert isinstance(given, Response)
    assert given.body == b"[1, 2]"
