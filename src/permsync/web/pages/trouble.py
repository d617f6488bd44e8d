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
from permsync.web.problems import answer_defect

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def for_people(handler: Handler) -> Handler:
    """The handler, whose problem becomes a page where a person waits for one."""

    async def answer(request: Request, error: Any) -> Response:
        return _presented(request, await handler(request, error))

    return answer


def last_word(request: Request) -> Response:
    """The answer where a defect of ours left none."""
    return _presented(request, answer_defect(request))


def _presented(request: Request, response: Response) -> Response:
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or request.url.path.startswith("/v1/"):
        return response
    shown = {
        "visitor": None,
        "notice": None,
        "problem": json.loads(bytes(response.body)),
        "signed_out": response.status_code == HTTPStatus.UNAUTHORIZED,
    }
    return page(request, "trouble.html", shown, status=HTTPStatus(response.status_code))
