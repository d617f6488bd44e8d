"""
OpenID Connect sign-in: where a provider is, and whose name an id token proves.

Decided here: discovery (OpenID Connect Discovery 1.0, RFC 8414), the authorization
request, and the checks of an id token (OpenID Connect Core 3.1.3.7) in their order. The
accepted algorithms are a list: a token never chooses how it is checked, and a shared
secret never checks it. This module must not know the clock, any transport or who is let in.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from permsync import oauth2
from permsync.codehost import Failure, FailureKind, Request, Response
from permsync.codehost.addresses import url_under
from permsync.codehost.answers import parse_body
from permsync.errors import SignInRefusedError

# Algorithm -> key type. Asymmetric ones only: with HS256 anybody who knows the client
# secret could sign, and `none` needs no key at all.
_KEY_TYPES = {
    "RS256": "RSA",
    "RS384": "RSA",
    "RS512": "RSA",
    "PS256": "RSA",
    "PS384": "RSA",
    "PS512": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "ES512": "EC",
}
ALGORITHMS = frozenset(_KEY_TYPES)
LEEWAY = timedelta(seconds=60)

_JSON = {"accept": "application/json"}

_Seconds = int | float
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[^\x00]+\Z")]


class SignInRefusal(StrEnum):
    """Why an id token was not believed; the reasons of :class:`SignInRefusedError`."""

    MALFORMED = "id_token_malformed"
    ALGORITHM = "id_token_algorithm"
    KEY_UNKNOWN = "id_token_key_unknown"
    SIGNATURE = "id_token_signature"
    ISSUER = "id_token_issuer"
    AUDIENCE = "id_token_audience"
    EXPIRED = "id_token_expired"
    NOT_YET_VALID = "id_token_not_yet_valid"
    NONCE = "id_token_nonce"


@dataclass(frozen=True, slots=True)
class Provider:
    """
    What discovery said of one provider.

    ``basic`` is the client-authentication style it accepts (:class:`oauth2.Client`);
    ``sends_issuer`` says that its callbacks carry ``iss`` (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    basic: bool = True
    sends_issuer: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """
    Who signed in. ``issuer`` and ``subject`` are the identity; the rest is for show.

    ``email`` is what the provider says, verified or not: it must never be matched.
    ``claims`` holds everything signed, for an operator's rule on a claim.
    """

    issuer: str
    subject: str
    name: str | None = None
    email: str | None = None
    claims: Mapping[str, object] = field(default_factory=dict, repr=False)


class _Metadata(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    # The specification's default where the field is absent (Discovery 3).
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct):
    keys: tuple[dict[str, Any], ...]


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None


class _Payload(msgspec.Struct):
    iss: str
    sub: _Name
    aud: str | tuple[str, ...]
    exp: _Seconds
    iat: _Seconds
    nbf: _Seconds | None = None
    azp: str | None = None
    nonce: str | None = None


_METADATA = msgspec.json.Decoder(_Metadata)
_KEYS = msgspec.json.Decoder(_Keys)


def discovery_request(issuer: str) -> Request:
    """Ask an issuer where its endpoints are (Discovery 4)."""
    return Request("GET", url_under(issuer, path=".well-known/openid-configuration"), _JSON)


def parse_discovery(response: Response, *, issuer: str) -> Provider | Failure:
    """
    Read a provider's metadata; its issuer must be the configured one to the letter.

    An endpoint may be unencrypted only where the issuer itself is, which is for tests.
    """
    found = parse_body(response, _METADATA)
    if isinstance(found, Failure):
        return found
    endpoints = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
    schemes = {"https", _scheme(issuer)}
    if found.issuer != issuer or not all(_scheme(url) in schemes for url in endpoints):
        return Failure(FailureKind.UNREADABLE, f"metadata of {found.issuer}")
    return Provider(
        issuer,
        *endpoints,
        basic="client_secret_post" not in found.token_endpoint_auth_methods_supported,
        sends_issuer=found.authorization_response_iss_parameter_supported,
    )


def keys_request(provider: Provider) -> Request:
    """Ask for the keys that sign the provider's id tokens."""
    return Request("GET", provider.jwks_uri, _JSON)


def parse_keys(response: Response) -> tuple[Mapping[str, Any], ...] | Failure:
    """Read a JSON Web Key set (RFC 7517 5), unjudged: a key is looked at when it is used."""
    found = parse_body(response, _KEYS)
    return found if isinstance(found, Failure) else found.keys


def authorize_url(
    provider: Provider,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    code_challenge: str,
    scopes: Iterable[str] = ("openid", "profile", "email"),
) -> str:
    """Where a person signs in (Core 3.1.2.1), with PKCE and a nonce."""
    return oauth2.authorize_url(
        provider.authorization_endpoint,
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=state,
        scopes=scopes,
        code_challenge=code_challenge,
        nonce=nonce,
    )


def parse_id_token(
    id_token: str,
    *,
    keys: Iterable[Mapping[str, Any]],
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
    leeway: timedelta = LEEWAY,
) -> Claims:
    """
    Believe an id token, or raise :class:`SignInRefusedError` with a :class:`SignInRefusal`.

    ``KEY_UNKNOWN`` may mean that the provider changed its keys: fetch them anew, once. The
    claims are looked at only after the signature holds.
    """
    body = _verify(id_token, tuple(keys))
    try:
        payload = msgspec.json.decode(body, type=_Payload)
        claims = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):
        raise SignInRefusedError(SignInRefusal.MALFORMED) from None
    refusal = _judge(
        payload, issuer=issuer, client_id=client_id, nonce=nonce, now=now, leeway=leeway
    )
    if refusal is not None:
        raise SignInRefusedError(refusal)
    name, email = (claims.get(claim) for claim in ("name", "email"))
    return Claims(
        issuer=payload.iss,
        subject=payload.sub,
        name=name if isinstance(name, str) else None,
        email=email if isinstance(email, str) else None,
        claims=claims,
    )


