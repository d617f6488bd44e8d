"""What a pasted address may mean: pages, clones, other places, and nonsense."""

import pytest

from permsync.codehost.web_addresses import names_in, segments_at

HUB = "https://hub.example"
UNDER = "https://code.example:8443/git"


@pytest.mark.parametrize(
    ("address", "base_url", "segments"),
    [
        ("https://hub.example/acme/api", HUB, ("acme", "api")),
        ("  https://www.hub.example/acme/api/  ", HUB, ("acme", "api")),
        ("http://HUB.example:80/acme/api?tab=code#readme", HUB, ("acme", "api")),
        ("hub.example/acme/api", HUB, ("acme", "api")),
        ("https://hub.example/acme/api.git", HUB, ("acme", "api")),
        ("git@hub.example:acme/api.git", HUB, ("acme", "api")),
        ("ssh://git@hub.example:7999/acme/api.git", HUB, ("acme", "api")),
        ("git@ssh.hub.example:v3/acme/api", HUB, ("v3", "acme", "api")),
        ("https://hub.example/acme/a%20b", HUB, ("acme", "a b")),
        ("https://code.example:8443/git/acme/api", UNDER, ("acme", "api")),
        ("code.example:8443/git/acme/api", UNDER, ("acme", "api")),
        ("git@code.example:acme/api.git", UNDER, ("acme", "api")),
    ],
)
def test_an_address_of_the_host_is_read(
    address: str, base_url: str, segments: tuple[str, ...]
) -> None:
    assert segments_at(address, base_url=base_url) == segments


@pytest.mark.parametrize(
    ("address", "base_url"),
    [
        ("https://other.example/acme/api", HUB),
        ("git@other.example:acme/api.git", HUB),
        ("https://hub.example.evil.example/acme/api", HUB),
        ("https://hub.example:8443/acme/api", HUB),
        ("https://code.example/git/acme/api", UNDER),
        ("https://code.example:8443/other/acme/api", UNDER),
        ("https://code.example:8443/github/acme", UNDER),
        ("https://hub.example:port/acme/api", HUB),
        ("https://[hub.example/acme/api", HUB),
        ("hub.example/acme\n/api", HUB),
        ("https://hub.example/acme/%00", HUB),
        ("https://hub.example/acme/a%0Ab", HUB),
        (f"https://hub.example/{'a/' * 1_000}", HUB),
        ("acme/api", HUB),
        ("", HUB),
    ],
)
def test_every_other_text_is_of_no_host(address: str, base_url: str) -> None:
    assert segments_at(address, base_url=base_url) == ()


def test_a_page_deep_inside_means_what_it_is_in() -> None:
    assert names_in(("acme", "api", "tree", "main")) == (
        "acme/api/tree/main",
        "acme/api/tree",
        "acme/api",
    )
    assert names_in(("acme", "team", "api", "-", "blob", "main")) == ("acme/team/api", "acme/team")
    assert names_in(("acme",)) == names_in(()) == ()
