"""
A letterbox on this machine: takes what a postman brings, and answers as it is told.

This module must not know a host.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep

PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Letter:
    """One request, with header names in lower case."""

    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Letterbox:
    """What has come so far, oldest first."""

    url: str
    letters: list[Letter] = field(default_factory=list)
    status: int = 202

    def wait(self, count: int) -> list[Letter]:
        """The letters, once there are so many."""
        until(lambda: len(self.letters) >= count)
        return self.letters


def until(met: Callable[[], object]) -> None:
    """Wait until it is so; a test that waits for nothing fails."""
    give_up_at = monotonic() + PATIENCE_SECONDS
    while not met():
        assert monotonic() < give_up_at, "it never came to that"
        sleep(0.01)


@contextmanager
def letterbox() -> Iterator[Letterbox]:
    """An open letterbox."""
    box = Letterbox("")

    class Slot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            box.letters.append(Letter(headers, body))
            self.send_response(box.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slot)
    box.url = f"http://127.0.0.1:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
