"""
The only place that sees sealing keys: it seals tokens, opens them and digests them.

What is decided here: AES-256-GCM, what a sealed value is bound to, how a key is named,
and which error says what. A value opens only where it was sealed: its account, link,
field and version are authenticated with it, so that a row copied over another one does
not open. There is no way to get a stored text back unopened (REFRESH 1, last fault but
one). This module must not know where keys come from or where sealed values lie.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from permsync.errors import SealedValueError, SealingKeyError
from permsync.model import Sealed

KEY_BYTES = 32
# Random nonces of 96 bits: NIST SP 800-38D 8.3 allows 2**32 values per key, which is
# a token refreshed every hour by a million accounts for half a year. Rotate keys yearly.
NONCE_BYTES = 12
FORMAT = b"\x01"
LABEL = b"permsync sealed value"


@dataclass(frozen=True, slots=True)
class Binding:
    """
    Where a sealed value belongs: it opens there and nowhere else.

    ``subject`` is what the row is (``account``, ``refresh_attempt``), ``id`` which one,
    ``field`` the column, ``version`` the token version that the value was sealed for.
    """

    subject: str
    id: int
    link_id: str
    field: str
    version: int


class Vault:
    """
    Seals with the first of its keys and opens with any of them.

    ``keys`` are 32 bytes each, the primary one first; older ones stay until every value
    was sealed anew. Raises ``SealingKeyError`` where a key is not usable.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise SealingKeyError(place="sealing_keys", cure="name one key; permsync init makes it")
        self._ciphers: dict[str, AESGCM] = {}
        self._digest_keys: list[bytes] = []
        for number, key in enumerate(keys, 1):
            if len(key) != KEY_BYTES:
                raise SealingKeyError(
                    place=f"key {number} of sealing_keys",
                    cure=f"use {KEY_BYTES} random bytes, not {len(key)}; permsync init makes them",
                )
            self._ciphers[_key_id(key)] = AESGCM(key)
            self._digest_keys.append(_digest_key(key))

    def __repr__(self) -> str:
        return f"Vault(key_ids={self.key_ids!r})"

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the configured keys, the primary one first. They tell nothing of a key."""
        return tuple(self._ciphers)

    @property
    def primary_key_id(self) -> str:
        """The id of the key that seals."""
        return self.key_ids[0]

    def seal(self, text: str, *, binding: Binding) -> Sealed:
        """Seal ``text`` for one place with the primary key."""
        key_id = self.primary_key_id
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[key_id].encrypt(nonce, text.encode(), _bound(key_id, binding))
        return Sealed(key_id=key_id, ciphertext=FORMAT + nonce + sealed)

    def open(self, sealed: Sealed, *, binding: Binding) -> str:
        """
        Give the text that was sealed for this place.

        Raises ``SealingKeyError`` where the key is not configured, which is the operator's
        to mend, and ``SealedValueError`` where the value was changed, cut or moved.
        """
        cipher = self._ciphers.get(sealed.key_id)
        place = f"{binding.field} of {binding.subject} {binding.id}"
        if cipher is None:
            raise SealingKeyError(
                place=place,
                cure=f"it needs the sealing key {sealed.key_id!r}, but sealing_keys holds"
                f" {', '.join(self.key_ids)}: add the missing key after the first one",
            )
        ciphertext = sealed.ciphertext
        if not ciphertext.startswith(FORMAT):
            raise SealedValueError(place)
        nonce, rest = ciphertext[1 : 1 + NONCE_BYTES], ciphertext[1 + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, _bound(sealed.key_id, binding)).decode()
        except (InvalidTag, ValueError):  # ValueError: cut so short that no nonce is left
            raise SealedValueError(place) from None

    def digest(self, token: str) -> bytes:
        """
        A keyed digest of ``token`` under the primary key, to recognise it without storing it.

        It is no password hash: tokens carry their own randomness.
        """
        return hmac.digest(self._digest_keys[0], token.encode(), hashlib.sha256)

    def is_digest_of(self, token: str, *, digest: bytes) -> bool:
        """Whether ``digest`` was made from ``token``, under the present or an older key."""
        candidates = [hmac.digest(key, token.encode(), hashlib.sha256) for key in self._digest_keys]
        return any(hmac.compare_digest(candidate, digest) for candidate in candidates)


def new_sealing_key() -> str:
    """A new key as the settings hold it: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key_id(key: bytes) -> str:
    """A key names itself, so that another key can never answer to its name."""
    return hmac.digest(key, b"permsync sealing key id", hashlib.sha256)[:8].hex()


def _digest_key(key: bytes) -> bytes:
    """A subkey, so that one key never serves two algorithms (RFC 5869)."""
    derivation = HKDF(hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"permsync token digest")
    return derivation.derive(key)


def _bound(key_id: str, binding: Binding) -> bytes:
    """
    The associated data: every part with its length before it.

    Without lengths, ``("ab", "c")`` and ``("a", "bc")`` would be one place.
    """
    parts = (
        key_id,
        binding.subject,
        str(binding.id),
        binding.link_id,
        binding.field,
        str(binding.version),
    )
    encoded = [part.encode() for part in parts]
    return LABEL + FORMAT + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
