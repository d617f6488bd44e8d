"""
The battery that every host file passes without being named: secrets and nonsense.

A new file in ``hosts/`` is in it by being there. What only one host does is in that host's
own test.
"""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from permsync.codehost import (
    Ask,
    CodeHost,
    Failure,
    Identity,
    Page,
    Response,
    TokenGrant,
    TokenRefusal,
)
from permsync.codehost.addresses import same_origin
from permsync.hosts import create, registry
from tests.hosts.exchanges import REDIRECT, SECRET, answer, settings_of
from tests.hosts.plausible import responses_for

KINDS = tuple(registry())
REFRESH_TOKEN = "refresh-token-5Tz"
ACCESS_TOKEN = "access-token-9Xw"
each_kind = pytest.mark.parametrize("kind", KINDS)


def _host(kind: str) -> CodeHost:
    return create(settings_of(kind))


def _stays(host: CodeHost, ask: Ask) -> bool:
    """The token goes nowhere but to the host's own origins."""
    return any(same_origin(ask.request.url, api_url=own) for own in host.api_urls)


# Secrets and hostile answers


@each_kind
def test_nothing_that_holds_a_secret_shows_it(kind: str) -> None:
    host, settings = _host(kind), settings_of(kind)
    granted = host.parse_refresh(
        answer({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "id_token": SECRET})
    )
    shown = repr(
        (
            settings,
            host,
            granted,
            host.code_request(code=ACCESS_TOKEN, code_verifier=REFRESH_TOKEN),
            host.refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT),
            host.revoke_requests(access_token=ACCESS_TOKEN, refresh_token=REFRESH_TOKEN),
        )
    )
    assert not [secret for secret in (SECRET, ACCESS_TOKEN, REFRESH_TOKEN) if secret in shown]
    assert "Basic" not in shown


@each_kind
@pytest.mark.parametrize(
    "body",
    [
        # Usable but for a blank, form-encoded in spite of `accept`, and cut off.
        b'{"access_token":"a b","refresh_token":"refresh-token-5Tz"}',
        b"access_token=access-token-9Xw&refresh_token=refresh-token-5Tz",
        b'{"access_token":"access-token-9Xw","refresh_token":"refresh-to',
    ],
)
def test_the_detail_of_a_success_that_is_none_quotes_no_token(kind: str, body: bytes) -> None:
    parsed = _host(kind).parse_refresh(Response(200, {}, body))
    assert isinstance(parsed, TokenRefusal)
    assert "token" not in parsed.detail


@each_kind
@examples(max_examples=60, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_a_token_parser_raise(kind: str, chosen: st.DataObject) -> None:
    host = _host(kind)
    response = chosen.draw(responses_for(registry()[kind]))
    for parsed in (host.parse_code(response), host.parse_refresh(response)):
        assert isinstance(parsed, TokenGrant | TokenRefusal)
        if isinstance(parsed, TokenGrant):
            assert parsed.access_token.isascii()
            assert parsed.access_token.isprintable()


@each_kind
@examples(max_examples=60, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_an_identity_parser_raise(kind: str, chosen: st.DataObject) -> None:
    host = _host(kind)
    answers, ask = responses_for(registry()[kind]), host.identity_ask()
    for _ in range(4):
        read = host.parse_identity(ask, chosen.draw(answers))
        if not isinstance(read, Ask):
            break
        ask = read
        assert _stays(host, ask)
    assert isinstance(read, Identity | Failure | Ask)


@each_kind
@examples(max_examples=80, deadline=None)
@given(chosen=st.data())
def test_no_answer_makes_a_listing_raise_or_leave_the_host(
    kind: str, chosen: st.DataObject
) -> None:
    host = _host(kind)
    answers, asks = responses_for(registry()[kind]), list(host.listing_asks())
    for _ in range(4):
        read = host.parse_page(chosen.draw(st.sampled_from(asks)), chosen.draw(answers))
        assert isinstance(read, Page | Failure)
        if isinstance(read, Page):
            asks += read.follow[:20]
            assert all(_stays(host, ask) for ask in read.follow)
            assert all("authorization" not in ask.request.headers for ask in read.follow)
            assert {one.external_id for one in read.repositories} <= read.seen
