"""
What can happen to a token request on its way to the host and to its answer on the way back.

Each is a script for :mod:`tests.chaos.host_proxy`, named after what happens in its order.
This module must not know accounts or policies.
"""

import asyncio

from tests.chaos.host_proxy import Exchange, Script
from tests.chaos.http_message import Message, answer

OVERSIZED_BYTES = 2 * 1024 * 1024
JSON = "content-type: application/json"
HTML = "content-type: text/html"
PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to continue.</p>"
# Longer than the deadline, the lease and the settle time together.
LATE_SECONDS = 4.5


async def reset_before_forwarding(exchange: Exchange) -> None:
    """The request never reaches the host."""
    exchange.reset()


async def reset_after_forwarding(exchange: Exchange) -> None:
    """The host has the whole request; the connection dies while it works."""
    await exchange.forward()
    exchange.reset()
    await exchange.answer()


async def reset_after_answer(exchange: Exchange) -> None:
    """The host committed; its answer dies with the connection."""
    await exchange.forward()
    await exchange.answer()
    exchange.reset()


async def swallow_request(exchange: Exchange) -> None:
    """A black hole before the host."""
    await exchange.until_gone()


async def swallow_answer(exchange: Exchange) -> None:
    """A black hole behind the host: it committed and nobody hears of it."""
    await exchange.forward()
    await exchange.answer()
    await exchange.until_gone()


async def truncate_answer(exchange: Exchange) -> None:
    """Half of the answer, then the end of the connection."""
    await exchange.forward()
    said = await exchange.answer()
    await exchange.deliver(said, most=len(said.head) + len(said.body) // 2)
    exchange.reset()


async def delay_answer(exchange: Exchange) -> None:
    """A slow answer that comes in time."""
    await exchange.forward()
    said = await exchange.answer()
    await asyncio.sleep(0.8)
    await exchange.deliver(said)


async def deliver_late(exchange: Exchange) -> None:
    """The request lies in the network until everybody has given it up."""
    await asyncio.sleep(LATE_SECONDS)
    await exchange.forward()
    await exchange.answer()
    exchange.reset()


async def deliver_twice(exchange: Exchange) -> None:
    """The request arrives, and arrives again a little later; the second answer is lost."""
    await exchange.pass_on()
    await asyncio.sleep(0.3)
    again = exchange.again()
    await again.forward()
    await again.answer()


def replace_answer(*said: Message) -> Script:
    """The host committed; something in between answers for it."""

    async def script(exchange: Exchange) -> None:
        await exchange.forward()
        await exchange.answer()
        await exchange.deliver(said[0])

    return script


def answer_instead(said: Message) -> Script:
    """Something in between answers, and the host never hears of it."""

    async def script(exchange: Exchange) -> None:
        await exchange.deliver(said)

    return script


async def refuse_spuriously(exchange: Exchange) -> None:
    """A replica that lags behind refuses a good token in the host's own words."""
    body = exchange.request.body.replace(exchange.seen.token.encode(), b"never-issued")
    await exchange.forward(exchange.request.with_body(body))
    await exchange.deliver(await exchange.answer())


BAD_GATEWAY = answer("502 Bad Gateway", PAGE, HTML)
UNAVAILABLE = answer("503 Service Unavailable", PAGE, HTML)
TOO_MANY = answer("429 Too Many Requests", b"{}", JSON, "retry-after: 1")
SPOKEN_ERROR = answer("200 OK", b'{"error": "temporarily_unavailable"}', JSON)
WEB_PAGE = answer("200 OK", PAGE, HTML)
NOTHING = answer("200 OK")
OVERSIZED = answer("200 OK", b'{"padding": "' + b"x" * OVERSIZED_BYTES + b'"}', JSON)
REDIRECT = answer("302 Found", b"", "location: http://127.0.0.1:9/elsewhere")
