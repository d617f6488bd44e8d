"""
The battery that every host file passes without being named: what it says and asks.

A new file in ``hosts/`` is in it by being there. What only one host does is in that host's
own test.
"""

import re
import sys
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from permsync.codehost import (
    CodeHost,
    ListsReaders,
    Rotation,
)
from permsync.codehost.addresses import same_origin
from permsync.codehost.options import options_of
from permsync.errors import ConfigurationError
from permsync.hosts import built_in, create, registry
from tests.hosts.exchanges import REDIRECT, SECRET, answer, settings_of

KINDS = tuple(registry())
BASE = "https://code.example/context"
REFRESH_TOKEN = "refresh-token-5Tz"
ACCESS_TOKEN = "access-token-9Xw"
TOKENS = (ACCESS_TOKEN, REFRESH_TOKEN)
CHALLENGE = "2i0WFA-0AerkjQm4X4oDEhqA17QIAKNjXpagHBXmO_U"
each_kind = pytest.mark.parametrize("kind", KINDS)


def _host(kind: str) -> CodeHost:
    return create(settings_of(kind))


def _authorize(host: CodeHost) -> dict[str, str]:
    url = host.authorize_url(state="state-1", code_challenge=CHALLENGE)
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


# What a kind says of itself


@each_kind
def test_a_kind_is_named_like_its_file_and_has_a_title(kind: str) -> None:
    """One of another package is named like its entry point, which the registry sees to."""
    module = sys.modules[registry()[kind].__module__]
    assert kind not in built_in() or module.__name__.rpartition(".")[2] == kind
    assert registry()[kind].title


@each_kind
def test_a_host_has_everything_that_the_contract_names(kind: str) -> None:
    names = {name for name in vars(CodeHost) if not name.startswith("_")}
    names |= vars(CodeHost)["__annotations__"].keys()
    assert {name for name in names if not hasattr(_host(kind), name)} == set()
    assert isinstance(_host(kind).rotation, Rotation)
    assert _host(kind).parallel >= 1


@each_kind
def test_every_option_says_what_it_is_for(kind: str) -> None:
    options = options_of(registry()[kind].options)
    assert not [one.name for one in options if not one.meaning.endswith(".")]
    assert {"parallel"} <= {one.name for one in options}


@each_kind
def test_setting_every_option_to_its_default_changes_nothing(kind: str) -> None:
    defaults = {one.name: one.default for one in options_of(registry()[kind].options)}
    plain, written = _host(kind), create(settings_of(kind, options=defaults))
    assert (plain.scopes, plain.rotation) == (written.scopes, written.rotation)
    assert plain.listing_asks() == written.listing_asks()


@each_kind
def test_a_host_lists_readers_by_both_methods_or_does_not(kind: str) -> None:
    has = {name: hasattr(_host(kind), name) for name in vars(ListsReaders) if name[0] != "_"}
    assert len(has) == 2
    assert set(has.values()) == {isinstance(_host(kind), ListsReaders)}


@each_kind
def test_an_option_that_means_nothing_is_refused_with_the_hosts_name(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=r"hosts\.one\.options.*nonsense"):
        create(settings_of(kind, options={"nonsense": 1}))


@each_kind
def test_no_host_can_be_asked_without_bound(kind: str) -> None:
    for parallel in (0, 1_000, "many"):
        with pytest.raises(ConfigurationError):
            create(settings_of(kind, options={"parallel": parallel}))
    assert create(settings_of(kind, options={"parallel": "3"})).parallel == 3


@each_kind
def test_two_hosts_of_one_kind_share_nothing(kind: str) -> None:
    one = create(settings_of(kind, name="one", base_url="https://one.example/git"))
    two = create(settings_of(kind, name="two", base_url="https://two.example"))
    assert _authorize(one)["client_id"] == "client-of-one"
    assert _authorize(two)["client_id"] == "client-of-two"
    assert one.identity_ask().request.url.startswith("https://one.example/git/")
    assert two.identity_ask().request.url.startswith("https://two.example/")


# Consent, code and refresh


@each_kind
def test_the_consent_page_is_under_the_base_url_with_its_context_path(kind: str) -> None:
    url = _host(kind).authorize_url(state="state-1", code_challenge=CHALLENGE)
    assert url.startswith(f"{BASE}/")


@each_kind
def test_an_address_of_another_place_names_nothing(kind: str) -> None:
    host = _host(kind)
    for address in ("https://elsewhere.example/acme/api", "https://code.example/acme/api", "acme"):
        assert host.names_at(address) == ()


@each_kind
def test_the_consent_page_is_told_state_client_and_redirect_address_and_no_secret(
    kind: str,
) -> None:
    sent = _authorize(_host(kind))
    assert sent["response_type"] == "code"
    assert sent["state"] == "state-1"
    assert sent["client_id"] == "client-of-one"
    assert sent["redirect_uri"] == REDIRECT
    assert SECRET not in str(sent)


