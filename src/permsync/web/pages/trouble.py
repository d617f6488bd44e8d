"""
Errors as people's browsers show them: the same problem, as a page with a way on.

What is decided here: who gets a page (a browser that asks for HTML, outside the API) and
that it says nothing a program would not be told. This module must not know an error.
"""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from permsync.web.pages.rendering import page

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def for_people(handler: Handler) -> Handler:
    """The handler, whose problem becomes a page where a person waits for one."""

    async def answer(request: Request, error: Any) -> Response:
        response = await handler(request, error)
        wants_page = "text/html" in request.headers.get("accept", "")
        if not wants_page or request.url.path.startswith("/v1/"):
            return response
        problem = json.loads(bytes(response.body))
        shown = {
            "visitor": None,
            "notice": None,
            "problem": problem,
            "signed_out": response.status_code == HTTPStatus.UNAUTHORIZED,
        }
        return page(request, "trouble.html", shown, status=HTTPStatus(response.status_code))

    return answer
