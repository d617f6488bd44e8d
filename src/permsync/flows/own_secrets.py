"""
The secrets that we give out ourselves: made by chance, stored only as hashes.

They have 256 bits of chance, so a plain SHA-256 is enough: there is nothing to guess that
a slow hash would protect. This module must not know who holds one.
"""

import base64
import hashlib


def hash_of(secret: str) -> bytes:
    """What is stored of a secret of ours."""
    return hashlib.sha256(secret.encode()).digest()


def nonce_of(code_verifier: str) -> str:
    """
    The OpenID nonce of an attempt, derived from its sealed verifier.

    So a nonce needs no column of its own, and who reads the database cannot forge one.
    """
    digest = hashlib.sha256(b"nonce " + code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
