"""
An OpenID provider: discovery, consent, id tokens signed with RS256, its key set, userinfo.

PKCE is required and the callback carries `iss` (RFC 9207), both switchable in `Policy`. Sources:
OpenID Connect Core 1.0 sections 2, 3.1 and 5.3, OpenID Connect Discovery 1.0 section 4.
"""

from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.responses import Response
from starlette.routing import Route

from permsync.simulator import oauth
from permsync.simulator.consent import consent_routes
from permsync.simulator.dialect import Dialect
from permsync.simulator.exchange import Exchange, Reason, Standing, json_answer
from permsync.simulator.faults import RateLimit
from permsync.simulator.host import Host
from permsync.simulator.repositories import Account, AccountState
from permsync.simulator.signing import usual_key
from permsync.simulator.tokens import Client, Pair

ID_TOKEN_SECONDS = 300
SCOPES = ["openid", "profile", "email", "offline_access"]


def discovery(exchange: Exchange) -> Response:
    """GET /.well-known/openid-configuration."""
    base = exchange.base
    return json_answer(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/jwks",
            "userinfo_endpoint": f"{base}/userinfo",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": SCOPES,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": exchange.host.policy.sends_iss,
        }
    )


def token(exchange: Exchange) -> Response:
    """POST /token; the answer carries an id token when scope `openid` was granted."""
    client = oauth.client_by_either(exchange)
    pair = oauth.redeem(exchange, client)
    body = oauth.token_body(exchange, pair) | {"scope": " ".join(pair.scopes)}
    if "openid" in pair.scopes:
        subject = subject_of(exchange.host.accounts[pair.person])
        body["id_token"] = id_token(exchange, client, pair, subject=subject)
    return json_answer(body, headers={"Cache-Control": "no-store"})


def jwks(exchange: Exchange) -> Response:
    """GET /jwks: the public half of the one signing key."""
    return json_answer({"keys": [_key(exchange.host).as_dict(private=False, use="sig")]})


def userinfo(exchange: Exchange) -> Response:
    """GET /userinfo."""
    account = exchange.me()
    return json_answer({"sub": subject_of(account)} | _profile(account))


def subject_of(account: Account) -> str:
    """The `sub` of a person: the account's uuid without braces."""
    return account.uuid.strip("{}")


def refuse(exchange: Exchange, reason: Reason) -> Response:
    """OAuth's error fields (RFC 6749 section 5.2)."""
    code, status = "invalid_grant", 400
    if reason is Reason.WRONG_CLIENT:
        code, status = "invalid_client", 401
    elif reason is Reason.UNKNOWN_GRANT:
        code = "unsupported_grant_type"
    body = {"error": code, "error_description": exchange.words("The request is refused.")}
    return json_answer(body, status=status)


def unauthorized(exchange: Exchange, _standing: Standing) -> Response:
    """Status 401 as RFC 6750 section 3 words it."""
    response = error(exchange, 401, exchange.words("The access token is not good."))
    response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response


def blocked(exchange: Exchange, _state: AccountState) -> Response:
    """An inactive person's tokens are not accepted."""
    return unauthorized(exchange, Standing.REVOKED)


def rate_limited(exchange: Exchange, limit: RateLimit) -> Response:
    """The limit's status, with Retry-After where it is known."""
    response = error(exchange, limit.status, exchange.words("Too many requests."))
    if limit.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(limit.retry_after_seconds)
    return response


def error(_exchange: Exchange, status: int, text: str) -> Response:
    """An error object as OAuth words it."""
    return json_answer({"error": "invalid_request", "error_description": text}, status=status)


def _key(host: Host) -> RSAKey:
    """The signing key, chosen at its first use and kept with the world."""
    if host.signing_key is None:
        host.signing_key = usual_key()
    return RSAKey.import_key(host.signing_key)


def _profile(account: Account) -> dict[str, Any]:
    return {
        "name": account.full_name,
        "preferred_username": account.login,
        "email": account.email,
        "email_verified": True,
    }


def id_token(exchange: Exchange, client: Client, pair: Pair, *, subject: str) -> str:
    """Who `subject` is and for whom, signed with the host's key (OpenID Connect Core 2)."""
    account = exchange.host.accounts[pair.person]
    code = exchange.host.tokens.codes.get(exchange.sent("code"))
    now = int(exchange.world.now())
    claims: dict[str, Any] = {
        "iss": exchange.base,
        "sub": subject,
        "aud": client.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
    } | _profile(account)
    if code is not None and code.pending.nonce is not None:
        claims["nonce"] = code.pending.nonce
    for name, value in exchange.host.faults.id_token_claims.items():
        claims[name] = value
        if value is None:
            del claims[name]
    key = _key(exchange.host)
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


DIALECT = Dialect(
    routes=(
        Route("/.well-known/openid-configuration", discovery),
        *consent_routes("/authorize"),
        Route("/token", token, methods=["POST"]),
        Route("/jwks", jwks),
        Route("/userinfo", userinfo),
    ),
    authorize_path="/authorize",
    token_path="/token",  # noqa: S106
    who_path="/userinfo",
    api_prefix="/",
    refuse=refuse,
    unauthorized=unauthorized,
    blocked=blocked,
    rate_limited=rate_limited,
    error=error,
)
