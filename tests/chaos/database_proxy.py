"""
A proxy between permsync and PostgreSQL that sees every commit and can stop it on either side.

It follows just enough of the wire protocol to know which statements a transaction holds,
so that it can tell the commit that claims a refresh (the intent) from the one that adopts
new tokens. A script may hold, cut or answer that COMMIT, or the one statement that is a
transaction of its own: kill points need no hook in the product. Facts: PostgreSQL's
"Frontend/Backend Protocol". This module must not know a fault.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from tests.chaos.host_proxy import reset

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
DISK_FULL = b"SERROR\0VERROR\0C53100\0Mno space left, says the chaos suite\0\0"


class Commit(StrEnum):
    """What a commit makes durable, of what matters here."""

    CLAIM = "claim"
    ADOPT = "adopt"
    OTHER = "other"


@dataclass(slots=True)
class _Transaction:
    statements: list[str] = field(default_factory=list)

    @property
    def meaning(self) -> Commit:
        text = " ".join(" ".join(self.statements).lower().split())
        if "insert into refresh_attempt" in text:
            return Commit.CLAIM
        if "update account set" in text and "token_version" in text and "access_sealed" in text:
            return Commit.ADOPT
        return Commit.OTHER


class Committing:
    """A COMMIT in hand; neither PostgreSQL nor permsync has gone on yet."""

    def __init__(self, socket: "_Socket", message: bytes) -> None:
        self._socket = socket
        self._message = message

    async def forward(self) -> bytes:
        """Let PostgreSQL commit; its acknowledgement, which permsync does not have yet."""
        return await self._socket.ask(self._message)

    def acknowledge(self, said: bytes) -> None:
        """Give permsync the acknowledgement."""
        self._socket.to_client(said)

    async def refuse(self) -> None:
        """Roll back, and tell permsync that the disk was full."""
        await self._socket.roll_back()
        self._socket.to_client(_message(b"E", DISK_FULL) + _message(b"Z", b"I"))

    def cut(self) -> None:
        """End the connection on both sides: what was not committed never will be."""
        self._socket.cut()


Script = Callable[[Committing], Awaitable[None]]


@dataclass
class DatabaseProxy:
    """Listens on TCP, connects to the server's socket; scripts wait for commits."""

    upstream: str
    port: int = 0
    _plans: list[tuple[Commit, Script]] = field(default_factory=list)
    _begins: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _sockets: set["_Socket"] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def expect(self, commit: Commit, script: Script) -> None:
        """Let ``script`` have the next commit of this meaning."""
        self._plans.append((commit, script))

    def expect_begin(self, script: Callable[[], Awaitable[None]]) -> None:
        """Run ``script`` when the next transaction begins, before PostgreSQL hears of it."""
        self._begins.append(script)

    def forget(self) -> None:
        """Let everything pass from now on."""
        self._plans.clear()
        self._begins.clear()

    def cut(self) -> None:
        """End every connection that is open."""
        for each in list(self._sockets):
            each.cut()

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse connections and end those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server = await asyncio.open_unix_connection(self.upstream)
        except OSError:
            writer.close()
            return
        each = _Socket(self, (reader, writer), server)
        self._sockets.add(each)
        try:
            await each.run()
        finally:
            self._sockets.discard(each)

    def take(self, meaning: Commit) -> Script | None:
        """The script for this commit, used up."""
        for plan in self._plans:
            if plan[0] is meaning:
                self._plans.remove(plan)
                return plan[1]
        return None

    async def begin(self) -> None:
        """What waits for a transaction to begin."""
        if self._begins:
            await self._begins.pop(0)()


