"""
What each fault looks like on the wire, in forms that no host kind owns.

Only builds answers; when a fault strikes is application.py's business.
"""

from collections.abc import Callable
from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from permsync.simulator.exchange import Exchange, json_answer
from permsync.simulator.faults import Shape

OVERSIZED_BYTES = 10 * 1024 * 1024


class TruncatedResponse(Response):
    """Promises more bytes than it sends, then lets the connection end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the start and half of the body, and never the rest."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})


def html(exchange: Exchange, status: int) -> Response:
    """An HTML page where JSON was expected, as proxies and maintenance pages send it."""
    text = escape(exchange.words("We are having a moment."))
    return HTMLResponse(f"<!doctype html><title>{status}</title><h1>{text}</h1>", status)


def empty(_exchange: Exchange) -> Response:
    """Status 200 and nothing else."""
    return Response(b"", media_type="application/json")


def empty_object(_exchange: Exchange) -> Response:
    """Status 200 and a JSON object without any field."""
    return json_answer({})


def oversized(exchange: Exchange) -> Response:
    """A JSON body of more than ten megabytes."""
    return json_answer({"padding": exchange.world.canary + "x" * OVERSIZED_BYTES})


def invalid_utf8(exchange: Exchange) -> Response:
    """A body that claims to be JSON and is not valid UTF-8."""
    words = exchange.world.canary.encode()
    return Response(b'{"message":"' + words + b'\xff\xfe"}', media_type="application/json")


def redirect(exchange: Exchange) -> Response:
    """A redirect to an HTML page, as a read-only GitLab answers a form."""
    location = f"{exchange.base}/moved?words={exchange.world.canary}"
    moved = f"<!doctype html><a href={location}>moved</a>"
    return HTMLResponse(moved, 301, {"Location": location})


def ok_with_error(exchange: Exchange) -> Response:
    """Status 200 with an OAuth error in the body that no host documents."""
    description = exchange.words("Something went wrong.")
    return json_answer({"error": "server_error", "error_description": description})


def truncated(exchange: Exchange) -> Response:
    """A body that ends before its announced length."""
    return TruncatedResponse(f'{{"message":"{exchange.world.canary}"}}'.encode() * 4)


PLAIN: dict[Shape, Callable[[Exchange], Response]] = {
    "html": lambda exchange: html(exchange, 200),
    "502": lambda exchange: html(exchange, 502),
    "empty": empty,
    "empty_object": empty_object,
    "oversized": oversized,
    "invalid_utf8": invalid_utf8,
    "redirect": redirect,
    "200_error": ok_with_error,
    "truncated": truncated,
}