@each_kind
def test_configured_scopes_are_asked_for_in_their_order(kind: str) -> None:
    host = create(settings_of(kind, scopes=("zeta", "alpha")))
    assert host.scopes == ("zeta", "alpha")
    assert _authorize(host)["scope"] == "zeta alpha"


@each_kind
def test_a_challenge_is_sent_where_its_verifier_is_and_nowhere_else(kind: str) -> None:
    host = _host(kind)
    code = host.code_request(code="code-1", code_verifier="verifier-1")
    fields = parse_qs((code.body or b"").decode())
    if "code_challenge" in _authorize(host):
        assert _authorize(host)["code_challenge"] == CHALLENGE
        assert _authorize(host)["code_challenge_method"] == "S256"
        assert fields["code_verifier"] == ["verifier-1"]
    else:
        assert "code_verifier" not in fields


@each_kind
def test_token_requests_are_forms_to_the_base_url(kind: str) -> None:
    host = _host(kind)
    code = host.code_request(code="code-1", code_verifier="verifier-1")
    refresh = host.refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT)
    for request in (code, refresh):
        assert request.method == "POST"
        assert request.url.startswith(f"{BASE}/")
        assert urlsplit(request.url).query == ""
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.headers["accept"] == "application/json"


@each_kind
def test_a_code_is_exchanged_with_the_redirect_address_of_its_consent(kind: str) -> None:
    request = _host(kind).code_request(code="code-1", code_verifier="verifier-1")
    fields = parse_qs((request.body or b"").decode())
    assert fields["grant_type"] == ["authorization_code"]
    assert fields["code"] == ["code-1"]
    assert fields["redirect_uri"] == [REDIRECT]


@each_kind
def test_a_refresh_names_the_links_own_redirect_address_or_none(kind: str) -> None:
    own = "https://permsync.example/hosts/older/callback"
    request = _host(kind).refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=own)
    fields = parse_qs((request.body or b"").decode())
    assert fields["grant_type"] == ["refresh_token"]
    assert fields["refresh_token"] == [REFRESH_TOKEN]
    assert fields.get("redirect_uri", [own]) == [own]


@each_kind
def test_client_credentials_travel_in_one_place_only(kind: str) -> None:
    """RFC 6749 2.3: a client must not use more than one method in one request."""
    request = _host(kind).refresh_request(refresh_token=REFRESH_TOKEN, redirect_uri=REDIRECT)
    in_body = SECRET in (request.body or b"").decode()
    assert in_body != ("authorization" in request.headers)


@each_kind
def test_revocation_names_the_token_in_a_body_and_stays_on_the_host(kind: str) -> None:
    host = _host(kind)
    revoked = host.revoke_requests(access_token=ACCESS_TOKEN, refresh_token=REFRESH_TOKEN)
    for request in revoked:
        assert same_origin(request.url, api_url=BASE)
        assert ACCESS_TOKEN not in request.url
        assert REFRESH_TOKEN not in request.url
        assert any(token in (request.body or b"").decode() for token in TOKENS)


# Asks


@each_kind
def test_asks_are_bare_gets_below_the_api_url(kind: str) -> None:
    host = _host(kind)
    assert host.api_url in host.api_urls
    assert all(same_origin(own, api_url=BASE) for own in host.api_urls)
    for ask in (host.identity_ask(), *host.listing_asks()):
        assert ask.request.method == "GET"
        assert ask.request.url.startswith(f"{host.api_url}/")
        assert ask.request.body is None
        assert "authorization" not in ask.request.headers
        assert all(name == name.lower() for name in ask.request.headers)


@each_kind
def test_the_operators_api_url_wins(kind: str) -> None:
    host = create(settings_of(kind, api_url="https://api.example/v9"))
    assert host.api_url == "https://api.example/v9"
    assert host.identity_ask().request.url.startswith("https://api.example/v9/")
    assert host.listing_asks()[0].request.url.startswith("https://api.example/v9/")


# Scopes


@each_kind
def test_scopes_that_the_host_does_not_tell_are_not_missing(kind: str) -> None:
    assert _host(kind).missing_scopes(None) == frozenset()
    assert _host(kind).granted_scopes(answer([])) is None


@each_kind
def test_people_read_words_for_every_scope_that_is_asked_for(kind: str) -> None:
    host = _host(kind)
    titles = [host.scope_title(scope) for scope in host.scopes]
    assert len(set(titles)) == len(titles)
    for title in titles:
        assert re.search("[a-z]{4}", title.lower())
        assert not re.search(r"[0-9a-f]{8}|/|\.default", title.lower())


@each_kind
def test_the_scopes_asked_for_are_the_scopes_needed(kind: str) -> None:
    host = _host(kind)
    assert host.missing_scopes(frozenset(host.scopes)) == frozenset()
    assert host.missing_scopes(frozenset()) == frozenset(host.scopes)
