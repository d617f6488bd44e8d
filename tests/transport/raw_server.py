"""
A server on a loopback port that answers with exactly the bytes a test wants, or with none.

It reads whole requests and keeps them; what comes after is the test's script. It knows
nothing of HTTP beyond where a request ends.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Peer:
    """One connection, as the script sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes]

    async def request(self) -> bytes:
        """The next whole request; empty where the client has gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        whole = head + await self.reader.readexactly(length)
        self.requests.append(whole)
        return whole

    async def say(self, *parts: bytes) -> None:
        """Send bytes; a client that has gone does not matter."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    def reset(self) -> None:
        """End the connection without a farewell."""
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class RawServer:
    """What a running server has seen."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    open_most: int = 0


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: bytes = b"") -> bytes:
    """A whole answer with its length; ``headers`` end in CRLF each."""
    length = f"content-length: {len(body)}\r\n".encode()
    return f"HTTP/1.1 {status}\r\n".encode() + length + headers + b"\r\n" + body


def replies(*answers: bytes) -> Script:
    """Answer one request with each of ``answers``, then end the connection."""

    async def script(peer: Peer) -> None:
        for each in answers:
            if not await peer.request():
                return
            await peer.say(each)

    return script


@asynccontextmanager
async def raw_server(
    script: Script, *, context: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    """Run ``script`` for every connection until the block ends; then all of them are cut."""
    seen = RawServer(url="")
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        seen.connections += 1
        seen.open += 1
        seen.open_most = max(seen.open_most, seen.open)
        try:
            await script(Peer(reader=reader, writer=writer, requests=seen.requests))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            seen.open -= 1
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    seen.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    try:
        yield seen
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
