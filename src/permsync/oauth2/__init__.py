"""
OAuth 2.0 as request builders and answer parsers, shared by every host and by sign-in.

Decided here: what RFC 6749 (the framework), RFC 7636 (PKCE), RFC 7009 (revocation) and
RFC 9207 (issuer in the callback) put on the wire, and what an answer of a token endpoint
means. A host that has words of its own passes them as a table (:class:`Word`). This module
must not know any host, any transport, the clock or a source of chance.
"""

import base64
import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qsl, quote_plus, urlencode

import msgspec

from permsync.codehost import (
    Request,
    Response,
    TokenAnswer,
    TokenGrant,
    TokenRefusal,
    TokenRefusalKind,
)
from permsync.codehost.answers import is_success, retry_in, said
from permsync.codehost.scopes import parse_scopes

# A lifetime beyond this says "never" and would overflow an instant.
_LONGEST_LIFE_SECONDS = 10 * 365 * 86_400
_CALLBACK_FIELD_LENGTH = 2_048
# The refusals that can be meant for us; 408 says that nobody read the request.
_REFUSALS = frozenset(range(400, 500)) - {HTTPStatus.REQUEST_TIMEOUT}


@dataclass(frozen=True, slots=True)
class Client:
    """
    Our registration at one authorization server.

    ``basic`` puts the credentials into an ``Authorization`` header, as RFC 6749 2.3.1
    prefers; otherwise they go into the body. The style is pinned per host: probing would
    look like an attack and spends a refresh token.
    """

    client_id: str
    client_secret: str = field(repr=False)
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """
    One row of a host's table of refusals; the first row that fits decides.

    ``error`` is the code, empty for any; ``says`` is a lower-case piece of the body.
    """

    error: str
    kind: TokenRefusalKind
    says: str = ""


# RFC 6749 5.2. Everything but invalid_grant blames the request or the registration, so it
# must not look like a revocation of every account at once.
_WORDS = (
    Word("invalid_grant", TokenRefusalKind.REJECTED),
    Word("invalid_client", TokenRefusalKind.CLIENT_ERROR),
    Word("unauthorized_client", TokenRefusalKind.CLIENT_ERROR),
    Word("invalid_request", TokenRefusalKind.CLIENT_ERROR),
    Word("unsupported_grant_type", TokenRefusalKind.CLIENT_ERROR),
    Word("invalid_scope", TokenRefusalKind.CLIENT_ERROR),
    Word("server_error", TokenRefusalKind.UNAVAILABLE),
    Word("temporarily_unavailable", TokenRefusalKind.UNAVAILABLE),
)


class CallbackError(StrEnum):
    """Why a callback holds no code: RFC 6749 4.1.2.1, then our own findings."""

    ACCESS_DENIED = "access_denied"
    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    OTHER = "other"
    MALFORMED = "malformed"
    WRONG_STATE = "wrong_state"
    WRONG_ISSUER = "wrong_issuer"


@dataclass(frozen=True, slots=True)
class CallbackCode:
    """A callback that brings an authorization code for the attempt named by ``state``."""

    state: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallbackRefusal:
    """A callback that brings none. ``state`` is empty where it cannot be trusted."""

    error: CallbackError
    state: str = field(default="", repr=False)


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def authorize_url(
    endpoint: str,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    scopes: Iterable[str] = (),
    code_challenge: str | None = None,
    nonce: str | None = None,
) -> str:
    """Where a person consents (RFC 6749 4.1.1, RFC 7636 4.3); empty fields are left out."""
    fields = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge,
        "code_challenge_method": "S256" if code_challenge else None,
    }
    query = urlencode({name: value for name, value in fields.items() if value})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"


def code_request(
    endpoint: str, client: Client, *, code: str, redirect_uri: str, code_verifier: str | None
) -> Request:
    """Exchange an authorization code (RFC 6749 4.1.3, RFC 7636 4.5)."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if code_verifier is not None:
        fields["code_verifier"] = code_verifier
    return form_request(endpoint, client, fields)


def refresh_request(
    endpoint: str, client: Client, *, refresh_token: str, redirect_uri: str | None = None
) -> Request:
    """Exchange a refresh token (RFC 6749 6); some hosts demand the link's redirect address."""
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    if redirect_uri is not None:
        fields["redirect_uri"] = redirect_uri
    return form_request(endpoint, client, fields)


def form_request(endpoint: str, client: Client, fields: Mapping[str, str]) -> Request:
    """A form POST that authenticates the client (RFC 6749 2.3.1; RFC 7009 for revocation)."""
    headers = {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
    }
    if client.basic:
        headers["authorization"] = basic_authorization(client)
    else:
        own = {"client_id": client.client_id, "client_secret": client.client_secret}
        fields = {**fields, **own}
    return Request("POST", endpoint, headers, urlencode(fields).encode("ascii"))


