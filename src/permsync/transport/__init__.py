"""
The only outbound HTTP of the service: one request becomes one answer, or the reason why not.

What is decided here: what counts as provably unsent, how much of a body is read, and that
nothing is ever sent twice, followed or remembered: no retry, no redirect, no cookie, no
proxy that was not named. A fault is a value, because a refresh decides by it (REFRESH 3).
This module must not know any code host, any token's meaning, or what a fault leads to.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from permsync.codehost import Request, Response
from permsync.telemetry import Event, SpanName, logger, span
from permsync.transport.wire import (
    OnceError,
    Sending,
    ending_in,
    headers_of,
    is_sendable,
    mark_connected,
    origin_of,
    read_body,
    send_once,
    trust,
)

log = logger(__name__)

PAGE_BYTES = 16 * 1024 * 1024
TOKEN_BYTES = 1024 * 1024
HEADER_BYTES = 64 * 1024  # one line: a Link with four long URLs passes aiohttp's own 8 kB


class UnsentReason(StrEnum):
    """Why nothing was sent."""

    UNSENDABLE = "unsendable"
    NAME_UNKNOWN = "name_unknown"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_FAILED = "tls_failed"
    PROXY_FAILED = "proxy_failed"


class UnansweredReason(StrEnum):
    """Why a request that may have been sent has no whole answer."""

    TIMED_OUT = "timed_out"
    RESET = "reset"
    TRUNCATED = "truncated"
    GARBLED = "garbled"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class NotSent:
    """Provably no byte of the request left: a token in it is as good as before."""

    reason: UnsentReason


@dataclass(frozen=True, slots=True)
class Unanswered:
    """
    The request may have been sent, and the host may have acted on it.

    ``status`` is what the answer's head said, where one came before the fault.
    """

    reason: UnansweredReason
    status: int | None = None


Answer = Response | NotSent | Unanswered


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request for the figures, without secrets.

    ``origin`` is as :func:`origin_of` writes it; ``outcome`` is ``1xx`` to ``5xx``,
    ``unsent`` or ``unanswered``.
    """

    origin: str
    outcome: str


_Call = Callable[[Sending], AbstractAsyncContextManager[aiohttp.ClientResponse]]


