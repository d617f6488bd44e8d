"""
What a single value may be: a secret, a list of words, a set of sealing keys.

Texts come from TOML and from variables, where everything is text. A refusal is a
``ValueError`` whose text is the cure; it never quotes the value, which may be a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretBytes, SecretStr

from permsync.config.addresses import parse_database_url, parse_issuer, parse_proxy_url

KEY_BYTES = 32
LEAST_SECRET = 16
SIGNING_KEY = "whsec_"  # as GitLab writes the key of a signature


def _listed(value: object) -> object:
    """A variable of the environment holds a list as words between commas or spaces."""
    return _words(value) if isinstance(value, str) else value


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text) if word]


def _sealing_keys(value: object) -> object:
    """Base64 texts, one a line in a file; what follows a ``#`` is a remark."""
    if isinstance(value, str):
        value = _words(" ".join(line.partition("#")[0] for line in value.splitlines()))
    if not isinstance(value, list) or not value:
        raise ValueError("write a list of keys; permsync init makes one")
    return tuple(_sealing_key(key, number=number) for number, key in enumerate(value, 1))


def _sealing_key(text: object, *, number: int) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"key {number} is not {KEY_BYTES} bytes in base64 (44 characters);"
            " permsync init makes such keys"
        )
    return key


def _webhook_secrets(value: object) -> object:
    """Texts, one a line in a file or a variable; a blank inside is a part of a secret."""
    if isinstance(value, str):
        value = [line.strip() for line in value.splitlines() if line.strip()]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("write a list of secrets")
    if not value:
        raise ValueError("it is empty; leave it out where the host sends no webhooks")
    for number, secret in enumerate(value, 1):
        _check_webhook_secret(secret, number=number)
    return tuple(value)


def _check_webhook_secret(secret: str, *, number: int) -> None:
    if len(secret) < LEAST_SECRET:
        raise ValueError(
            f"secret {number} is short enough to be guessed; use {LEAST_SECRET} characters or more"
        )
    if secret.startswith(SIGNING_KEY) and not _is_base64(secret.removeprefix(SIGNING_KEY)):
        raise ValueError(f"secret {number} begins like a signing key and is none; copy all of it")


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError):
        return False


def _numbered(value: object) -> object:
    """An id that is a number may be written as one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _trimmed(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _inside(parse: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    """``parse`` for a text that no representation shows."""
    return lambda secret: SecretStr(parse(secret.get_secret_value().strip()))


Name = Annotated[str, Field(min_length=1)]
AppId = Annotated[Name, BeforeValidator(_numbered)]
Words = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Issuer = Annotated[str, AfterValidator(parse_issuer)]
Secret = Annotated[SecretStr, AfterValidator(_inside(_trimmed))]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_inside(parse_database_url))]
ProxyUrl = Annotated[SecretStr, AfterValidator(_inside(parse_proxy_url))]
SealingKeys = Annotated[tuple[SecretBytes, ...], BeforeValidator(_sealing_keys)]
WebhookSecrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_webhook_secrets)]
