"""The OpenID provider signs id tokens that a strict client accepts, unless told not to."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from permsync.simulator.browser import consent
from permsync.simulator.faults import RateLimit
from permsync.simulator.kinds.openid.dialect import subject_of
from permsync.simulator.signing import new_key
from permsync.simulator.world import World
from tests.simulator.visitor import Visitor


def _discovered(sso: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = sso.get("/.well-known/openid-configuration").json
    return found


def _keys(sso: Visitor) -> KeySet:
    return KeySet.import_key_set(sso.get(_discovered(sso)["jwks_uri"]).json)


def _id_token(sso: Visitor, *, nonce: str = "") -> str:
    token: str = sso.exchange(sso.code(nonce=nonce)).json["id_token"]
    return token


def _claims(sso: Visitor, *, nonce: str = "") -> dict[str, Any]:
    return jwt.decode(_id_token(sso, nonce=nonce), _keys(sso), algorithms=["RS256"]).claims


def test_discovery_names_every_endpoint_below_the_issuer(sso: Visitor) -> None:
    found = _discovered(sso)
    assert found["issuer"] == sso.url
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    assert all(found[name].startswith(f"{sso.url}/") for name in names)
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True


def test_the_callback_names_the_issuer(sso: Visitor) -> None:
    location = consent(sso.authorize_url(), person="ada")
    assert parse_qs(urlsplit(location).query)["iss"] == [sso.url]


def test_pkce_is_required(sso: Visitor) -> None:
    url = sso.authorize_url(code_challenge="", code_challenge_method="")
    location = consent(url, person="ada")
    assert parse_qs(urlsplit(location).query)["error"] == ["invalid_request"]


def test_the_id_token_says_who_for_whom_and_in_answer_to_what(sso: Visitor, world: World) -> None:
    claims = _claims(sso, nonce="a-nonce")
    assert claims["iss"] == sso.url
    assert claims["sub"] == subject_of(sso.host.accounts["ada"])
    assert claims["aud"] == sso.client_id
    assert claims["nonce"] == "a-nonce"
    assert claims["iat"] <= world.now() < claims["exp"]
    assert claims["email"] == "ada@example.com"


def test_without_scope_openid_there_is_no_id_token(sso: Visitor) -> None:
    assert "id_token" not in sso.exchange(sso.code(scope="profile")).json


def test_claims_can_be_made_wrong_or_left_out(sso: Visitor) -> None:
    sso.host.faults.id_token_claims = {"aud": "somebody-else", "nonce": None}
    claims = _claims(sso, nonce="a-nonce")
    assert claims["aud"] == "somebody-else"
    assert "nonce" not in claims


def test_a_new_key_does_not_verify_older_tokens(sso: Visitor) -> None:
    token = _id_token(sso)
    sso.host.signing_key = new_key()
    (newer,) = _keys(sso).keys
    with pytest.raises(BadSignatureError):
        jwt.decode(token, newer, algorithms=["RS256"])


def test_the_key_set_shows_no_private_part(sso: Visitor) -> None:
    (key,) = sso.get("/jwks").json["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use"}


def test_userinfo_needs_a_living_token(sso: Visitor, world: World) -> None:
    sso.link("grace")
    answer = sso.get("/userinfo")
    assert answer.json["sub"] == subject_of(sso.host.accounts["grace"])
    world.advance(3600)
    expired = sso.get("/userinfo")
    assert expired.status == 401
    assert expired.headers["www-authenticate"].startswith("Bearer")
    sso.link("grace")
    sso.host.set_account_state("grace", "deactivated")
    assert sso.get("/userinfo").status == 401


def test_the_provider_can_be_too_busy(sso: Visitor) -> None:
    sso.host.faults.rate_limit = RateLimit(retry_after_seconds=2)
    answer = sso.get("/userinfo")
    assert (answer.status, answer.headers["retry-after"]) == (429, "2")
    sso.host.faults.rate_limit = RateLimit(retry_after_seconds=None)
    assert "retry-after" not in sso.get("/userinfo").headers
