"""
An app's key signs what is stated, and shows itself to nobody.

Covers ``permsync.vault.app_key``; keys are made for the test.
"""

import base64
import json
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import RSAKey

from permsync.vault.app_key import AppKey

STATEMENT: dict[str, str | int] = {"iss": "Iv23li", "iat": 1_000, "exp": 1_600}
PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
# GitHub gives the older form; OpenSSL 3 writes the newer one.
FORMATS = {
    "PKCS#1": serialization.PrivateFormat.TraditionalOpenSSL,
    "PKCS#8": serialization.PrivateFormat.PKCS8,
}


@cache
def _key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, bits)


def _pem(written: serialization.PrivateFormat) -> str:
    return _key().private_bytes(PEM, written, PLAIN).decode()


@pytest.mark.parametrize("written", FORMATS)
def test_a_statement_is_signed_so_that_the_public_key_proves_it(written: str) -> None:
    signed = AppKey(_pem(FORMATS[written])).sign(STATEMENT)
    public = RSAKey.import_key(_key().public_key())
    assert json.loads(jws.deserialize_compact(signed, public, ["RS256"]).payload) == STATEMENT
    head = signed.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    assert header == {"alg": "RS256", "typ": "JWT"}


def test_a_key_does_not_show_itself() -> None:
    key = AppKey(_pem(FORMATS["PKCS#8"]))
    assert repr(key) == "AppKey()"


def _refused() -> dict[str, str]:
    locked = serialization.BestAvailableEncryption(b"passphrase")
    curve = ec.generate_private_key(ec.SECP256R1())
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "with a passphrase": _key().private_bytes(PEM, FORMATS["PKCS#8"], locked).decode(),
        "of another kind": curve.private_bytes(PEM, FORMATS["PKCS#8"], PLAIN).decode(),
        "that is short": _key(1024).private_bytes(PEM, FORMATS["PKCS#8"], PLAIN).decode(),
        "that is public": _key().public_key().public_bytes(PEM, public).decode(),
        "that was cut": _pem(FORMATS["PKCS#1"])[:300],
        "that is a word": "hush",
    }


@pytest.mark.parametrize("fault", _refused())
def test_a_key_that_cannot_sign_is_refused_and_not_quoted(fault: str) -> None:
    text = _refused()[fault]
    with pytest.raises(ValueError, match=r"^use ") as refused:
        AppKey(text)
    assert not any(line in str(refused.value) for line in text.splitlines())
    assert refused.value.__cause__ is None
