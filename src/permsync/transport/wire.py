"""
How one exchange lies on the wire: what may be sent, how an answer is read, who is trusted.

What is decided here: nothing about what a fault means; ``permsync.transport`` does that.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp

from permsync.errors import ConfigurationError

PORTS = {"http": 80, "https": 443}
# Head and body of an answer that is there take a handful of rounds of the loop to be read.
LAST_LOOKS = 20

# What may stand in a header or a URL as it is. Anything else is refused, never repaired:
# a line break in a token would otherwise write headers of its own (CWE-113).
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_URL_TEXT = re.compile(r"[\x21-\x7e]+")


@dataclass(slots=True)
class Sending:
    """What is known of a request under way, for the verdict should it fail."""

    connected: bool = False
    status: int | None = None


class OnceError(Exception):
    """Carries a fault past aiohttp's own retry; the fault is the cause."""


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``, the port always named; empty where it has none."""
    try:
        target = urlsplit(url)
        port = target.port or PORTS[target.scheme]
    except (KeyError, ValueError):  # another scheme, a port that is no number
        return ""
    name = target.hostname or ""
    shown = f"[{name}]" if ":" in name else name
    return f"{target.scheme}://{shown}:{port}" if name else ""


def is_sendable(url: str, headers: Mapping[str, str]) -> bool:
    """Whether both can be sent as they stand."""
    return (
        _URL_TEXT.fullmatch(url) is not None
        and origin_of(url) != ""
        # Credentials in a URL would become an authorization header that nobody asked for.
        and "@" not in urlsplit(url).netloc
        and all(_HEADER_VALUE.fullmatch(value) for value in headers.values())
    )


@asynccontextmanager
async def ending_in(deadline_in: timedelta) -> AsyncIterator[None]:
    """
    Cancel the block at its deadline, like ``asyncio.timeout``, but not what has arrived.

    A process that was paused wakes up with its deadline behind it and the whole answer in
    its socket. To throw that away would lose a token that the host issued only once, so
    the loop looks at its sockets a few more times before the deadline strikes.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        timer: asyncio.Handle = loop.call_later(
            deadline_in.total_seconds(), lambda: look(LAST_LOOKS)
        )

        def look(left: int) -> None:
            nonlocal timer
            if left:
                timer = loop.call_soon(look, left - 1)
            else:
                limit.reschedule(loop.time())

        try:
            yield
        finally:
            timer.cancel()


async def read_body(response: aiohttp.ClientResponse, *, most: int) -> bytes | None:
    """
    The body, or ``None`` where it passes ``most`` bytes.

    It is decompressed a piece at a time, so that a small bomb stays small.
    """
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > most:
            response.close()
            return None
    return bytes(body)


def headers_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Lower-case names; lines of one name are joined as RFC 9110 5.3 allows."""
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        key, text = name.lower(), _header_text(value)
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


def _header_text(value: str) -> str:
    """UTF-8 where it is, Latin-1 where it is not: always text that can be encoded again."""
    try:
        value.encode()
    except UnicodeEncodeError:  # aiohttp keeps other bytes as surrogates
        return value.encode(errors="surrogateescape").decode("latin-1")
    return value


async def send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Stop aiohttp, which sends a GET or DELETE again when a kept connection was closed."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise OnceError from error


async def mark_connected(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object
) -> None:
    """From here on a byte may have left; before it, none has."""
    sending: Sending = context.trace_request_ctx
    sending.connected = True


def trust(file: Path) -> ssl.SSLContext:
    """
    Trust the certificates in ``file`` (PEM) beside the system's.

    Raises ``ConfigurationError`` where it cannot be read or holds none.
    """
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(cafile=file)
    except OSError:  # ssl.SSLError is one
        raise ConfigurationError(
            key="ca_file", place=str(file), cure="name a readable file of PEM certificates"
        ) from None
    return context
