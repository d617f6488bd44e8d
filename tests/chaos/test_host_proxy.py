"""The proxy before a host: what passes, and that each script strikes at its point."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.chaos import wire_faults as wire
from tests.chaos.host_proxy import Exchange, HostProxy, granted_in, host_proxy
from tests.chaos.http_message import Message, answer, read_message
from tests.transport.raw_server import RawServer, raw_server, replies

TOKENS = answer("200 OK", b'{"access_token": "new"}')
REFUSED = answer("400 Bad Request", b'{"error": "invalid_grant"}')


@pytest.fixture
async def host() -> AsyncIterator[RawServer]:
    async with raw_server(replies(TOKENS.whole)) as server:
        yield server


@pytest.fixture
async def proxy(host: RawServer) -> AsyncIterator[HostProxy]:
    async with host_proxy(int(host.url.rpartition(":")[2])) as made:
        yield made


async def present(proxy: HostProxy, token: str = "old") -> Message | None:
    """Present a refresh token; the answer, or nothing where the connection ended without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    body = f"grant_type=refresh_token&refresh_token={token}".encode()
    head = f"POST /token HTTP/1.1\r\nhost: h\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    writer.write(head + body)
    try:
        return await read_message(reader)
    finally:
        writer.close()


async def test_what_no_script_waits_for_passes(proxy: HostProxy) -> None:
    said = await present(proxy)
    assert said is not None
    assert said.whole == TOKENS.whole
    assert [(one.token, one.delivered, one.granted) for one in proxy.presentations] == [
        ("old", True, "new")
    ]


async def test_a_script_strikes_its_tokens_so_often_and_no_others(proxy: HostProxy) -> None:
    proxy.expect(wire.answer_instead(REFUSED), tokens={"old"}, times=2)
    said = [await present(proxy, token) for token in ("other", "old", "old", "old")]
    assert [one.status for one in said if one is not None] == [200, 400, 400, 200]


async def test_a_reset_before_the_host_keeps_the_request_from_it(
    proxy: HostProxy, host: RawServer
) -> None:
    proxy.expect(wire.reset_before_forwarding, tokens={"old"})
    assert await present(proxy) is None
    assert host.requests == []
    assert not proxy.presentations[0].forwarded


async def test_a_reset_after_the_answer_lets_the_host_commit(
    proxy: HostProxy, host: RawServer
) -> None:
    proxy.expect(wire.reset_after_answer, tokens={"old"})
    assert await present(proxy) is None
    assert len(host.requests) == 1
    assert (proxy.presentations[0].granted, proxy.presentations[0].delivered) == ("new", False)


async def test_a_truncated_answer_is_not_a_delivered_one(proxy: HostProxy) -> None:
    proxy.expect(wire.truncate_answer, tokens={"old"})
    assert await present(proxy) is None
    assert not proxy.presentations[0].delivered


async def test_a_replaced_answer_is_not_a_delivered_one(proxy: HostProxy) -> None:
    proxy.expect(wire.replace_answer(wire.BAD_GATEWAY), tokens={"old"})
    said = await present(proxy)
    assert said is not None
    assert said.status == 502
    assert (proxy.presentations[0].granted, proxy.presentations[0].delivered) == ("new", False)


async def test_a_request_can_arrive_twice(proxy: HostProxy, host: RawServer) -> None:
    done = asyncio.Event()

    async def twice(exchange: Exchange) -> None:
        await wire.deliver_twice(exchange)
        done.set()

    proxy.expect(twice, tokens={"old"})
    assert await present(proxy) is not None
    await done.wait()
    assert len(host.requests) == 2
    assert host.requests[0] == host.requests[1]


async def test_a_spurious_refusal_is_about_a_token_that_nobody_has(
    proxy: HostProxy, host: RawServer
) -> None:
    proxy.expect(wire.refuse_spuriously, tokens={"old"})
    await present(proxy)
    assert host.requests[0].endswith(b"refresh_token=never-issued")


async def test_a_refused_connection_is_refused_until_it_listens_again(proxy: HostProxy) -> None:
    await proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await present(proxy)
    await proxy.listen()
    assert await present(proxy) is not None


async def test_an_answer_in_chunks_ends_where_it_ends() -> None:
    reader = asyncio.StreamReader()
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    reader.feed_data(whole + b"HTTP/1.1 204")
    said = await read_message(reader)
    assert said is not None
    assert said.whole == whole


@pytest.mark.parametrize(
    ("body", "granted"),
    [
        (b'{"access_token": "a"}', "a"),
        (b"access_token=a&scope=repo", "a"),
        (b'{"error": "invalid_grant"}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_a_granted_token_is_found_in_either_form(body: bytes, granted: str | None) -> None:
    assert granted_in(answer("200 OK", body)) == granted
