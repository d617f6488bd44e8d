"""Where a provider is, how a person is sent there, and which id tokens are believed."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import RSAKey

from permsync.codehost import Failure, FailureKind, Response
from permsync.oauth2 import openid
from permsync.oauth2.openid import Provider
from tests.oauth2.id_tokens import (
    AT,
    CLAIMS,
    CLIENT,
    ISSUER,
    METADATA,
    NONCE,
    believe,
    ec,
    public,
    rsa,
    signed,
)


def _answer(content: object, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(content).encode())


# Discovery


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/"])
def test_metadata_is_below_the_issuer(issuer: str) -> None:
    request = openid.discovery_request(issuer)
    assert (request.method, request.url) == ("GET", f"{ISSUER}/.well-known/openid-configuration")


def test_metadata_is_read() -> None:
    provider = openid.parse_discovery(_answer(METADATA), issuer=ISSUER)
    assert provider == Provider(
        ISSUER,
        "https://id.example/authorize",
        "https://id.example/token",
        "https://id.example/keys",
        basic=True,
        sends_issuer=False,
    )


def test_metadata_tells_how_the_client_authenticates_and_whether_callbacks_are_named() -> None:
    more = {
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "authorization_response_iss_parameter_supported": True,
    }
    provider = openid.parse_discovery(_answer({**METADATA, **more}), issuer=ISSUER)
    assert isinstance(provider, Provider)
    assert (provider.basic, provider.sends_issuer) == (False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},  # to the letter (Discovery 4.3)
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://id.example/keys"},
        {"token_endpoint": "http://id.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://[/"},
        {"token_endpoint_auth_methods_supported": "client_secret_post"},
    ],
)
def test_metadata_that_cannot_be_believed_is_unreadable(changes: Mapping[str, object]) -> None:
    read = openid.parse_discovery(_answer({**METADATA, **changes}), issuer=ISSUER)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


def test_a_test_issuer_without_encryption_may_have_such_endpoints() -> None:
    issuer = "http://127.0.0.1:9000"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    local = {"issuer": issuer, **{name: f"{issuer}/{name}" for name in names}}
    assert isinstance(openid.parse_discovery(_answer(local), issuer=issuer), Provider)


def test_an_outage_of_the_provider_is_one() -> None:
    read = openid.parse_discovery(_answer({}, 503), issuer=ISSUER)
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNAVAILABLE


def test_keys_are_fetched_where_the_metadata_says() -> None:
    provider = Provider(ISSUER, "a", "t", "https://id.example/keys")
    assert openid.keys_request(provider).url == "https://id.example/keys"
    keys = [public(rsa()), {"kty": "unknown"}]
    assert openid.parse_keys(_answer({"keys": keys})) == tuple(keys)


@pytest.mark.parametrize("content", [{}, {"keys": {}}, {"keys": [1]}, []])
def test_keys_that_are_none_are_unreadable(content: object) -> None:
    read = openid.parse_keys(_answer(content))
    assert isinstance(read, Failure)
    assert read.kind is FailureKind.UNREADABLE


def test_sign_in_is_asked_for_with_challenge_and_nonce() -> None:
    url = openid.authorize_url(
        Provider(ISSUER, "https://id.example/authorize", "t", "k"),
        client_id=CLIENT,
        redirect_uri="https://we.example/callback",
        state="s",
        nonce=NONCE,
        code_challenge="challenge",
    )
    sent = dict(parse_qsl(urlsplit(url).query))
    assert (sent["nonce"], sent["code_challenge"]) == (NONCE, "challenge")
    assert sent["scope"] == "openid profile email"


# Id tokens that are believed


def test_a_token_proves_who_signed_in() -> None:
    believed = believe(signed())
    assert (believed.issuer, believed.subject) == (ISSUER, "subject-1")
    assert (believed.name, believed.email) == ("Ada Lovelace", "ada@example.org")
    assert believed.claims["groups"] == ["admins"]
    assert "admins" not in repr(believed)


@pytest.mark.parametrize("alg", ["RS256", "RS512", "PS256", "PS384"])
def test_an_rsa_key_may_sign_in_its_ways(alg: str) -> None:
    assert believe(signed(alg=alg)).subject == "subject-1"


def test_an_elliptic_curve_key_may_sign() -> None:
    assert believe(signed(key=ec(), alg="ES256", kid="ec-1")).subject == "subject-1"


def test_a_token_without_a_key_name_is_tried_with_the_keys_that_fit() -> None:
    other = RSAKey.generate_key(2048)
    keys = (public(other, kid="other"), public(ec()), public(rsa()))
    assert believe(signed(kid=None), keys=keys).subject == "subject-1"


def test_a_broken_key_of_the_provider_does_not_hide_a_good_one() -> None:
    broken = {"kty": "RSA", "n": "!", "e": 7, "kid": "rsa-1"}
    assert believe(signed(), keys=(broken, public(rsa()))).subject == "subject-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"azp": CLIENT},
        {"exp": AT + 0.5},
        {"exp": AT - 59},  # clocks differ
        {"iat": AT + 59},
        {"nbf": AT + 59},
        {"nbf": AT - 900},
    ],
)
def test_a_token_is_believed_within_the_rules(changes: Mapping[str, Any]) -> None:
    assert believe(signed({**CLAIMS, **changes})).subject == "subject-1"


@pytest.mark.parametrize("odd", [None, 7, ["Ada"]])
def test_odd_names_are_not_shown(odd: object) -> None:
    believed = believe(signed({**CLAIMS, "name": odd, "email": odd}))
    assert (believed.name, believed.email) == (None, None)
