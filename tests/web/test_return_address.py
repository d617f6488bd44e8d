"""A browser stays on this site, whatever address was asked for."""

import pytest

from permsync.web.return_address import HOME, local_address, with_query

# What each is read as by a browser that trusts it.
FORGED = [
    None,  # nothing was asked for
    "",
    "accounts",  # relative: depends on where one is
    "https://evil.example",  # another site, plainly
    "javascript:alert(1)",  # no address at all
    "//evil.example",  # the scheme is ours, the host is not
    "///evil.example",
    "/\\evil.example",  # a backslash is a slash to a browser
    "\\/evil.example",
    "/\t/evil.example",  # a tab is dropped by a browser
    "/\n/evil.example",
    "/accounts\r\nset-cookie: a=b",  # a second header
    "/\x00",
    "/\x7f/evil.example",
    "/accounts//evil.example",  # a rewriting proxy may cut the front
    " /accounts",
    "/" + "a" * 2_000,  # longer than any page of ours
]


@pytest.mark.parametrize("wanted", FORGED)
def test_an_address_that_may_lead_elsewhere_becomes_the_front_page(wanted: str | None) -> None:
    assert local_address(wanted) == HOME


@pytest.mark.parametrize(
    "wanted",
    ["/", "/accounts", "/access?repo=https://host/a//b", "/a/b?c=d&e=f#g", "/%2F/x", "/ä ö"],
)
def test_a_path_on_this_site_is_kept(wanted: str) -> None:
    assert local_address(wanted) == wanted


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/", "/?linked=1"),
        ("/a?b=c", "/a?b=c&linked=1"),
        ("/a#top", "/a?linked=1#top"),
        ("/a?b=c#top", "/a?b=c&linked=1#top"),
    ],
)
def test_a_parameter_is_added_where_browsers_look_for_it(address: str, expected: str) -> None:
    assert with_query(address, linked="1") == expected


def test_what_is_added_cannot_become_more_than_a_value() -> None:
    assert with_query("/", host="a&b=c#d") == "/?host=a%26b%3Dc%23d"
