"""How a request is read: bearer and Basic headers, forms, numbers, and who is asking."""

import base64

import pytest
from starlette.requests import Request

from permsync.simulator.exchange import Exchange, Standing, Unauthorized
from permsync.simulator.host import Host
from permsync.simulator.kinds import roles
from permsync.simulator.requestlog import RequestRecord
from permsync.simulator.world import World


def _exchange(
    *, authorization: str = "", query: str = "", body: bytes = b"", kind: str = "gitlab"
) -> Exchange:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/h/x",
        "query_string": query.encode(),
        "scheme": "http",
        "server": ("ignored", 1),
        "headers": [(b"host", b"proxy:9"), (b"authorization", authorization.encode())],
    }
    host = Host("h", "github" if kind == "github" else "gitlab", "/h")
    record = RequestRecord(0, "h", "GET", "/x")
    return Exchange(World(roles()), host, Request(scope), body, record)


def test_the_base_is_what_the_caller_wrote() -> None:
    assert _exchange().base == "http://proxy:9/h"


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", None), ("Bearer", None)],
)
def test_a_bearer_token_is_read_from_the_header(header: str, token: str | None) -> None:
    assert _exchange(authorization=header).bearer == token


def test_only_github_knows_the_scheme_token() -> None:
    assert _exchange(authorization="token abc", kind="github").bearer == "abc"
    assert _exchange(authorization="token abc").bearer is None


def test_basic_credentials_are_percent_decoded() -> None:
    text = base64.b64encode(b"a%3Ab:s%20s").decode()
    assert _exchange(authorization=f"Basic {text}").basic == ("a:b", "s s")


@pytest.mark.parametrize("header", ["Basic !!!", "Bearer abc", "Basic /w=="])
def test_broken_basic_credentials_are_none(header: str) -> None:
    assert _exchange(authorization=header).basic is None


def test_a_form_that_is_not_text_is_empty() -> None:
    assert _exchange(body=b"\xff\xfe").form == {}
    assert _exchange(body=b"a=1&b=").sent("b") == ""
    assert _exchange(body=b"a=1&a=2").sent("a") == "1"


@pytest.mark.parametrize(
    ("query", "number"), [("n=7", 7), ("n=500", 100), ("n=x", 30), ("n=0", 30)]
)
def test_odd_numbers_give_the_default_and_large_ones_the_most(query: str, number: int) -> None:
    assert _exchange(query=query).asked_number("n", 30, most=100) == number


def test_an_unknown_token_is_told_apart_from_none() -> None:
    assert _exchange().standing() is Standing.MISSING
    assert _exchange(authorization="Bearer x").standing() is Standing.UNKNOWN
    with pytest.raises(Unauthorized):
        _exchange().signed_in()


def test_words_carry_the_canary() -> None:
    exchange = _exchange()
    assert exchange.words("no") == f"no [{exchange.world.canary}]"
