"""Id tokens that are not believed: every check fails by itself."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey

from permsync.errors import SignInRefusedError
from permsync.oauth2.openid import SignInRefusal
from tests.oauth2.id_tokens import (
    AT,
    CLAIMS,
    CLIENT,
    ISSUER,
    believe,
    public,
    rsa,
    signed,
)


def _refusal(id_token: str, **changes: Any) -> str:
    with pytest.raises(SignInRefusedError) as refused:
        believe(id_token, **changes)
    return refused.value.reason


# Id tokens that are not


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        # By their number in OpenID Connect Core 3.1.3.7.
        ({"iss": f"{ISSUER}/"}, SignInRefusal.ISSUER),  # 2
        ({"aud": "other"}, SignInRefusal.AUDIENCE),  # 3
        ({"aud": []}, SignInRefusal.AUDIENCE),
        ({"aud": [CLIENT, "other"]}, SignInRefusal.AUDIENCE),  # 4
        ({"aud": [CLIENT, "other"], "azp": "other"}, SignInRefusal.AUDIENCE),
        ({"azp": "other"}, SignInRefusal.AUDIENCE),  # 5
        ({"exp": AT - 60}, SignInRefusal.EXPIRED),  # 9
        ({"exp": 0}, SignInRefusal.EXPIRED),
        ({"iat": AT + 61}, SignInRefusal.NOT_YET_VALID),  # 10
        ({"nbf": AT + 61}, SignInRefusal.NOT_YET_VALID),
        ({"nonce": "other"}, SignInRefusal.NONCE),  # 11
        ({"nonce": None}, SignInRefusal.NONCE),
        # Missing or of a wrong kind.
        ({"sub": ""}, SignInRefusal.MALFORMED),
        ({"sub": 7}, SignInRefusal.MALFORMED),
        ({"sub": "a\x00"}, SignInRefusal.MALFORMED),
        ({"sub": "s" * 256}, SignInRefusal.MALFORMED),
        ({"exp": None}, SignInRefusal.MALFORMED),
        ({"exp": True}, SignInRefusal.MALFORMED),
        ({"exp": "tomorrow"}, SignInRefusal.MALFORMED),
        ({"exp": float("nan")}, SignInRefusal.MALFORMED),
        ({"iat": None}, SignInRefusal.MALFORMED),
        ({"aud": None}, SignInRefusal.MALFORMED),
        ({"aud": {CLIENT: 1}}, SignInRefusal.MALFORMED),
    ],
)
def test_a_signed_token_is_refused_for_its_claims(
    changes: Mapping[str, Any], refusal: SignInRefusal
) -> None:
    assert _refusal(signed({**CLAIMS, **changes})) == refusal


def test_the_leeway_is_the_callers() -> None:
    late = signed({**CLAIMS, "exp": AT - 59})
    assert _refusal(late, leeway=timedelta()) == SignInRefusal.EXPIRED


def test_a_changed_token_is_refused() -> None:
    head, _, signature = signed().split(".")
    _, body, _ = signed({**CLAIMS, "sub": "somebody-else"}).split(".")
    assert _refusal(f"{head}.{body}.{signature}") == SignInRefusal.SIGNATURE


def test_a_token_of_another_key_of_the_same_name_is_refused() -> None:
    assert _refusal(signed(key=RSAKey.generate_key(2048))) == SignInRefusal.SIGNATURE


def test_a_key_that_was_replaced_is_told_apart() -> None:
    """The caller fetches the keys anew, once."""
    assert _refusal(signed(kid="rsa-2")) == SignInRefusal.KEY_UNKNOWN
    assert _refusal(signed(), keys=()) == SignInRefusal.KEY_UNKNOWN


@pytest.mark.parametrize(
    "changes", [{"use": "enc"}, {"alg": "RS384"}, {"kty": "oct"}, {"kid": None}]
)
def test_a_key_for_something_else_is_not_used(changes: Mapping[str, object]) -> None:
    keys = (public(rsa(), **changes),)
    assert _refusal(signed(), keys=keys) == SignInRefusal.KEY_UNKNOWN


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_does_not_choose_how_it_is_checked() -> None:
    """`none`, and a public key used as a shared secret (RFC 8725 2.1)."""
    unsigned = f"{_encoded({'alg': 'none'})}.{_encoded(dict(CLAIMS))}."
    assert _refusal(unsigned) == SignInRefusal.ALGORITHM
    parts = f"{_encoded({'alg': 'HS256', 'kid': 'rsa-1'})}.{_encoded(dict(CLAIMS))}"
    mac = hmac.digest(rsa().as_pem(private=False), parts.encode(), "sha256")
    confused = f"{parts}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert _refusal(confused) == SignInRefusal.ALGORITHM


def test_a_critical_extension_that_we_do_not_know_is_refused() -> None:
    """RFC 7515 4.1.11."""
    head = _encoded({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": False})
    assert _refusal(f"{head}.{_encoded(dict(CLAIMS))}.AAAA") == SignInRefusal.SIGNATURE


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 50_000, b"7"])
def test_a_signed_body_that_is_no_claims_is_malformed(body: bytes) -> None:
    signed = jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, body, rsa(), ["RS256"])
    assert _refusal(signed) == SignInRefusal.MALFORMED


@pytest.mark.parametrize(
    "noise",
    ["", ".", "a.b", "....", "\N{SNOWMAN}.a.b", f"{_encoded([])}.a.b", f"{_encoded({})}.a.b"],
)
def test_noise_is_malformed(noise: str) -> None:
    assert _refusal(noise) == SignInRefusal.MALFORMED


@given(st.text() | st.binary().map(lambda noise: _encoded({"alg": "RS256"}) + repr(noise)))
def test_no_text_makes_the_parser_fail_in_another_way(noise: str) -> None:
    assert _refusal(noise) in set(SignInRefusal)
    assert _refusal(f"{_encoded({'alg': 'RS256'})}.{noise}") in set(SignInRefusal)
