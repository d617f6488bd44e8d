"""
Starting, ordering about, pausing and killing the processes of a chaos run.

Callers are forked from one parent (``tests.chaos.caller``) and obey orders over a socket;
workers are ``permsync worker`` itself. Every process started here is ended here, by its
pid. This module must not know a fault.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.house.tree import ROOT

PATIENCE_SECONDS = 180.0
LONGEST_LINE = 1 << 26
STOP_SECONDS = 20.0
PERMSYNC = (sys.executable, "-m", "permsync")

Said = dict[str, Any]


class ProcessDiedError(Exception):
    """The process ended before it answered."""


@dataclass(eq=False)
class Caller:
    """One process that obeys; ``say`` returns what it answered."""

    pid: int
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _waiting: dict[int, asyncio.Future[Said]] = field(default_factory=dict)
    _last: int = 0
    _task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to sort what the process says to who asked it."""
        self._task = asyncio.create_task(self._listen())

    async def say(self, what: str, **order: object) -> Said:
        """Order something and wait for it; raises ``ProcessDiedError``."""
        self._last += 1
        answer = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = answer
        line = json.dumps({"id": self._last, "do": what, **order})
        self._writer.write(line.encode() + b"\n")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                said: Said = await answer
        except ConnectionError:
            raise ProcessDiedError(f"{self.pid} {what}") from None
        return said

    async def _listen(self) -> None:
        with suppress(ConnectionError):
            while line := await self._reader.readline():
                said = json.loads(line)
                answer = self._waiting.pop(said.pop("id"), None)
                if answer is not None and not answer.done():
                    answer.set_result(said)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError())
                answer.exception()  # who had stopped waiting need not hear of it

    def kill(self) -> None:
        """SIGKILL: no farewell to anybody."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def leave(self) -> None:
        """Let it end in order: it drains, and its connections close."""
        self.resume()
        with suppress(ConnectionError):
            self._writer.close()
            await self._writer.wait_closed()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
        self.kill()


@dataclass
class Nursery:
    """Forks callers from a parent that has imported everything once."""

    folder: Path
    _parent: Process
    _born: dict[int, asyncio.Future[tuple[Said, Any, Any]]] = field(default_factory=dict)
    _number: int = 0

    @property
    def place(self) -> Path:
        """The socket where callers come to be ordered about."""
        return self.folder / "callers.socket"

    async def caller(self, settings: Path) -> Caller:
        """A new caller under these settings; raises ``ProcessDiedError`` with its error code."""
        self._number += 1
        born = asyncio.get_running_loop().create_future()
        self._born[self._number] = born
        order = {
            "settings": str(settings),
            "place": str(self.place),
            "number": self._number,
            "log": str(self.folder / "callers.log"),
        }
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            said, reader, writer = await born
        if "error" in said:
            writer.close()
            raise ProcessDiedError(said["error"])
        caller = Caller(said["pid"], reader, writer)
        caller.listen()
        return caller

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A newborn process says its number."""
        line = await reader.readline()
        if line:
            said = json.loads(line)
            self._born.pop(said["number"]).set_result((said, reader, writer))


@asynccontextmanager
async def nursery(folder: Path) -> AsyncIterator[Nursery]:
    """The parent of callers, until the block ends."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.caller", stdin=PIPE, stdout=DEVNULL, cwd=ROOT
    )
    made = Nursery(folder, parent)
    server = await asyncio.start_unix_server(made.greet, made.place, limit=LONGEST_LINE)
    try:
        yield made
    finally:
        server.close()
        assert parent.stdin is not None
        parent.stdin.close()
        await parent.wait()


@asynccontextmanager
async def started(
    arguments: Sequence[str],
    *,
    log: Path,
    program: Sequence[str] = PERMSYNC,
    pass_fds: Sequence[int] = (),
) -> AsyncIterator[Process]:
    """A program with its words in a file; SIGTERM ends it, SIGKILL where that does not."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *program,
            *arguments,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_end, process)
        yield process


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