def _verify(id_token: str, keys: tuple[Mapping[str, Any], ...]) -> bytes:
    """The signed bytes, after a listed algorithm and a key of the provider agree on them."""
    header = _parse_header(id_token)
    if header.alg not in ALGORITHMS:
        raise SignInRefusedError(SignInRefusal.ALGORITHM)
    fitting = [key for key in keys if _fits(key, header)]
    if not fitting:
        raise SignInRefusedError(SignInRefusal.KEY_UNKNOWN)
    for key in fitting:
        try:
            public = JWKRegistry.import_key({**key})
            return jws.deserialize_compact(id_token, public, [header.alg]).payload
        except (JoseError, ValueError, TypeError):
            continue
    raise SignInRefusedError(SignInRefusal.SIGNATURE)


def _parse_header(id_token: str) -> _Header:
    head = id_token.partition(".")[0]
    try:
        text = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
        return msgspec.json.decode(text, type=_Header)
    except (ValueError, RecursionError):
        raise SignInRefusedError(SignInRefusal.MALFORMED) from None


def _fits(key: Mapping[str, Any], header: _Header) -> bool:
    """A signing key of the algorithm's type, and the named one where the token names one."""
    return (
        key.get("kty") == _KEY_TYPES[header.alg]
        and key.get("use", "sig") == "sig"
        and key.get("alg", header.alg) == header.alg
        and (header.kid is None or key.get("kid") == header.kid)
    )


def _judge(
    payload: _Payload,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    now: datetime,
    leeway: timedelta,
) -> SignInRefusal | None:
    """The first check of Core 3.1.3.7 that fails, by its number there."""
    audience = {payload.aud} if isinstance(payload.aud, str) else set(payload.aud)
    at, slack = now.timestamp(), leeway.total_seconds()
    if payload.iss != issuer:  # 2
        return SignInRefusal.ISSUER
    if client_id not in audience:  # 3
        return SignInRefusal.AUDIENCE
    # 4 and 5: meant for several, it must name us as the one who asked for it.
    if (len(audience) > 1 or payload.azp is not None) and payload.azp != client_id:
        return SignInRefusal.AUDIENCE
    if at >= payload.exp + slack:  # 9
        return SignInRefusal.EXPIRED
    if max(payload.iat, payload.nbf or payload.iat) > at + slack:  # 10
        return SignInRefusal.NOT_YET_VALID
    if payload.nonce != nonce:  # 11
        return SignInRefusal.NONCE
    return None


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""
