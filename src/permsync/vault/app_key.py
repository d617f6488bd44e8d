"""
The private key of an app: it signs statements, and there is no way to get it back.

It lies in the vault because the vault is where keys are used and nothing is sent, stored or
logged: whoever sends a statement never sees what signed it. What is decided here: RS256, and
which keys are refused. This module must not know what is stated, or where a key comes from.
"""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.jwk import RSAKey

ALGORITHM = "RS256"
LEAST_BITS = 2048  # RFC 7518 3.3


class AppKey:
    """
    Reads a PEM text once and signs with it from then on.

    Raises ``ValueError``, whose text is the cure, where it is no RSA key fit to sign.
    """

    def __init__(self, pem: str) -> None:
        try:
            key = load_pem_private_key(pem.encode(), password=None)
        except TypeError:
            raise ValueError("use the key without a passphrase; keep the file private") from None
        except Exception:  # noqa: BLE001 - whatever the parser says may quote the key
            raise ValueError("use the private key as the host gave it (PEM)") from None
        if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
            raise ValueError(f"use an RSA key of {LEAST_BITS} bits or more, as hosts make them")
        self._key = RSAKey.import_key(key)

    def __repr__(self) -> str:
        return "AppKey()"

    def sign(self, statement: Mapping[str, str | int]) -> str:
        """The statement as a JSON Web Token in its compact form (RFC 7515 3.1)."""
        return jwt.encode({"alg": ALGORITHM}, {**statement}, self._key)
