"""
The contract of a code host: what its values hide, and which address is still the host's.

Covers ``permsync.codehost`` itself; the modules beside it have tests of their own.
"""

import pytest

from permsync.codehost import (
    Failure,
    FailureKind,
    HostSettings,
    Request,
    Response,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
    same_origin,
)

API = "https://git.example/api/v4"
SECRET = "glpat-visible"  # shown nowhere
HOLDERS = {
    "a request's headers": Request("GET", API, headers={"authorization": SECRET}),
    "a request's body": Request("POST", API, body=SECRET.encode()),
    "an answer's body": Response(200, {}, SECRET.encode()),
    "a failure's own words": Failure(FailureKind.UNREADABLE, detail=SECRET),
    "an access token": TokenGrant(access_token=SECRET),
    "a refresh token": TokenGrant(access_token="", refresh_token=SECRET),
    "an identity token": TokenGrant(access_token="", id_token=SECRET),
    "a refusal's own words": TokenRefusal(TokenRefusalKind.REJECTED, detail=SECRET),
    "a client secret": HostSettings(
        name="gitlab",
        kind="gitlab",
        base_url="https://git.example",
        client_id="id",
        client_secret=SECRET,
        redirect_uri="https://permsync.example/callback",
    ),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_log_of_the_value_does_not_show(holder: str) -> None:
    assert SECRET not in repr(HOLDERS[holder])


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        (" text/html ;charset=utf-8", "text/html"),
        ("", ""),
    ],
)
def test_the_media_type_is_the_plain_word(header: str, media_type: str) -> None:
    assert Response(200, {"content-type": header}, b"").media_type == media_type


def test_an_answer_without_a_content_type_has_no_media_type() -> None:
    assert Response(200, {}, b"").media_type == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/api/v4/projects?page=2",
        "https://git.example/elsewhere",  # the origin is the border, not the path
        "HTTPS://GIT.EXAMPLE/api/v4",  # RFC 3986 6.2.2.1: scheme and host know no case
    ],
)
def test_a_link_on_the_same_origin_is_followed(url: str) -> None:
    assert same_origin(url, API) == url


# A next-page link is the host's word; the token must not follow it anywhere else.
@pytest.mark.parametrize(
    "url",
    [
        "http://git.example/api/v4",  # in the clear
        "https://git.example:8443/api/v4",
        "https://other.example/api/v4",
        "https://git.example.evil.example/api/v4",
        "https://git.example@evil.example/api/v4",
        "https://user@git.example/api/v4",  # credentials of somebody's choosing
        "https://user:password@git.example/api/v4",
        "https://:password@git.example/api/v4",
        "https://evil.example\\@git.example/api/v4",  # browsers read the backslash as a slash
        "//evil.example/api/v4",
        "/api/v4/projects?page=2",  # relative: hosts send whole addresses
        "https://git.example:port/",
        "https://git.example:99999/",
        "https://[git.example/",
        "",
    ],
)
def test_a_link_to_anywhere_else_is_not_followed(url: str) -> None:
    assert same_origin(url, API) is None


def test_a_port_of_its_own_is_part_of_the_origin() -> None:
    api_url = "https://git.example:8443/api/v4"
    assert same_origin("https://git.example:8443/x", api_url) is not None
    assert same_origin("https://git.example/x", api_url) is None