_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Socket:
    """One connection of permsync, with its prepared statements and its transaction."""

    def __init__(self, proxy: DatabaseProxy, client: _Stream, server: _Stream) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._prepared: dict[bytes, str] = {}
        self._transaction = _Transaction()
        self._in_block = False
        self._alone = b""
        self._kept: asyncio.Queue[bytes] | None = None

    async def run(self) -> None:
        answers = asyncio.create_task(self._pass_answers())
        try:
            await self._greet()
            while True:
                await self._pass(await _read(self._client[0]))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # either side left
        finally:
            answers.cancel()
            self._client[1].close()
            self._server[1].close()

    def cut(self) -> None:
        reset(self._client[1])
        reset(self._server[1])

    def to_client(self, said: bytes) -> None:
        with suppress(ConnectionError):
            self._client[1].write(said)

    async def ask(self, message: bytes) -> bytes:
        """Send one message; everything the server says up to its being ready again."""
        self._kept = asyncio.Queue()
        self._server[1].write(message)
        said = b""
        while True:
            each = await self._kept.get()
            if not each:
                raise ConnectionResetError("PostgreSQL went away")
            said += each
            if each[:1] == b"Z":
                self._kept = None
                return said

    async def _greet(self) -> None:
        while True:
            size = await self._client[0].readexactly(4)
            rest = await self._client[0].readexactly(int.from_bytes(size) - 4)
            if int.from_bytes(rest[:4]) not in {SSL_REQUEST, GSS_REQUEST}:
                self._server[1].write(size + rest)
                return
            self.to_client(b"N")

    async def roll_back(self) -> None:
        """End the transaction block, if there is one."""
        if self._in_block:
            self._in_block = False
            await self.ask(_message(b"Q", b"ROLLBACK\0"))

    async def _pass(self, message: bytes) -> None:
        kind, rest = message[:1], message[5:]
        match kind:
            case b"P":
                name, _, text = rest.partition(b"\0")
                self._prepared[name] = text.partition(b"\0")[0].decode()
            case b"B":
                if not self._in_block and not self._alone:
                    self._transaction = _Transaction()
                    await self._proxy.begin()
                name = rest.split(b"\0", 2)[1]
                self._transaction.statements.append(self._prepared.get(name, ""))
            case b"Q":
                await self._pass_query(message, rest.rstrip(b"\0 ;").decode().upper())
                return
            case _:
                pass
        if not self._in_block and (kind == b"B" or self._alone):
            await self._pass_alone(message, ends=kind == b"S")
            return
        await self._forward(message)

    async def _pass_alone(self, message: bytes, *, ends: bool) -> None:
        """A statement outside of a block commits by itself, when PostgreSQL is told to go on."""
        self._alone += message
        if ends:
            whole, self._alone = self._alone, b""
            await self._commit(whole)

    async def _pass_query(self, message: bytes, text: str) -> None:
        if text.startswith("BEGIN"):
            self._transaction = _Transaction()
            self._in_block = True
            await self._proxy.begin()
        elif text == "COMMIT":
            await self._commit(message)
            self._in_block = False
            return
        elif text == "ROLLBACK":
            self._in_block = False
        await self._forward(message)

    async def _commit(self, message: bytes) -> None:
        script = self._proxy.take(self._transaction.meaning)
        if script is None:
            await self._forward(message)
        else:
            await script(Committing(self, message))

    async def _forward(self, message: bytes) -> None:
        self._server[1].write(message)
        await self._server[1].drain()

    async def _pass_answers(self) -> None:
        try:
            while True:
                message = await _read(self._server[0])
                if self._kept is None:
                    self.to_client(message)
                    await self._client[1].drain()
                else:
                    self._kept.put_nowait(message)
        except (asyncio.IncompleteReadError, ConnectionError):
            if self._kept is not None:
                self._kept.put_nowait(b"")
            self._client[1].close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body


@asynccontextmanager
async def database_proxy(upstream: str) -> AsyncIterator[DatabaseProxy]:
    """A proxy to the server's socket file, until the block ends."""
    proxy = DatabaseProxy(upstream)
    await proxy.listen()
    try:
        yield proxy
    finally:
        await proxy.refuse()
