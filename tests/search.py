"""
The search for secrets in whatever left the service, in every form that a secret may take.

What is decided here: the forms. A secret is looked for as it is, in hexadecimal digits, in
both alphabets of base64 at each of its three offsets, and as it stands in a URL, a JSON text
or a Python literal. This module must not know where it is looked for.
"""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

SHORTEST = 8


def _base64(encode: Callable[[bytes], bytes]) -> Callable[[bytes], Iterator[str]]:
    """What of the secret shows, whatever stands before and after it in the encoded bytes."""

    def forms(secret: bytes) -> Iterator[str]:
        for before in range(3):
            encoded = encode(b"\0" * before + secret)
            first = (before * 8 + 5) // 6
            last = (before + len(secret)) * 8 // 6
            yield encoded[first:last].decode()

    return forms


FORMS: dict[str, Callable[[bytes], Iterable[str]]] = {
    "as it is": lambda secret: [secret.decode("latin-1")],
    "in hexadecimal digits": lambda secret: [secret.hex(), secret.hex().upper()],
    "in base64": _base64(base64.b64encode),
    "in base64 for URLs": _base64(base64.urlsafe_b64encode),
    "in a URL": lambda secret: [quote(secret, safe=""), quote(quote(secret, safe=""), safe="")],
    "in JSON": lambda secret: [json.dumps(secret.decode("latin-1"))[1:-1]],
    "in Python": lambda secret: [repr(secret)[2:-1]],
}


def forms_of(secret: str | bytes) -> set[str]:
    """Every text under which the secret may stand somewhere."""
    plain = secret.encode() if isinstance(secret, str) else secret
    assert len(plain) >= SHORTEST, "a secret so short is found everywhere"
    return {form for forms in FORMS.values() for form in forms(plain)}


def found_in(text: str, secrets: Iterable[str | bytes]) -> list[str | bytes]:
    """Those of the secrets that stand in the text, in any form."""
    return [secret for secret in secrets if any(form in text for form in forms_of(secret))]
