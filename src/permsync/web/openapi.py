"""
The description of the API at /openapi.json: problems, the key, and who needs which scope.

What is decided here: what FastAPI cannot know by itself. This module must not know any
route.
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from permsync.web.keys import SCHEME
from permsync.web.problems import MEDIA_TYPE, Problem

PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}

DESCRIPTIONS = {
    HTTPStatus.BAD_REQUEST: "The request is malformed.",
    HTTPStatus.UNAUTHORIZED: "No living service key was sent.",
    HTTPStatus.FORBIDDEN: "The service key may not do this.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too long.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database or a code host is away.",
}
# "default" also keeps FastAPI from describing its own form of error, which is never sent.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    **{int(status): {"description": text, **PROBLEM} for status, text in DESCRIPTIONS.items()},
    "default": {"description": "Another problem.", **PROBLEM},
}
NO_SUCH: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.NOT_FOUND): {"description": "Nothing has this name.", **PROBLEM}
}
ONLY_THE_PERSON: dict[int | str, dict[str, Any]] = {
    int(HTTPStatus.CONFLICT): {"description": "Only the person can repair this.", **PROBLEM}
}
KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A service key, made with `permsync service-keys create`.",
}


class Application(FastAPI):
    """A FastAPI application whose description tells of problems and keys."""

    def openapi(self) -> dict[str, Any]:
        """The description; it is made once."""
        if self.openapi_schema is None:
            made = super().openapi()
            components = made.setdefault("components", {})
            components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
            components["securitySchemes"] = {SCHEME: KEY}
        return super().openapi()
