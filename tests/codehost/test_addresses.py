"""Context paths are kept, and a link that a host gives is believed only on its origin."""

import pytest

from permsync.codehost import Failure, FailureKind
from permsync.codehost.addresses import parse_next, same_origin, url_under

API = "https://api.example/v4"


@pytest.mark.parametrize("base", ["https://h.example/gitlab", "https://h.example/gitlab/"])
def test_a_context_path_is_kept(base: str) -> None:
    """`urljoin` would drop it (HOSTS 1.3 #7)."""
    assert url_under(base, path="oauth/token") == "https://h.example/gitlab/oauth/token"


def test_a_link_on_the_origin_is_followed_as_it_is() -> None:
    url = "https://api.example/elsewhere?page=x%2By&n=2"
    assert parse_next(url, api_url=API) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v4/projects",
        "/v4/projects?page=2",
        # Parsers disagree about what these mean, and with that about the host.
        "https://api.example/ .evil.example",
        "https://api.example\n.evil.example/",
        "https://api.example\t/",
        "https://api.example/\x00",
        "https://api.example/\udcff",
        "",
    ],
)
def test_any_other_link_is_refused(url: str) -> None:
    refused = parse_next(url, api_url=API)
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.FOREIGN_LINK


def test_the_detail_of_a_refused_link_is_bounded() -> None:
    refused = parse_next("https://evil.example/" + "x" * 100_000, api_url=API)
    assert isinstance(refused, Failure)
    assert len(refused.detail) == 500


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


def test_a_port_that_is_the_schemes_own_is_the_same_origin_written_or_not() -> None:
    page = "https://api.example:443/next"
    assert same_origin(page, api_url="https://api.example/v1") == page
    assert same_origin("https://api.example:8443/next", api_url="https://api.example/v1") is None
