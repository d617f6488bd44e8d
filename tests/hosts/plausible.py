"""
Hypothesis strategies for the answers of hosts: from noise to nearly right ones.

A host file declares what it reads as msgspec structs. Bodies are made from those
declarations, so a new host file is fuzzed deep without being named anywhere. This module
must not know any kind of host.
"""

import sys
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from permsync.codehost import CodeHost, Response

HEADERS = (
    "content-type",
    "date",
    "link",
    "retry-after",
    "x-ausername",
    "x-github-sso",
    "x-next-page",
    "x-oauth-scopes",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-total",
    "x-total-count",
    "x-total-pages",
)
WORDS = (
    "application/json",
    "text/html",
    "Tue, 24 Nov 2026 10:00:00 GMT",
    '<https://code.example/context/next?page=2>; rel="next", <https://[>; rel="last"',
    "<https://evil.example/next>; rel=next",
    "ada",
    "%00",
    "partial-results; organizations=1",
    "repo, read:org",
    "0",
    "12",
    "9" * 40,
)
URLS = (
    "https://code.example/context/next?page=2",
    "https://evil.example/next",
    "https://code.example@evil.example/",
    "https://[/",
    "//code.example/",
)
KEYS = ("access_token", "refresh_token", "expires_in", "scope", "error", "error_description")

_texts = st.text(max_size=12) | st.sampled_from(URLS + WORDS)
_numbers = st.integers(-1, 200) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=4,
)
_token_fields = st.dictionaries(st.sampled_from(KEYS), _json, max_size=6)


@cache
def responses_for(host: type[CodeHost]) -> st.SearchStrategy[Response]:
    """Answers with any status, header and body; the bodies often have the host's own shapes."""
    shapes = [_of_type(inspect.type_info(decoder.type)) for decoder in _decoders(host)]
    contents = st.one_of(_json, _token_fields, *shapes)
    bodies = st.one_of(
        contents.map(msgspec.json.encode),
        contents.map(msgspec.json.encode).map(lambda body: body[:-1]),
        st.binary(max_size=40),
        st.just(b"[" * 100_000),
        st.just(b'{"next":"\xff"}'),
    )
    statuses = st.sampled_from((200, 200, 200, 201, 302, 400, 401, 403, 404, 410, 429, 503))
    headers = st.fixed_dictionaries({}, optional=dict.fromkeys(HEADERS, _texts))
    return st.builds(Response, statuses | st.integers(100, 599), headers, bodies)


def _decoders(host: type[CodeHost]) -> list[msgspec.json.Decoder[Any]]:
    """What the host file declares, and the other files of its package."""
    own = f"{host.__module__}."
    files = [file for name, file in sys.modules.items() if f"{name}.".startswith(own)]
    names = [each for file in files for each in vars(file).values()]
    return [each for each in names if isinstance(each, msgspec.json.Decoder)]


def _of_type(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _of_struct(kind)
        case inspect.ListType() | inspect.VarTupleType():
            return st.lists(_of_type(kind.item_type), max_size=3)
        case inspect.UnionType():
            return st.one_of(*(_of_type(each) for each in kind.types))
        case inspect.IntType():
            return st.integers(1, 500) | _json
        case inspect.StrType():
            return st.text(min_size=1, max_size=8) | _texts | _json
        case inspect.BoolType():
            return st.booleans() | _json
        case _:
            return _json


def _of_struct(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    fields = {each.encode_name: _of_type(each.type) for each in kind.fields}
    whole = st.fixed_dictionaries(fields)
    return whole | st.fixed_dictionaries({}, optional=fields)
