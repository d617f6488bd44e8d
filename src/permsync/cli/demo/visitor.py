"""
A person's browser for the self-walking demo: cookies, forms, and no scripts.

It knows the routes that a person's browser meets, and nothing of what lies behind them.
Standard library only: the service's own outbound client is not for browsers.
"""

import json
import urllib.request
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode

from permsync.simulator.browser import consent


class Visitor:
    """One person with one browser at one permsync."""

    def __init__(self, url: str, *, person: str) -> None:
        self._url = url
        self._person = person
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), _AsAnswered()
        )

    def sign_in(self) -> None:
        """Sign in through the provider's consent page."""
        provider = self._location("/signin")
        self._open(consent(provider, person=self._person))

    def me(self) -> dict[str, Any]:
        """What permsync shows this person."""
        found: dict[str, Any] = json.loads(self._open(f"{self._url}/me")[1])
        return found

    def page(self, path: str) -> str:
        """The page at this path, as the person reads it."""
        return self._open(f"{self._url}{path}")[1].decode()

    def link(self, host: str) -> None:
        """Link the person's account at a host through its consent page."""
        there = self._location(f"/link/{host}", csrf=self.me()["csrf"])
        self._open(consent(there, person=self._person))

    def _location(self, path: str, **form: str) -> str:
        location, _ = self._open(f"{self._url}{path}", form or None)
        return location

    def _open(self, url: str, form: dict[str, str] | None = None) -> tuple[str, bytes]:
        body = urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(url, data=body)
        with self._opener.open(request) as answer:
            return answer.headers.get("location", ""), answer.read()


class _AsAnswered(urllib.request.HTTPErrorProcessor):
    """Hands every answer to the caller: redirects are not followed, refusals not raised."""

    def http_response(
        self, _request: urllib.request.Request, response: HTTPResponse
    ) -> HTTPResponse:
        """The answer as it came."""
        return response

    https_response = http_response  # type: ignore[assignment]  # the stub says Any
