"""
Counts the round trips to PostgreSQL by what goes over the wire, not by what we believe.

A proxy passes every byte on and counts the server's ``ReadyForQuery``: each ends one round
trip (PostgreSQL documentation, "Message Flow"). It must not be used in a test.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import make_url

READY = ord("Z")


@dataclass(slots=True)
class Count:
    """Round trips so far, and the address that counts them."""

    url: str = ""
    trips: int = 0


async def _upstream(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parsed = make_url(url)
    folder = parsed.query.get("host") or parsed.host
    if isinstance(folder, str) and folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parsed.port or 5432}")
    return await asyncio.open_connection(parsed.host, parsed.port or 5432)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
    writer.close()


async def _count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Count) -> None:
    """Messages are a type, a length that counts itself, and the rest."""
    try:
        while True:
            head = await reader.readexactly(5)
            writer.write(head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4))
            count.trips += head[0] == READY
    except asyncio.IncompleteReadError:
        writer.close()


@asynccontextmanager
async def counted(url: str) -> AsyncIterator[Count]:
    """The same database at an address that counts."""
    count = Count()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await _upstream(url)
        await asyncio.gather(_pass_on(reader, server_writer), _count(server_reader, writer, count))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parsed = make_url(url)
    there = parsed.set(host="127.0.0.1", port=port, query={"ssl": "disable"})
    count.url = there.render_as_string(hide_password=False)
    try:
        yield count
    finally:
        server.close()
