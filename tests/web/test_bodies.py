"""A body is one JSON object that every parser reads alike, or it is refused by name."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from permsync.errors import MalformedError
from permsync.web.bodies import FORM, JSON, parse_json, read_form, read_json

REFUSED = {
    "nothing": b"",
    "no JSON": b"{{{",
    "half of one": b'{"a": 1',
    "two": b"{} {}",
    "an array": b"[]",
    "a string": b'"a"',
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus infinity": b'{"a": -Infinity}',
    "a field twice": b'{"a": 1, "a": 1}',
    "a field twice, escaped": b'{"a": 1, "\\u0061": 2}',
    "a field twice, deep inside": b'{"a": [{"b": 1, "b": 2}]}',
    "bytes that are no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "arrays in arrays": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of too many digits": b'{"a": ' + b"9" * 100_000 + b"}",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_parsers_may_disagree_about_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_json(raw)
    assert caught.value.field == "body"


def test_an_object_is_read_as_it_stands() -> None:
    assert parse_json(b'{"a": ["\\u00e4", 1, null, true]}') == {"a": ["ä", 1, None, True]}


def request_of(raw: bytes, media_type: str | None) -> Request:
    headers = [] if media_type is None else [(b"content-type", media_type.encode())]

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize(
    "media_type", [JSON, "application/json; charset=utf-8", "Application/JSON"]
)
async def test_json_is_read_under_its_own_name(media_type: str) -> None:
    read = await read_json(request_of(b'{"a": 1}', media_type))
    assert await read.json() == {"a": 1}
    assert await read.body() == b'{"a": 1}'


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", FORM, "application/xml", "application/jsonp"]
)
async def test_json_under_another_name_is_not_read(media_type: str | None) -> None:
    with pytest.raises(HTTPException) as caught:
        await read_json(request_of(b'{"a": 1}', media_type))
    assert caught.value.status_code == 415


async def test_a_form_is_read_with_its_empty_fields() -> None:
    assert await read_form(request_of(b"a=b+c&d=%C3%A4&e=", FORM)) == {
        "a": "b c",
        "d": "ä",
        "e": "",
    }


async def test_no_body_is_a_form_without_fields() -> None:
    assert await read_form(request_of(b"", None)) == {}


@pytest.mark.parametrize(
    "raw",
    [b"a=1&a=2", b"a=%ff", b"\xff=1", "ä=1".encode(), b"&".join([b"a=1"] * 1_000)],
    ids=["a field twice", "no UTF-8 inside", "no ASCII", "a bare umlaut", "too many fields"],
)
async def test_a_form_that_may_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        await read_form(request_of(raw, FORM))


@pytest.mark.parametrize("media_type", [None, JSON, "multipart/form-data; boundary=x"])
async def test_a_form_under_another_name_is_not_read(media_type: str | None) -> None:
    with pytest.raises(HTTPException) as caught:
        await read_form(request_of(b"a=b", media_type))
    assert caught.value.status_code == 415