def basic_authorization(client: Client) -> str:
    """The ``Authorization`` value of a client; both parts are form-encoded first (2.3.1)."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"


def parse_token(response: Response, *, words: Iterable[Word] = ()) -> TokenAnswer:
    """
    Read the answer of a token endpoint (RFC 6749 5.1 and 5.2), whatever it is.

    The body decides before the status, because some hosts refuse with 200 and others with
    401. A redirect, an outage and a refusal in no known words condemn nobody.
    """
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _refuse(TokenRefusalKind.RATE_LIMITED, response)
    succeeded = is_success(response)
    if not succeeded and response.status not in _REFUSALS:
        return _refuse(TokenRefusalKind.UNAVAILABLE, response)
    try:
        body = msgspec.json.decode(response.body)
    except (ValueError, RecursionError):
        body = None
    fields = body if isinstance(body, dict) else {}
    if succeeded and (access_token := parse_credential(fields.get("access_token"))):
        return _parse_grant(access_token, fields)
    unknown = TokenRefusalKind.UNUSABLE if succeeded else TokenRefusalKind.UNAVAILABLE
    meaning = _parse_meaning((*words, *_WORDS), fields, response)
    return _refuse(meaning or unknown, response, _spoken(fields))


def _parse_meaning(
    words: Iterable[Word], fields: Mapping[str, object], response: Response
) -> TokenRefusalKind | None:
    """The first row that fits a JSON object; a page that merely has the words fits none."""
    text, error = said(response).lower(), fields.get("error")
    fitting = (word for word in words if word.error in ("", error) and word.says in text)
    return next((word.kind for word in fitting if fields), None)


def _refuse(kind: TokenRefusalKind, response: Response, spoken: str = "") -> TokenRefusal:
    """Quote the host, but never the body of a success: it may hold tokens."""
    if not spoken and is_success(response):
        spoken = f"{response.media_type} of {len(response.body)} bytes"
    return TokenRefusal(kind, spoken or said(response), retry_in(response))


def _spoken(fields: Mapping[str, object]) -> str:
    """The host's own words of refusal (RFC 6749 5.2)."""
    words = (fields.get(name) for name in ("error", "error_description"))
    return ": ".join(word for word in words if isinstance(word, str))


def _parse_grant(access_token: str, fields: Mapping[str, object]) -> TokenGrant:
    """Odd fields beside a usable token count as absent: a granted token is never dropped."""
    id_token = fields.get("id_token")
    return TokenGrant(
        access_token=access_token,
        refresh_token=parse_credential(fields.get("refresh_token")),
        expires_in=_parse_life(fields.get("expires_in")),
        refresh_expires_in=_parse_life(fields.get("refresh_token_expires_in")),
        scopes=parse_scopes(fields.get("scope", fields.get("scopes"))),
        id_token=id_token if isinstance(id_token, str) else None,
    )


def parse_credential(value: object) -> str | None:
    """A token of visible ASCII (RFC 6749 appendix A); anything else cannot be sent at all."""
    if isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value:
        return value or None
    return None


def _parse_life(value: object) -> timedelta | None:
    """A lifetime in seconds, also where a host writes it as text; ``None`` where it is odd."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    if math.isfinite(seconds) and 0 < seconds <= _LONGEST_LIFE_SECONDS:
        return timedelta(seconds=seconds)
    return None


def parse_callback(
    query: str, *, state: str | None = None, issuer: str | None = None
) -> CallbackCode | CallbackRefusal:
    """
    Read the query of a callback (RFC 6749 4.1.2), which any stranger may have written.

    ``state`` is what the browser must bring back, where the caller knows it already;
    ``issuer`` is what ``iss`` must be, where the server sends it (RFC 9207 2.4). An error
    code outside the closed set becomes ``OTHER``: the host's words stay here.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    fields = dict(pairs)
    names = [name for name, _ in pairs if name in ("state", "code", "error", "iss")]
    too_long = any(len(value) > _CALLBACK_FIELD_LENGTH for value in fields.values())
    came = fields.get("state", "")
    if too_long or len(names) != len(set(names)) or not came:
        return CallbackRefusal(CallbackError.MALFORMED)
    if state is not None and not hmac.compare_digest(state.encode(), came.encode()):
        return CallbackRefusal(CallbackError.WRONG_STATE)
    if issuer is not None and fields.get("iss") != issuer:
        return CallbackRefusal(CallbackError.WRONG_ISSUER, came)
    if "error" in fields:
        return CallbackRefusal(_ERRORS.get(fields["error"], CallbackError.OTHER), came)
    if not fields.get("code"):
        return CallbackRefusal(CallbackError.MALFORMED, came)
    return CallbackCode(came, fields["code"])


_OURS = {CallbackError.MALFORMED, CallbackError.WRONG_STATE, CallbackError.WRONG_ISSUER}
_ERRORS = {error.value: error for error in CallbackError if error not in _OURS}