class Transport:
    """
    Sends requests, several at once, between ``async with`` and its end.

    ``authorities`` names, for any URL of a host, a file of certificates that are trusted
    there beside the system's. ``connections`` bounds the ordinary requests in flight to one
    origin, so that a slow host takes no room from another; further ones wait, before their
    deadline starts. A connection that lay ``idle`` for so long is not used again. ``agent`` is
    what hosts see as our name.
    """

    def __init__(
        self,
        *,
        authorities: Mapping[str, Path] | None = None,
        proxy_url: str | None = None,
        page_bytes: int = PAGE_BYTES,
        token_bytes: int = TOKEN_BYTES,
        connections: int = 100,
        idle: timedelta = timedelta(seconds=4),
        agent: str = "permsync",
        observe: Callable[[Exchange], None] | None = None,
    ) -> None:
        self._trust = {origin_of(url): trust(file) for url, file in (authorities or {}).items()}
        self._proxy_url = proxy_url
        self._page_bytes = page_bytes
        self._token_bytes = token_bytes
        self._agent = agent
        self._connections = connections
        self._idle = idle
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._observe = observe

    async def __aenter__(self) -> Self:
        # No limit of their own: waiting for a free connection is not connecting.
        kept = aiohttp.TCPConnector(limit=0, keepalive_timeout=self._idle.total_seconds())
        self._pages = self._session(kept)
        self._tokens = self._session(aiohttp.TCPConnector(limit=0, force_close=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pages.close()
        await self._tokens.close()

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(mark_connected)
        trace.on_connection_reuseconn.append(mark_connected)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": self._agent, "accept-encoding": "gzip, deflate"},
            skip_auto_headers={"content-type"},
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            middlewares=(send_once,),
            proxy=self._proxy_url,
            trace_configs=[trace],
            trust_env=False,
        )

    async def send(
        self,
        request: Request,
        *,
        connect_in: timedelta,
        deadline_in: timedelta,
        fresh: bool = False,
        reuse: bool = True,
        bearer: str | None = None,
    ) -> Answer:
        """
        Send ``request`` once and read the whole answer, whatever its status.

        ``connect_in`` bounds name look-up, TCP and TLS together, ``deadline_in`` everything.
        ``fresh`` is for token calls: a connection of its own, the smaller cap, no waiting
        for room. ``reuse=False`` keeps an ordinary request off a connection that is open
        already, should that one lead to a server that answers wrongly. ``bearer`` becomes
        the authorization header.
        """
        headers = {**request.headers, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
        if not is_sendable(request.url, headers):
            return self._told(request.url, NotSent(UnsentReason.UNSENDABLE))

        def call(sending: Sending) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
            return (self._tokens if fresh or not reuse else self._pages).request(
                request.method,
                URL(request.url, encoded=True),  # as the host file said it: %2F stays %2F
                headers=headers,
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=connect_in.total_seconds(), ceil_threshold=math.inf
                ),
                ssl=self._trust.get(origin_of(request.url), True),
                trace_request_ctx=sending,
            )

        most = self._token_bytes if fresh else self._page_bytes
        with span(
            SpanName.HOST_REQUEST, method=request.method, url=request.url.partition("?")[0]
        ) as note:
            async with nullcontext() if fresh else self._room(request.url):
                answer = await _exchange(call, deadline_in, most=most)
            note(status=answer.status if not isinstance(answer, NotSent) else None)
        return self._told(request.url, answer)

    def _room(self, url: str) -> asyncio.Semaphore:
        return self._rooms.setdefault(origin_of(url), asyncio.Semaphore(self._connections))

    def _told(self, url: str, answer: Answer) -> Answer:
        """Log and count one answer; of the URL only what stands before the query."""
        place = url.partition("?")[0]
        match answer:
            case Response(status=status):
                outcome = f"{status // 100}xx"
                log.debug(Event.HTTP_ANSWERED, url=place, status=status)
            case NotSent(reason=unsent):
                outcome = "unsent"
                log.info(Event.HTTP_UNSENT, url=place, reason=unsent)
            case Unanswered(reason=reason, status=status):
                outcome = "unanswered"
                log.info(Event.HTTP_UNANSWERED, url=place, reason=reason, status=status)
        if self._observe is not None:
            self._observe(Exchange(origin=origin_of(url), outcome=outcome))
        return answer


async def _exchange(call: _Call, deadline_in: timedelta, *, most: int) -> Answer:
    sending = Sending()
    try:
        async with ending_in(deadline_in), call(sending) as response:
            sending.status = response.status
            body = await read_body(response, most=most)
            if body is None:
                return Unanswered(UnansweredReason.TOO_LARGE, response.status)
            return Response(status=response.status, headers=headers_of(response), body=body)
    except OnceError as carrier:
        return _fault(carrier.__cause__, sending)
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        return _fault(error, sending)


def _fault(error: BaseException | None, sending: Sending) -> NotSent | Unanswered:
    if not sending.connected:
        return NotSent(_unsent_reason(error))
    return Unanswered(_unanswered_reason(error), sending.status)


def _unsent_reason(error: BaseException | None) -> UnsentReason:
    match error:
        case TimeoutError():
            return UnsentReason.CONNECT_TIMEOUT
        # The look-up itself refuses a name that is too long with a UnicodeError.
        case aiohttp.ClientConnectorDNSError() | UnicodeError():
            return UnsentReason.NAME_UNKNOWN
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientConnectorCertificateError():
            return UnsentReason.TLS_FAILED
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return UnsentReason.PROXY_FAILED
        case _:
            return UnsentReason.UNREACHABLE


def _unanswered_reason(error: BaseException | None) -> UnansweredReason:
    match error:
        case TimeoutError():
            return UnansweredReason.TIMED_OUT
        case aiohttp.ClientPayloadError(__cause__=ContentEncodingError()):
            return UnansweredReason.GARBLED
        case aiohttp.ClientPayloadError():
            return UnansweredReason.TRUNCATED
        case aiohttp.ClientResponseError():
            return UnansweredReason.GARBLED
        case _:
            return UnansweredReason.RESET
