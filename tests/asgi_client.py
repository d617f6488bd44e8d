"""
A browser and an API caller as small as one can be: speaks ASGI to an application in process.

It keeps cookies as a browser would for one site, follows no redirect, and waits for what
runs after the answer. An exception that leaves the application leaves the call too. This
module must not know any route.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from starlette.types import ASGIApp, Message

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case and may repeat."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def media_type(self) -> str:
        return (self.header("content-type") or "").partition(";")[0]

    @property
    def location(self) -> str:
        return self.header("location") or ""

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address this redirects to."""
        fields = parse_qs(urlsplit(self.location).query, keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)

    def cookie(self, name: str) -> "Morsel[str]":
        """The cookie of this name as it was set."""
        return _cookies(self)[name]


def _cookies(answer: Answer) -> "SimpleCookie":
    jar = SimpleCookie()
    for name, value in answer.headers:
        if name == "set-cookie":
            jar.load(value)
    return jar


class AsgiClient:
    """One browser, or one program with a key, in front of one application."""

    def __init__(self, app: ASGIApp, *, key: str | None = None) -> None:
        self.app = app
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {} if key is None else {"authorization": f"Bearer {key}"}

    async def get(self, target: str, **headers: str) -> Answer:
        return await self.send("GET", target, headers=headers)

    async def post_json(self, target: str, body: object, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.send("POST", target, [raw], headers={**JSON, **headers})

    async def post_form(self, target: str, fields: Mapping[str, str], **headers: str) -> Answer:
        raw = urlencode(fields).encode()
        return await self.send("POST", target, [raw], headers={**FORM, **headers})

    async def send(
        self,
        method: str,
        target: str,
        chunks: Iterable[bytes] = (b"",),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One exchange; ``chunks`` are the parts in which the body arrives."""
        parts = urlsplit(target)
        sent = {**self.headers, **{n.replace("_", "-"): v for n, v in (headers or {}).items()}}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": quote(parts.path, safe="/%:").encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
        }
        exchange = _Exchange(chunks)
        await self.app(scope, exchange.receive, exchange.send)
        answer = exchange.answer()
        self._remember(answer)
        return answer

    def _remember(self, answer: Answer) -> None:
        for name, morsel in _cookies(answer).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value


class _Exchange:
    def __init__(self, chunks: Iterable[bytes]) -> None:
        parts = list(chunks)
        self._coming = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, 1)
        ]
        self._got: list[Message] = []

    async def receive(self) -> Message:
        return self._coming.pop(0) if self._coming else {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self._got.append(message)

    def answer(self) -> Answer:
        start, *parts = self._got
        return Answer(
            status=start["status"],
            headers=tuple((name.decode(), value.decode()) for name, value in start["headers"]),
            body=b"".join(part.get("body", b"") for part in parts),
        )
