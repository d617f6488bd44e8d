"""The contract's few functions, and what its values show of themselves."""

import pytest

from permsync.codehost import HostSettings, Request, Response, TokenGrant, same_origin

API = "https://api.example/context"


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("Application/JSON; charset=utf-8", "application/json"),
        ("text/html", "text/html"),
        ("", ""),
    ],
)
def test_a_media_type_has_no_parameters_and_no_case(content_type: str, media_type: str) -> None:
    assert Response(200, {"content-type": content_type}, b"").media_type == media_type


def test_an_answer_without_a_content_type_has_no_media_type() -> None:
    assert Response(200, {}, b"").media_type == ""


@pytest.mark.parametrize("url", ["https://api.example/", "https://API.example/x?y=1#z"])
def test_an_address_on_the_origin_is_returned(url: str) -> None:
    assert same_origin(url, api_url=API) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/",  # another scheme
        "https://api.example:8443/",  # another port
        "https://api.example.evil.example/",  # another host that begins alike
        "https://evil.example/https://api.example/",
        "https://ada@api.example/",  # names a user: the origin looks right and is not ours
        "https://:word@api.example/",
        "https://api.example@evil.example/",
        "//api.example/",
        "/relative",
        "",
        "https://[/",  # no address at all
        "https://api.example:port/",
    ],
)
def test_any_other_address_is_not(url: str) -> None:
    assert same_origin(url, api_url=API) is None


def test_values_that_hold_secrets_do_not_show_them() -> None:
    settings = HostSettings("one", "kind", "https://x.example", "id", "secret-1", "https://y")
    request = Request("POST", "https://x.example", {"authorization": "secret-1"}, b"secret-1")
    grant = TokenGrant("secret-1", refresh_token="secret-1", id_token="secret-1")
    response = Response(200, {}, b"secret-1")
    assert "secret-1" not in repr((settings, request, grant, response))


def test_a_port_that_is_the_schemes_own_is_the_same_origin_written_or_not() -> None:
    page = "https://api.example:443/next"
    assert same_origin(page, api_url="https://api.example/v1") == page
    assert same_origin("https://api.example:8443/next", api_url="https://api.example/v1") is None
