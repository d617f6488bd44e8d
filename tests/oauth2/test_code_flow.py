"""The variations that a host file names, each in both of its forms."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from permsync.codehost import HostSettings, Response, TokenGrant
from permsync.oauth2.code_flow import CodeFlow, Dialect

SETTINGS = HostSettings(
    name="one",
    kind="any",
    base_url="https://h.example/context",
    client_id="client",
    client_secret="secret",
    redirect_uri="https://we.example/callback",
)


def _flow(scopes: tuple[str, ...] = ("read",), **variations: object) -> CodeFlow:
    dialect = Dialect(authorize="consent", token="exchange", **variations)  # type: ignore[arg-type]  # a test's shorthand
    return CodeFlow(SETTINGS, dialect, scopes=scopes)


def _grant(flow: CodeFlow, body: bytes) -> TokenGrant:
    granted = flow.parse_refresh(Response(200, {}, body))
    assert isinstance(granted, TokenGrant)
    return granted


def _refresh(flow: CodeFlow) -> dict[str, str]:
    request = flow.refresh_request(refresh_token="r", redirect_uri="https://we.example/older")
    assert request.url == "https://h.example/context/exchange"
    return dict(parse_qsl((request.body or b"").decode()))


@pytest.mark.parametrize("pkce", [True, False])
def test_challenge_and_verifier_are_sent_together_or_not_at_all(*, pkce: bool) -> None:
    flow = _flow(pkce=pkce)
    url = flow.authorize_url(state="s", code_challenge="challenge")
    assert url.startswith("https://h.example/context/consent?")
    assert ("code_challenge=challenge" in url) is pkce
    request = flow.code_request(code="c", code_verifier="verifier")
    assert (b"code_verifier=verifier" in (request.body or b"")) is pkce


def test_a_refresh_names_the_links_redirect_address_where_the_host_wants_it() -> None:
    assert "redirect_uri" not in _refresh(_flow())
    own = _refresh(_flow(redirect_on_refresh=True))["redirect_uri"]
    assert own == "https://we.example/older"


def test_a_forgotten_lifetime_is_the_hosts_own() -> None:
    life = timedelta(hours=2)
    assert _grant(_flow(), b'{"access_token":"a"}').expires_in is None
    assert _grant(_flow(life=life), b'{"access_token":"a"}').expires_in == life
    said = _grant(_flow(life=life), b'{"access_token":"a","expires_in":60}')
    assert said.expires_in == timedelta(minutes=1)


def test_scopes_count_only_where_some_were_asked_for() -> None:
    body = b'{"access_token":"a","scope":""}'
    assert _grant(_flow(("read",)), body).scopes == frozenset()
    assert _grant(_flow(()), body).scopes is None


def test_what_was_asked_for_is_what_is_needed() -> None:
    flow = _flow(("read",), implied={"write": ("read",)})
    assert flow.missing_scopes(frozenset({"write"})) == frozenset()
    assert flow.missing_scopes(frozenset({"other"})) == frozenset({"read"})
    assert _flow(("read",)).missing_scopes(frozenset({"write"})) == frozenset({"read"})
