"""
A proxy between permsync and one code host that can do anything to a refresh on its way.

Everything passes, but for requests that present a refresh token for which a script waits:
the script gets the exchange in hand and decides what becomes of it at each point, whether
and when it is forwarded, and whether, when and in which shape the answer comes back. What
happened to every presented token is kept, because the verdict depends on it. This module
must not know permsync, a fault or a policy.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.chaos.http_message import Message, read_message

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, with RST instead of FIN
BACKLOG = 1024


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Presentation:
    """
    What became of one refresh token that was sent: the proxy's own knowledge.

    ``abandoned``: permsync had given up by the time that its answer came.
    """

    token: str
    forwarded: bool = False
    status: int | None = None
    granted: str | None = None  # the access token in the host's answer
    delivered: bool = False
    abandoned: bool = False


class Exchange:
    """One request in hand, with the steps that a script may take with it."""

    def __init__(self, proxy: "HostProxy", request: Message, client: Stream) -> None:
        self.request = request
        self.seen = Presentation(request.field("refresh_token"))
        self._proxy = proxy
        self._reader, self._writer = self._client = client
        self._host: Stream | None = None

    def again(self) -> "Exchange":
        """The same request once more, as a network may repeat it."""
        return Exchange(self._proxy, self.request, self._client)

    async def forward(self, request: Message | None = None) -> None:
        """Send the request to the host, to its last byte."""
        self._host = await self._proxy.connect()
        self._host[1].write((request or self.request).whole)
        await self._host[1].drain()
        self.seen.forwarded = True

    async def answer(self) -> Message:
        """Wait for the host's whole answer: from here on it has committed."""
        assert self._host is not None, "nothing was forwarded"
        answer = await read_message(self._host[0])
        self._host[1].close()
        if answer is None:
            raise ConnectionResetError("the host went away")
        self.seen.status = answer.status
        self.seen.granted = granted_in(answer)
        return answer

    async def deliver(self, answer: Message, *, most: int | None = None) -> None:
        """Hand an answer to permsync, or only its first ``most`` bytes."""
        with suppress(ConnectionError):
            self._writer.write(answer.whole[:most])
            await self._writer.drain()
        whole = most is None and granted_in(answer) == self.seen.granted
        self.seen.abandoned = self._reader.at_eof() or self._writer.is_closing()
        self.seen.delivered = whole and not self.seen.abandoned

    async def pass_on(self) -> None:
        """What happens where nothing is wrong."""
        await self.forward()
        await self.deliver(await self.answer())

    def reset(self) -> None:
        """End permsync's connection with a reset."""
        reset(self._writer)

    async def until_gone(self) -> None:
        """Say nothing until permsync gives up."""
        with suppress(ConnectionError):
            await self._reader.read()


Script = Callable[[Exchange], Awaitable[None]]


async def _pass_on(exchange: Exchange) -> None:
    await exchange.pass_on()


@dataclass(slots=True)
class _Plan:
    tokens: frozenset[str]
    script: Script
    times: int


@dataclass
class HostProxy:
    """Where it listens, what passed, and which scripts wait."""

    upstream_port: int
    port: int = 0
    presentations: list[Presentation] = field(default_factory=list)
    _plans: list[_Plan] = field(default_factory=list)
    _listener: socket.socket | None = None
    _server: asyncio.Server | None = None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """What permsync is told the host's address is; no last slash."""
        return f"http://127.0.0.1:{self.port}"

    def expect(self, script: Script, *, tokens: set[str], times: int = 1) -> None:
        """Let ``script`` have the next ``times`` requests that present one of these tokens."""
        self._plans.append(_Plan(frozenset(tokens), script, times))

    def forget(self) -> None:
        """Let everything pass from now on."""
        self._plans.clear()

    async def connect(self) -> Stream:
        """A connection of our own to the host."""
        return await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 24)

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=1 << 24, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse every connection until ``listen`` is called."""
        if self._server is not None:
            self._server.close()
            self._server = None
            for task in list(self._running):
                task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            while (request := await read_message(reader)) is not None:
                await self._exchange(request, (reader, writer))
                if writer.is_closing():
                    return
        except (ConnectionError, asyncio.CancelledError):
            pass  # one of the two sides left; that is what this proxy is for
        finally:
            self._running.discard(task)
            writer.close()

    async def _exchange(self, request: Message, client: Stream) -> None:
        exchange = Exchange(self, request, client)
        if exchange.seen.token:
            self.presentations.append(exchange.seen)
        await self._script_for(exchange.seen.token)(exchange)

    def _script_for(self, token: str) -> Script:
        plan = next((plan for plan in self._plans if token in plan.tokens), None)
        if plan is None:
            return _pass_on
        plan.times -= 1
        if plan.times <= 0:
            self._plans.remove(plan)
        return plan.script


@asynccontextmanager
async def host_proxy(upstream_port: int) -> AsyncIterator[HostProxy]:
    """A proxy that listens until the block ends; then every connection is cut."""
    proxy = HostProxy(upstream_port)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.refuse()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST, as a crashed machine's successor would."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def granted_in(answer: Message) -> str | None:
    """The access token that an answer grants, in JSON or as a form."""
    text = answer.body.decode("latin-1")
    with suppress(ValueError):
        granted = json.loads(text)
        token = granted.get("access_token") if isinstance(granted, dict) else None
        return token if isinstance(token, str) else None
    return parse_qs(text).get("access_token", [None])[0]
