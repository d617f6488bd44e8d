"""
Settings and answers for the tests of host files: the smallest that say what they mean.

This module must not know any kind of host.
"""

import json
from collections.abc import Mapping
from typing import Any

from permsync.codehost import HostSettings, Response

SECRET = "client-secret-8Kq2"
REDIRECT = "https://permsync.example/hosts/one/callback"
SENT_AT = "Tue, 24 Nov 2026 10:00:00 GMT"


def settings_of(
    kind: str,
    *,
    base_url: str = "https://code.example/context",
    name: str = "one",
    api_url: str | None = None,
    scopes: tuple[str, ...] | None = None,
    options: Mapping[str, str | int | bool] | None = None,
) -> HostSettings:
    """A configured host, by default under a context path."""
    return HostSettings(
        name=name,
        kind=kind,
        base_url=base_url,
        client_id=f"client-of-{name}",
        client_secret=SECRET,
        redirect_uri=REDIRECT,
        api_url=api_url,
        scopes=scopes,
        options=options or {},
    )


def answer(
    content: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer."""
    body = json.dumps(content).encode()
    return Response(status, {"content-type": "application/json", **(headers or {})}, body)


def page_of_html(status: int = 200) -> Response:
    """What a proxy or a maintenance page answers in the host's stead."""
    body = b"<!DOCTYPE html><title>We will be back</title>"
    return Response(status, {"content-type": "text/html; charset=utf-8"}, body)


def text(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of plain text."""
    return Response(status, {"content-type": "text/plain", **(headers or {})}, body)
