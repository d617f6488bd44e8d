"""
Reads the body of a request, once and strictly, before any model sees it.

What is decided here: what counts as JSON (UTF-8, no duplicate keys, no NaN, an object) and
as a form. JSON parsers disagree about duplicate keys, and a decision must not hang on which
one a proxy in front of us used. How long a body may be is decided in ``web.shield``. This
module must not know any field.
"""

import json
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from permsync.errors import MalformedError

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
BODY = "body"


class ReadRequest(Request):
    """A request whose JSON body was read already; the framework is given the reading."""

    def __init__(self, request: Request, *, raw: bytes, read: dict[str, Any]) -> None:
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._read = read

    async def body(self) -> bytes:
        """The bytes as they came."""
        return self._raw

    async def json(self) -> Any:
        """The object that they say."""
        return self._read


async def read_json(request: Request) -> ReadRequest:
    """
    The request with its body read as one JSON object.

    Raises ``MalformedError``, and an ``HTTPException`` for another content type.
    """
    _check_media_type(request, JSON)
    raw = await request.body()
    return ReadRequest(request, raw=raw, read=parse_json(raw))


def parse_json(raw: bytes) -> dict[str, Any]:
    """The one object in these bytes; raises ``MalformedError`` for everything else."""
    try:
        read = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object_of, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        # UnicodeDecodeError, JSONDecodeError, a number of too many digits, deep nesting.
        raise MalformedError(field=BODY, expected="The body must be JSON in UTF-8.") from None
    if not isinstance(read, dict):
        raise MalformedError(field=BODY, expected="The body must be a JSON object.")
    return read


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedError(field=BODY, expected="An object must not name a field twice.")
    return made


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedError(field=BODY, expected="NaN and Infinity are not JSON.")


async def read_form(request: Request) -> dict[str, str]:
    """
    The fields of a form; raises as :func:`read_json` does.

    A form without any field may come without a content type, as a script sends it.
    """
    raw = await request.body()
    if not raw:
        return {}
    _check_media_type(request, FORM)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise MalformedError(field=BODY, expected="The body must be a form.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedError(field=BODY, expected="A form must not name a field twice.")
    return fields


def _check_media_type(request: Request, wanted: str) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != wanted:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
