"""
A token endpoint that does nothing but answer, in a process of its own.

The simulator checks and remembers every token; here that work would be measured instead of
ours. Every refresh is granted, after a latency. It must not be used in a test.
"""

import asyncio
import json
import multiprocessing
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

BACKLOG = 4_096


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
    await reader.readexactly(length)
    await asyncio.sleep(wait)
    body = json.dumps(
        {
            "access_token": secrets.token_hex(32),
            "refresh_token": secrets.token_hex(32),
            "expires_in": 7_200,
            "token_type": "Bearer",
        }
    )
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body.encode())
    )
    await writer.drain()
    writer.close()


async def _serve(pipe: Connection, wait: float) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _answer(reader, writer, wait), "127.0.0.1", 0, backlog=BACKLOG
    )
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(pipe.recv)


def _run(pipe: Connection, wait: float) -> None:
    asyncio.run(_serve(pipe, wait))


@contextmanager
def token_host(*, latency_ms: int) -> Iterator[str]:
    """The base URL of a host that answers after this latency."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(theirs, latency_ms / 1_000), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        ours.send(None)
        process.join()
