"""
Return addresses that somebody else chose, at every door that takes one.

This module must not know how an address is judged.
"""

import re

import pytest

from tests.web.visitors import Browser

FORGED = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "https://evil.example",
    "HtTpS://evil.example",
    "javascript:alert(1)",
    "%2f%2fevil.example",
    "/%09/evil.example/..//evil.example",
    "/\t/evil.example",
    "/\r\nlocation: https://evil.example",
    "/\x00/evil.example",
    "\N{FULLWIDTH SOLIDUS}/evil.example",
    "/.//evil.example",
    "@evil.example",
    " //evil.example",
]


@pytest.mark.parametrize("address", FORGED)
async def test_no_forged_return_address_leads_off_this_site(browser: Browser, address: str) -> None:
    await browser.sign_in("ada")
    token = await browser.csrf()
    departure = await browser.post_form("/link/github", {"csrf": token, "return_to": address})
    answers = [
        await browser.come_back(departure, "ada"),
        await browser.post_form("/theme", {"theme": "dark", "return_to": address}),
        await browser.post_form("/signout", {"csrf": token, "return_to": address}),
    ]
    for answer in answers:
        assert answer.status == 303
        assert re.fullmatch(r"/(\?linked=\d+)?", answer.location), address


async def test_no_forged_return_address_survives_a_sign_in(browser: Browser) -> None:
    for address in ("//evil.example", "/%5Cevil.example", "/%09/evil.example", "https:evil"):
        answer = await browser.sign_in("ada", return_to=address)
        assert answer.location == "/", address
