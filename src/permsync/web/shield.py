"""
What surrounds every route: headers of security, the longest body, and the last catch.

What is decided here: what a browser may do with an answer unless a page says otherwise,
how much of a body is read, and that an exception of no known kind becomes a problem without
a word of its own. Plain ASGI, because it is passed by every request. This module must not
know any route.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from permsync.telemetry import Event, logger
from permsync.web.problems import answer_defect

log = logger(__name__)

# A page that needs more says so itself; what it says is kept.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Shield:
    """
    The outermost layer of the application; ``last_word`` answers where nobody else did.

    ``limits`` are the longest bodies below paths that are not ``body_limit``'s.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        limits: Mapping[str, int] = MappingProxyType({}),
        last_word: Callable[[Request], Response] = answer_defect,
    ) -> None:
        self.app = app
        self.body_limit = body_limit
        self.limits = limits
        self.last_word = last_word

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        exchange = _Exchange(receive, send, declared=_declared(scope), limit=limit)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            return  # nobody is there to answer
        except Exception:
            log.exception(Event.DEFECT, method=scope["method"], path=scope["path"])
            if exchange.answered:
                raise  # the server cuts the connection, so that half an answer is no answer
            await self.last_word(Request(scope))(scope, receive, exchange.send)

    def _limit(self, path: str) -> int:
        found = (limit for start, limit in self.limits.items() if path.startswith(start))
        return next(found, self.body_limit)


class _Exchange:
    """One request and its answer, on their way through the shield."""

    def __init__(self, receive: Receive, send: Send, *, declared: int, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._read = declared
        self._limit = limit
        self._counted = 0
        self.answered = False

    async def receive(self) -> Message:
        """The next part of the body; raises ``HTTPException`` where it is too long."""
        if self._read > self._limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        message = await self._receive()
        if message["type"] == "http.request":
            self._counted += len(message.get("body", b""))
            self._read = max(self._read, self._counted)
            if self._read > self._limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, its first one with our headers."""
        if message["type"] == "http.response.start":
            self.answered = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _declared(scope: Scope) -> int:
    """The length that the request names; the server has refused what is no number."""
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0
