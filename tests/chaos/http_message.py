"""
One HTTP/1.1 message on the wire, as bytes: read whole, forwarded whole, never interpreted.

It knows where a message ends (by its length, by chunks, or with the connection) and
nothing of what is said in it. It shares no code with the product's transport.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs

HEAD_END = b"\r\n\r\n"
BODILESS = {204, 304}


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its head, blank line included, and its body."""

    head: bytes
    body: bytes = b""

    @property
    def whole(self) -> bytes:
        """What goes over the wire."""
        return self.head + self.body

    @property
    def first_line(self) -> str:
        """The request line or the status line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1")

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.first_line.split(" ")[1])

    def header(self, name: str) -> str:
        """The first header of this name, or nothing."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode("latin-1")
        return ""

    def field(self, name: str) -> str:
        """The first value of a field of a form body, or nothing."""
        return parse_qs(self.body.decode("latin-1")).get(name, [""])[0]

    def with_body(self, body: bytes) -> "Message":
        """The same head around another body."""
        lines = [
            b"content-length: %d" % len(body) if is_length(line) else line
            for line in self.head.split(b"\r\n")
        ]
        return Message(b"\r\n".join(lines), body)


def is_length(line: bytes) -> bool:
    """Whether a header line tells the length of the body."""
    return line.lower().startswith(b"content-length:")


def answer(status: str, body: bytes = b"", *headers: str) -> Message:
    """An answer of our own making, which ends its connection."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
    return Message("\r\n".join(lines).encode() + HEAD_END, body)


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next whole message, or nothing where the peer has no more to say."""
    try:
        head = await reader.readuntil(HEAD_END)
        message = Message(head)
        if message.header("transfer-encoding").lower() == "chunked":
            return Message(head, await _read_chunks(reader))
        if length := message.header("content-length"):
            return Message(head, await reader.readexactly(int(length)))
        if message.first_line.startswith("HTTP/") and message.status not in BODILESS:
            return Message(head, await reader.read())
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return message


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = await reader.readline()
        chunk = await reader.readexactly(int(size, 16) + 2)
        parts += [size, chunk]
        if chunk == b"\r\n":
            return b"".join(parts)
